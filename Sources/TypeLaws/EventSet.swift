/// A set of the events of one history, by index: up to 64.
struct EventSet: Hashable, Sendable {
    var bits: UInt64 = 0

    /// The first `count` events.
    init(first count: Int) { bits = count == 64 ? .max : 1 << UInt64(count) - 1 }
    init(bits: UInt64 = 0) { self.bits = bits }

    var count: Int { bits.nonzeroBitCount }

    func contains(_ event: Int) -> Bool { bits >> UInt64(event) & 1 == 1 }
    func isSuperset(of other: EventSet) -> Bool { bits & other.bits == other.bits }
    func union(_ other: EventSet) -> EventSet { EventSet(bits: bits | other.bits) }
    func inserting(_ event: Int) -> EventSet { EventSet(bits: bits | 1 << UInt64(event)) }

    /// All subsets, the empty one first.
    var subsets: [EventSet] {
        var result = [EventSet()]
        for event in self { result += result.map { $0.inserting(event) } }
        return result
    }
}

extension EventSet: Sequence {
    /// The events from the first to the last.
    struct Iterator: IteratorProtocol {
        var rest: UInt64

        mutating func next() -> Int? {
            guard rest != 0 else { return nil }
            defer { rest &= rest - 1 }
            return rest.trailingZeroBitCount
        }
    }

    func makeIterator() -> Iterator { Iterator(rest: bits) }
}

extension EventSet: CustomStringConvertible {
    var description: String { "{\(map(String.init).joined(separator: " "))}" }
}
