import Causality
import Changes
import Replication
import SQLiteStore

/// What each change had seen, recomputed from the contexts and compared with what is stored.
final class KnotAudit {
    private let transaction: SQLiteTransaction
    private let world: AuditedWorld
    private let findings: Findings
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
    func check(_ change: DecodedChange, feed: Int64, scope: Int64) throws {
        if change.header.context.isEmpty { return }
        let sequence = change.dot.sequence
        // What of other feeds lies in a past cannot be told while one of them is missing.
        if world.isIncomplete { return try trust(sequence..<sequence + 1, of: feed) }
        guard
            let knot = world.pasts[scope, default: PastIndex()].insert(change.dot, context: change.header.context)
        else { return }
        expected.insert(Place(feed: feed, sequence: sequence))
        guard let row = try transaction.auditKnot(feed: feed, sequence: sequence) else {
            findings.add(.past, "knot", "\(feed):\(sequence)", "the change has a context, and the row is missing")
            return
        }
        if let stored = findings.content(of: row, .past), stored.others != knot.others.encoded() {
            findings.add(.past, row.table, row.row, "it is not what the contexts come to")
        }
    }

    /// Takes the knots of changes that cannot be read as they are stored, so that later ones are not held against what
    /// cannot be known.
    func trust(_ sequences: Range<UInt64>, of feed: Int64) throws {
        guard let held = world.feeds[feed] else { return }
        try transaction.auditKnots(of: feed, in: sequences) { row in
            guard let stored = findings.content(of: row, .past) else { return }
            expected.insert(Place(feed: feed, sequence: stored.sequence))
            guard let others = try? VersionVector(encoded: stored.others) else {
                findings.add(.past, row.table, row.row, "its bytes are no vector")
                return
            }
            world.pasts[held.scope, default: PastIndex()].insert(
                PastIndex.Knot(sequence: stored.sequence, others: others), of: held.state.feed)
        }
    }

    func finish() throws {
        try transaction.auditKnots { row in
            guard let knot = findings.content(of: row, .past), world.feed(knot.feed) != nil,
                !expected.contains(Place(feed: knot.feed, sequence: knot.sequence))
            else { return }
            // It may belong to a change that cannot be read.
            if world.isIncomplete, try world.notes.change(feed: knot.feed, sequence: knot.sequence) == nil { return }
            findings.add(.past, row.table, row.row, "no change with a context is there")
        }
    }
}
