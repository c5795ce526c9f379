import Causality
import Changes
import Replication
import SQLiteKit

/// Knots that are kept in memory: those that wait to be written, and of each feed the stretch that was asked for last.
struct KnotCache {
    /// Of a feed: its changes from `first` on and before `end` have `others` in their past.
    struct Stretch {
        let first: UInt64
        let end: UInt64
        let others: VersionVector

        func holds(_ sequence: UInt64) -> Bool { first <= sequence && sequence < end }
    }

    /// By scope's row and feed.
    struct Place: Hashable {
        let scope: Int64
        let feed: FeedID
    }

    private var stretches: [Place: Stretch] = [:]
    /// The one that was found last: mostly it is asked for again.
    private var last: (place: Place, stretch: Stretch)?
    /// Sorted by sequence.
    private(set) var pending: [Place: [PastIndex.Knot]] = [:]

    mutating func keep(_ stretch: Stretch, at place: Place) {
        last = nil
        stretches[place] = stretch
    }

    /// What the change of a feed with this sequence has in its past, where that is known.
    mutating func others(at sequence: UInt64, _ place: Place) -> VersionVector? {
        if let last, last.place == place, last.stretch.holds(sequence) { return last.stretch.others }
        guard let known = stretches[place], known.holds(sequence) else { return nil }
        last = (place, known)
        return known.others
    }

    /// Takes a new knot.
    mutating func insert(_ knot: PastIndex.Knot, at place: Place) {
        let index = pending[place]?.lastIndex { $0.sequence <= knot.sequence }
        if let index, pending[place]?[index].sequence == knot.sequence {
            pending[place]?[index] = knot
        } else {
            pending[place, default: []].insert(knot, at: index.map { $0 + 1 } ?? 0)
        }
        let known = stretches[place]
        last = nil
        stretches[place] = known.flatMap { known in
            guard known.holds(knot.sequence) else { return nil }
            return Stretch(first: knot.sequence, end: known.end, others: knot.others)
        }
    }

    /// The last knot up to a sequence, and the sequence of the next one.
    func pending(_ place: Place, at sequence: UInt64) -> (knot: PastIndex.Knot?, next: UInt64?) {
        guard let list = pending[place] else { return (nil, nil) }
        guard let index = list.lastIndex(where: { $0.sequence <= sequence }) else { return (nil, list.first?.sequence) }
        return (list[index], index + 1 < list.count ? list[index + 1].sequence : nil)
    }

    /// Of a scope whose base has changed.
    mutating func forgetStretches(of scope: Int64) {
        last = nil
        stretches = stretches.filter { $0.key.scope != scope }
    }

    mutating func takePending() -> [Place: [PastIndex.Knot]] {
        defer { pending = [:] }
        return pending
    }
}

/// Pasts, each found in the table by the feed and the sequence: nothing that grows with the scope is read for one.
extension SQLiteTransaction {
    package func past(of dot: Dot, scope: ScopeID) throws -> Past {
        guard let row = try heldScopeRow(scope) else { return Past(of: dot, others: VersionVector()) }
        return Past(of: dot, others: try others(at: dot, scope: row))
    }

    package func note(_ dot: Dot, context: [ChangeReference], scope: ScopeID) throws {
        guard !context.isEmpty else { return }
        let row = try scopeRow(scope)
        guard let knot = try PastIndex.knot(of: dot, context: context, others: { try others(at: $0, scope: row) })
        else { return }
        // The feed's row comes with the change; the knot waits for it in memory until then.
        caches.knots.insert(knot, at: KnotCache.Place(scope: row, feed: dot.feed))
    }

    /// What of other feeds the change at `dot` has in its past.
    private func others(at dot: Dot, scope row: Int64) throws -> VersionVector {
        let place = KnotCache.Place(scope: row, feed: dot.feed)
        if let known = caches.knots.others(at: dot.sequence, place) { return known }
        let pending = caches.knots.pending(place, at: dot.sequence)
        let stored = try storedKnots(around: dot, scope: row)
        let base = try basePasts(row)?.knots(around: dot)
        var first: UInt64 = 0
        var others = VersionVector()
        for case let knot? in [base?.knot, stored.knot, pending.knot] where knot.sequence >= first {
            first = knot.sequence
            others = knot.others
        }
        let end = min(base?.next ?? .max, stored.next ?? .max, pending.next ?? .max)
        caches.knots.keep(KnotCache.Stretch(first: first, end: end, others: others), at: place)
        return others
    }

    private func storedKnots(around dot: Dot, scope row: Int64) throws -> (knot: PastIndex.Knot?, next: UInt64?) {
        guard let feed = try cachedFeed(dot.feed, scope: row)?.rid else { return (nil, nil) }
        // A dot may come from anybody's bytes, with a sequence that no column holds.
        let sequence = Int64(clamping: dot.sequence)
        let knot: PastIndex.Knot? = try connection.withStatement(
            "SELECT sequence, others FROM knot WHERE feed = ? AND sequence <= ? ORDER BY sequence DESC LIMIT 1"
        ) { statement in
            try statement.bind(feed, sequence)
            guard try statement.step() else { return nil }
            let found = try statement.unsigned(0, "knot")
            do {
                return PastIndex.Knot(sequence: found, others: try VersionVector(encoded: try statement.bytes(1)))
            } catch let error as CodecError {
                throw StoredValueError(table: "knot", row: "\(dot.feed):\(found)", reason: error.description)
            }
        }
        let next: UInt64? = try connection.withStatement(
            "SELECT sequence FROM knot WHERE feed = ? AND sequence > ? ORDER BY sequence LIMIT 1"
        ) { statement in
            try statement.bind(feed, sequence)
            return try statement.step() ? try statement.unsigned(0, "knot") : nil
        }
        return (knot, next)
    }

    package func knots(of scope: ScopeID) throws -> [SnapshotOrder.FeedKnot] {
        guard let row = try heldScopeRow(scope) else { return [] }
        try flushKnots()
        var index = try basePasts(row) ?? PastIndex()
        try connection.withStatement(
            """
            SELECT f.id, k.sequence, k.others FROM feed f JOIN knot k ON k.feed = f.rid
            WHERE f.scope = ? ORDER BY k.feed, k.sequence
            """
        ) { statement in
            try statement.bind(row)
            while try statement.step() {
                let feed: FeedID = try statement.identifier(0, "knot")
                let sequence = try statement.unsigned(1, "knot")
                do {
                    let others = try VersionVector(encoded: try statement.bytes(2))
                    index.insert(PastIndex.Knot(sequence: sequence, others: others), of: feed)
                } catch let error as CodecError {
                    throw StoredValueError(table: "knot", row: "\(feed):\(sequence)", reason: error.description)
                }
            }
        }
        return index.all.map { SnapshotOrder.FeedKnot(feed: $0.feed, knot: $0.knot) }
    }

    func flushKnots() throws {
        for (place, knots) in caches.knots.takePending().sorted(by: {
            ($0.key.scope, $0.key.feed) < ($1.key.scope, $1.key.feed)
        }) {
            // A knot whose change was never appended belongs to nothing.
            guard let feed = try cachedFeed(place.feed, scope: place.scope) else { continue }
            for knot in knots {
                try connection.execute(
                    "INSERT OR REPLACE INTO knot (feed, sequence, others) VALUES (?, ?, ?)",
                    feed.rid, Int64(knot.sequence), knot.others.encoded())
            }
        }
    }
}
