import Causality

/// One operation, who made it, and all that its author knew: the definition of its past, not a clock's word.
struct Event<Operation: Sendable>: Sendable {
    let replica: Int
    let dot: Dot
    /// Closed: with an event it holds that event's past, and all earlier events of the same replica.
    let past: EventSet
    let operation: Operation
}

/// What happened, as the obvious model records it: every event with its explicit past.
///
/// Events are numbered so that each comes after its past.
struct History<Operation: Sendable>: Sendable {
    private(set) var events: [Event<Operation>] = []

    var all: EventSet { EventSet(first: events.count) }

    subscript(event: Int) -> Event<Operation> { events[event] }

    /// The feed of the replica with this index; the order of feeds is the order of indexes.
    static func feed(of replica: Int) -> FeedID { FeedID(high: 0xfeed, low: UInt64(replica)) }

    func ownEvents(of replica: Int) -> EventSet {
        var result = EventSet()
        for (event, made) in events.enumerated() where made.replica == replica { result = result.inserting(event) }
        return result
    }

    func isClosed(_ set: EventSet) -> Bool { set.allSatisfy { set.isSuperset(of: events[$0].past) } }

    /// The past of an author of `replica` must hold `least`: its own events and theirs.
    func leastPast(of replica: Int) -> EventSet {
        ownEvents(of: replica).reduce(EventSet()) { $0.union(events[$1].past).inserting($1) }
    }

    mutating func append(_ operation: Operation, by replica: Int, past: EventSet) {
        let sequence = UInt64(ownEvents(of: replica).count + 1)
        let dot = Dot(feed: Self.feed(of: replica), sequence: sequence)
        events.append(Event(replica: replica, dot: dot, past: past, operation: operation))
    }

    mutating func removeLast() { events.removeLast() }
}

extension History: CustomStringConvertible {
    var description: String {
        events.enumerated().map { number, event in
            "  \(number): replica \(event.replica), past \(event.past): \(event.operation)"
        }.joined(separator: "\n")
    }
}
