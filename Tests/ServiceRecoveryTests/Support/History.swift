import Causality
import Changes

/// Changes made by hand from drafts, and the fold of them in whatever order they are taken.
struct History {
    static let scope = ScopeID(high: 7, low: 7)

    private(set) var changes: [Change] = []

    static func feed(_ number: UInt64) -> FeedID { FeedID(high: number, low: 0) }

    /// Makes the next change of a feed, which has seen its feed's changes and `seen`.
    @discardableResult
    mutating func commit(
        _ draft: ChangeDraft, by number: UInt64 = 1, at milliseconds: Int64 = 1_000, seen: [Change] = []
    ) -> Change {
        let feed = History.feed(number)
        let own = changes.filter { $0.dot.feed == feed }
        let dot = Dot(feed: feed, sequence: UInt64(own.count) + 1)
        var heads: [FeedID: Change] = [:]
        for change in seen where change.dot.feed != feed {
            if let head = heads[change.dot.feed], head.dot.sequence > change.dot.sequence { continue }
            heads[change.dot.feed] = change
        }
        let key = [UInt8](repeating: 9, count: PersonalPart.keyBytes)
        let parts = draft.parts.enumerated().map { index, part in
            let bytes = PersonalPart(subject: part.subject, key: key, items: part.items).encoded()
            return PartCommitment(
                subject: part.subject,
                commitment: PersonalPart.commitment(bytes, key: key, scope: History.scope, dot: dot, index: index))
        }
        let operations = draft.operations.encoded()
        let header = ChangeHeader(
            scope: History.scope, dot: dot, previous: own.last?.hash ?? .zero,
            stamp: HybridTimestamp(milliseconds: milliseconds), zoneMinutes: draft.zoneMinutes, person: draft.person,
            schema: draft.schema, context: heads.values.map(\.reference).sorted { $0.dot < $1.dot },
            operationsHash: Operations.hash(operations), parts: parts)
        let change = Change(header: header, operations: operations)
        changes.append(change)
        return change
    }

    /// The `index`-th record of a change.
    func record(_ index: Int = 0, of change: Change) throws -> RecordID {
        try change.decodedOperations().recordIDs(in: History.scope, change: change.hash.short)[index]
    }

    /// A record as a replica has it that took the changes in `order`.
    func view(_ record: RecordID, in order: [Change]? = nil) throws -> RecordView {
        var pasts = PastIndex()
        var state = RecordState()
        var rows: [LogRow] = []
        for change in order ?? changes {
            pasts.insert(change.dot, context: change.header.context)
            let past = pasts.past(of: change.dot)
            let operations = try change.decodedOperations()
            let records = operations.recordIDs(in: History.scope, change: change.hash.short)
            for operation in operations.operations where records[operation.record] == record {
                let row = try state.apply(operation, dot: change.dot, effective: change.header.stamp, past: past) {
                    rows.filter { past.contains($0.mark.dot) }.map(\.mark.key).max()
                }
                if let row { rows.append(row) }
            }
        }
        return RecordView(id: record, state: state, log: rows.sorted { $0.mark < $1.mark })
    }

    /// Every order in which a replica can take the changes: each after its feed's earlier ones and its context.
    func everyOrder() -> [[Change]] {
        func orders(_ taken: [Change], _ rest: [Change]) -> [[Change]] {
            if rest.isEmpty { return [taken] }
            return rest.filter { next in
                !rest.contains { History.precedes($0, next) }
            }.flatMap { next in
                orders(taken + [next], rest.filter { $0.dot != next.dot })
            }
        }
        return orders([], changes)
    }

    /// One of those orders, at random.
    func someOrder(using random: inout SplitMix64) -> [Change] {
        var taken: [Change] = []
        var rest = changes
        while !rest.isEmpty {
            let ready = rest.filter { next in !rest.contains { History.precedes($0, next) } }
            let next = ready[random.below(ready.count)]
            taken.append(next)
            rest.removeAll { $0.dot == next.dot }
        }
        return taken
    }

    private static func precedes(_ one: Change, _ other: Change) -> Bool {
        if one.dot.feed == other.dot.feed { return one.dot.sequence < other.dot.sequence }
        return other.header.context.contains { $0.dot.feed == one.dot.feed && $0.dot.sequence >= one.dot.sequence }
    }
}

/// A generator with a seed. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
struct SplitMix64 {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }
}
