import Causality
import Changes
import Replication
import SQLiteStore

/// What each change had seen, recomputed from the contexts and compared with what is stored.
struct KnotAudit {
    let transaction: SQLiteTransaction
    let world: AuditedWorld
    let findings: Findings
    /// Places that have a knot.
    private var expected: Set<Place> = []

    private struct Place: Hashable {
        let feed: Int64
        let sequence: UInt64
    }

    init(transaction: SQLiteTransaction, world: AuditedWorld, findings: Findings) {
        self.transaction = transaction
        self.world = world
        self.findings = findings
    }

    /// Takes note of a change that is sound.
    mutating func check(_ change: DecodedChange, _ stored: AuditedChange, scope: Int64) throws {
        if change.header.context.isEmpty { return }
        // What of other feeds lies in a past cannot be told while one of them is missing.
        if world.isIncomplete { return try trust(stored, scope: scope) }
        let feed = stored.feed
        guard
            let knot = world.pasts[scope, default: PastIndex()].insert(change.dot, context: change.header.context)
        else { return }
        expected.insert(Place(feed: feed, sequence: change.dot.sequence))
        guard let row = try transaction.auditKnot(feed: feed, sequence: change.dot.sequence) else {
            findings.add(
                .past, "knot", "\(feed):\(change.dot.sequence)", "the change has a context, and the row is missing")
            return
        }
        if let stored = findings.content(of: row, .past), stored.others != knot.others.encoded() {
            findings.add(.past, row.table, row.row, "it is not what the contexts come to")
        }
    }

    /// Takes a damaged change's knot as it is stored, so that later ones are not held against what cannot be known.
    mutating func trust(_ change: AuditedChange, scope: Int64) throws {
        guard let row = try transaction.auditKnot(feed: change.feed, sequence: change.sequence),
            let stored = findings.content(of: row, .past), let feed = world.feeds[change.feed]
        else { return }
        expected.insert(Place(feed: change.feed, sequence: change.sequence))
        guard let others = try? VersionVector(encoded: stored.others) else {
            findings.add(.past, row.table, row.row, "its bytes are no vector")
            return
        }
        world.pasts[scope, default: PastIndex()].insert(
            PastIndex.Knot(sequence: change.sequence, others: others), of: feed.state.feed)
    }

    func finish() throws {
        try transaction.auditKnots { row in
            guard let knot = findings.content(of: row, .past), world.feed(knot.feed) != nil,
                !expected.contains(Place(feed: knot.feed, sequence: knot.sequence))
            else { return }
            findings.add(.past, row.table, row.row, "no change with a context is there")
        }
    }
}
