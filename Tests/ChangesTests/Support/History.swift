import Causality
import Changes

/// What one record went through, with every change's past written out: the obvious form, from which the engine's
/// input (contexts) is worked out and against which its output is held.
struct History {
    struct Event {
        let dot: Dot
        /// Indices of all changes that happened before, its own feed's and transitively.
        let past: Set<Int>
        fileprivate(set) var effective: HybridTimestamp
        fileprivate(set) var operations: [FieldOperation]
    }

    /// In an order in which the past of each comes first.
    private(set) var events: [Event] = []

    /// - Parameter past: what its author had seen; its feed's earlier changes and the pasts of all are added.
    mutating func append(
        feed: FeedID, past: Set<Int>, effective: HybridTimestamp = .zero, _ operations: [FieldOperation] = []
    ) {
        let own = events.indices.filter { events[$0].dot.feed == feed }
        let direct = past.union(own)
        let whole = direct.reduce(into: direct) { $0.formUnion(events[$1].past) }
        events.append(
            Event(
                dot: Dot(feed: feed, sequence: UInt64(own.count + 1)), past: whole, effective: effective,
                operations: operations))
    }

    mutating func set(_ index: Int, effective: HybridTimestamp, operations: [FieldOperation]) {
        events[index].effective = effective
        events[index].operations = operations
    }

    /// Leaves out what this version cannot fold.
    mutating func dropUnknown() {
        for index in events.indices {
            events[index].operations.removeAll {
                !$0.target.kind.isKnown || !$0.action.isKnown || ($0.action == .remove && !$0.target.kind.isReplacing)
            }
        }
    }

    /// How bytes would name the change at `index`.
    func reference(_ index: Int) -> ChangeReference {
        let dot = events[index].dot
        return ChangeReference(dot: dot, hash: ShortHash(high: dot.feed.low, low: dot.sequence))
    }

    /// Heads of other feeds new since the author's last change, less those in the past of another listed one (A5).
    func context(of index: Int) -> [ChangeReference] {
        let event = events[index]
        let before = event.past.filter { events[$0].dot.feed == event.dot.feed }
        let known = before.reduce(into: before) { $0.formUnion(events[$1].past) }
        let new = event.past.subtracting(known)
        let covered = new.reduce(into: Set<Int>()) { $0.formUnion(events[$1].past) }
        return new.subtracting(covered).map(reference).sorted { $0.dot < $1.dot }
    }

    /// An order in which each change follows its past.
    func randomOrder(_ generator: inout Generator) -> [Int] {
        var order: [Int] = []
        var waiting = Set(events.indices)
        while !waiting.isEmpty {
            let ready = waiting.filter { events[$0].past.isDisjoint(with: waiting) }.sorted()
            let next = generator.pick(ready)
            waiting.remove(next)
            order.append(next)
        }
        return order
    }
}

extension History {
    /// Feeds that are easy to read in a failure: 1, 2, 3.
    static func feed(_ number: Int) -> FeedID { FeedID(high: 0, low: UInt64(number)) }

    /// A few feeds, random pasts, clocks that lie, several operations a change, every kind, shown writes in and
    /// outside the past.
    static func random(_ generator: inout Generator, changes count: Int) -> History {
        var history = History()
        for index in 0..<count {
            let seen = Set((0..<index).filter { _ in generator.chance(3) })
            let effective = HybridTimestamp(rawValue: generator.pick([0, 1, 2, 3, 1_000, 1 << 40, .max - 1, .max]))
            history.append(
                feed: feed(1 + generator.upTo(2)), past: seen, effective: effective,
                operations(&generator, referringTo: history))
        }
        return history
    }

    /// At most one operation a target, on few targets, so that they meet.
    private static func operations(_ generator: inout Generator, referringTo history: History) -> [FieldOperation] {
        var result: [FieldTarget: FieldOperation] = [:]
        for _ in 0...generator.upTo(3) {
            let drawn = generator.operation(record: 0)
            let kind = drawn.target.kind
            let element =
                kind == .set ? generator.pick([.text("a"), .text("b"), .integer(1)] as [Value]) : drawn.target.element
            let target = FieldTarget(
                field: generator.pick(["f", "g"]), kind: kind, element: element)
            let all = history.events.indices.map(history.reference)
            let shown = drawn.shown == nil ? nil : all.filter { _ in generator.chance(2) }.sorted { $0.dot < $1.dot }
            let value: Value = kind == .register && generator.chance(2) ? .text("same") : drawn.value
            result[target] = FieldOperation(
                record: 0, target: target, action: drawn.action, value: drawn.action == .remove ? .null : value,
                shown: shown)
        }
        return result.values.sorted { $0.target < $1.target }
    }
}
