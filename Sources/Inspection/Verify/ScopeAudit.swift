import Causality
import Changes
import Replication
import SQLiteStore

/// Scopes and feeds: whether their ids derive from what they say.
struct ScopeAudit {
    let transaction: SQLiteTransaction
    let world: AuditedWorld
    let findings: Findings

    func run() throws {
        try findings.section("scope") { try transaction.auditScopes(checkScope) }
        try findings.section("feed") { try transaction.auditFeeds(checkFeed) }
    }

    private func checkScope(_ row: AuditedRow<AuditedScope>) {
        guard let scope = findings.content(of: row, .scope) else {
            world.isIncomplete = true
            return
        }
        let introduction = scope.state.introduction
        guard introduction == ScopeIntroduction(name: introduction.name, seed: introduction.seed) else {
            // Every hash of the scope covers its id: nothing in it can be checked against a wrong one.
            findings.add(.scope, row.table, row.row, "its id does not derive from its name and its chain")
            world.isIncomplete = true
            return
        }
        world.scopes[scope.rid] = scope.state
        world.scopeRows[scope.state.id] = scope.rid
        world.pasts[scope.rid] = PastIndex()
        if world.role == .replica {
            if scope.state.foldedPosition != scope.state.position {
                findings.add(
                    .scope, row.table, row.row,
                    "it is folded up to \(scope.state.foldedPosition) and stands at \(scope.state.position)")
            } else if scope.state.receivedFloor != 0 {
                findings.add(
                    .scope, row.table, row.row, "a replica gives no times of receipt, and its floor is not 0")
            }
        } else if scope.state.foldedPosition > scope.state.position {
            findings.add(.scope, row.table, row.row, "it is folded beyond its position")
        }
    }

    private func checkFeed(_ row: AuditedRow<AuditedFeed>) {
        guard let feed = findings.content(of: row, .feed) else {
            world.isIncomplete = true
            return
        }
        world.feeds[feed.rid] = feed
        world.feedRows[feed.scope, default: [:]][feed.state.feed] = feed.rid
    }
}
