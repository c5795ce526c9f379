/// What an operation replaces: all of its target in its past, or only these events.
enum ReplacedEvents: Hashable, Sendable {
    case seen
    case listed(EventSet)
}

extension ReplacedEvents {
    /// Every choice for an author with this past. To list all of it is to replace what was seen, so there are
    /// as many as subsets.
    static func choices(past: EventSet) -> [ReplacedEvents] {
        past.subsets.map { $0 == past ? .seen : .listed($0) }
    }

    static func random(past: EventSet, using generator: inout SplitMix64) -> ReplacedEvents {
        if Int.random(in: 0..<3, using: &generator) > 0 { return .seen }
        return .listed(EventSet(bits: past.bits & generator.next()))
    }

    /// By definition, the events that an operation with this past ends, if they are of its target.
    func events(past: EventSet) -> EventSet {
        switch self {
        case .seen: past
        case .listed(let listed): listed
        }
    }
}
