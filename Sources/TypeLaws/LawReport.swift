/// What came of trying one claim about one type.
package struct LawReport: Hashable, Sendable {
    /// The type and the claim.
    package let name: String
    /// Histories tried.
    package let cases: Int
    /// How many there must be, where that can be computed; a check that silently tries less does not hold.
    package let expectedCases: Int
    /// Single comparisons made on those histories.
    package let comparisons: Int
    /// The first history that breaks the claim, and how; `nil` when none does.
    package let counterexample: String?

    package var holds: Bool { counterexample == nil && cases == expectedCases }
}

extension LawReport: CustomStringConvertible {
    package var description: String {
        let verdict = holds ? "holds" : counterexample.map { "BROKEN\n\($0)" } ?? "BROKEN: \(expectedCases) expected"
        return "\(name): \(cases) histories, \(comparisons) comparisons: \(verdict)"
    }
}
