import Causality
import Changes
import Replication
import SQLiteStore

/// The rows of `verdict` against the entries that judge a change which has its entry already.
struct VerdictAudit {
    let transaction: SQLiteTransaction
    let world: AuditedWorld
    let findings: Findings

    func run() throws {
        for scope in world.scopes.keys.sorted() {
            try findings.section("verdict") { try check(scope) }
        }
    }

    private func check(_ scope: Int64) throws {
        var missing = world.verdicts[scope] ?? [:]
        var strangers = 0
        try transaction.auditVerdicts(of: scope) { row in
            guard let stored = findings.content(of: row, .placement) else {
                strangers += 1
                return
            }
            guard let feed = world.feeds[stored.feed] else { return }
            let dot = Dot(feed: feed.state.feed, sequence: stored.sequence)
            if let verdict = missing.removeValue(forKey: dot) {
                if verdict != stored.verdict {
                    findings.add(.placement, row.table, row.row, "the entries come to another verdict")
                }
            } else if world.isIncomplete {
                // The entry that says so may be one that cannot be read.
                world.verdicts[scope, default: [:]][dot] = stored.verdict
            } else {
                strangers += 1
                findings.add(.placement, row.table, row.row, "no entry gives a later verdict on the change")
            }
        }
        guard missing.count > strangers else { return }
        for dot in missing.keys.sorted() {
            let feed = world.feedRows[scope]?[dot.feed] ?? 0
            findings.add(
                .placement, "verdict", "\(feed):\(dot.sequence)",
                "an entry gives a later verdict, and the row is missing")
        }
    }
}
