import Causality
import Changes
import Replication
import SQLiteStore

/// The rows of `stretch` against what the segments say: which of each feed's changes lie in which segment, and where
/// the feed's hash chain stood before.
final class StretchAudit {
    private let transaction: SQLiteTransaction
    private let world: AuditedWorld
    private let findings: Findings
    /// By scope's row: where segments begin, or would if they were sound.
    private var starts: [Int64: Set<UInt64>] = [:]
    /// Rows that segments call for and that are not there.
    private var unfound: [Key] = []

    init(transaction: SQLiteTransaction, world: AuditedWorld, findings: Findings) {
        self.transaction = transaction
        self.world = world
        self.findings = findings
    }

    struct Key: Hashable, Comparable {
        let feed: Int64
        let sequence: UInt64

        static func < (left: Key, right: Key) -> Bool {
            (left.feed, left.sequence) < (right.feed, right.sequence)
        }
    }

    /// What a segment says of one feed.
    struct Stretch {
        var count: UInt64 = 0
        /// Nil where it is not known.
        let previous: Hash256?
    }

    // MARK: - Reading

    /// The rows that belong to a segment, as far as they can be read.
    func rows(of scope: Int64, at position: UInt64) throws -> [AuditedStretch] {
        var rows: [AuditedStretch] = []
        try transaction.auditStretches(at: position) { row in
            if case .success(let stretch) = row.content, world.feeds[stretch.feed]?.scope == scope {
                rows.append(stretch)
            }
        }
        return rows
    }

    // MARK: - Comparing

    /// A segment that cannot be read: its rows are not to blame.
    func skip(at position: UInt64, of scope: Int64) { starts[scope, default: []].insert(position) }

    func check(_ stretches: [Key: Stretch], at position: UInt64, of scope: Int64) throws {
        starts[scope, default: []].insert(position)
        var missing = stretches
        try transaction.auditStretches(at: position) { row in
            guard case .success(let stored) = row.content else { return }
            guard let expected = missing.removeValue(forKey: Key(feed: stored.feed, sequence: stored.sequence)) else {
                if world.feeds[stored.feed]?.scope == scope {
                    damaged(row.row, "the segment at \(position) has no such stretch")
                }
                return
            }
            if stored.count != expected.count {
                damaged(row.row, "the segment at \(position) holds \(expected.count) changes of the feed from here")
            } else if let previous = expected.previous, previous != stored.hash {
                damaged(row.row, "its hash is not that of the change before")
            }
        }
        for key in missing.keys.sorted() {
            if let row = try transaction.auditStretch(feed: key.feed, sequence: key.sequence) {
                if findings.content(of: row, .chain) != nil {
                    damaged(row.row, "the segment with these changes lies at \(position)")
                }
            } else {
                unfound.append(key)
            }
        }
    }

    private func damaged(_ row: String, _ reason: String) { findings.addFirst(.chain, "stretch", row, reason) }

    /// Rows of no segment, after all of them.
    func finish() throws {
        try findings.section("stretch") {
            try transaction.auditStretches { row in
                guard let stretch = findings.content(of: row, .chain), let (feed, _) = world.feed(stretch.feed),
                    !world.isIncomplete, starts[feed.scope]?.contains(stretch.position) != true
                else { return }
                damaged(row.row, "no segment begins at \(stretch.position)")
            }
        }
        // A row whose key is damaged is there, and was named.
        guard unfound.count > findings.namedCount(of: "stretch") else { return }
        for key in unfound { damaged("\(key.feed):\(key.sequence)", "its segment calls for this row") }
    }
}
