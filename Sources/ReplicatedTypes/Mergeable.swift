/// A value whose copies agree once they have taken in the same fragments: a join semilattice.
///
/// `merge` is the least upper bound. For all values a, b, c of one object, writing a ⊔ b for the merge:
///
/// - commutative: a ⊔ b = b ⊔ a
/// - associative: (a ⊔ b) ⊔ c = a ⊔ (b ⊔ c)
/// - idempotent: a ⊔ a = a
/// - mutators inflate: when a mutator turns a into a′ and returns the fragment d, then a ⊔ d = a′ and
///   a ⊔ a′ = a′
///
/// Hence fragments may arrive in any order, more than once, with gaps, alone or merged with each other.
/// `TypeLaws` tries each conforming type against these laws and against its definition over the history.
///
/// Source: Almeida, Shoker, Baquero, "Delta state replicated data types", JPDC 111, 2018, sections 2 and 4.
package protocol Mergeable: Hashable, Sendable {
    /// Takes in all that `other` holds, a full state or a fragment alike.
    mutating func merge(_ other: Self)
}

extension Mergeable {
    /// This value and `other`, merged.
    @inlinable
    package func merging(_ other: Self) -> Self {
        var result = self
        result.merge(other)
        return result
    }
}
