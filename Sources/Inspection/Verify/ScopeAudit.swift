import Causality
import Changes
import Replication
import SQLiteStore

/// Scopes and feeds: whether their ids derive from what they say. Before the log is read, which leans on them.
struct ScopeAudit {
    let transaction: SQLiteTransaction
    let world: AuditedWorld
    let findings: Findings

    func run() throws {
        try findings.section("scope") { try transaction.auditScopes(checkScope) }
        if world.firstUnfolded == SQLiteTransaction.unfoldedEntries, !world.hasUnfoldedEntries, !world.isIncomplete {
            findings.add(.setting, "setting", SettingKey.unfolded.rawValue, "no scope lacks entries")
        }
        try findings.section("feed") { try transaction.auditFeeds(noteFeed) }
        try findings.section("feed") {
            for (_, feed) in world.feeds.sorted(by: { $0.key < $1.key }) { try checkIdentity(of: feed) }
        }
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
            let (folded, position) = (scope.state.foldedPosition, scope.state.position)
            let isLagging = world.firstUnfolded == SQLiteTransaction.unfoldedEntries && folded < position
            if isLagging {
                findings.report.basis.unfoldedChanges += Int(clamping: position - folded)
                world.hasUnfoldedEntries = true
            }
            if folded != position, !isLagging {
                findings.add(
                    .scope, row.table, row.row, "it is folded up to \(folded) and stands at \(position)")
                // Its records are those of all its entries, or are named for what they lack.
                world.scopes[scope.rid]?.foldedPosition = position
            } else if scope.state.receivedFloor != 0 {
                findings.add(
                    .scope, row.table, row.row, "a replica gives no times of receipt, and its floor is not 0")
            }
        } else if scope.state.foldedPosition > scope.state.position {
            findings.add(.scope, row.table, row.row, "it is folded beyond its position")
        }
    }

    private func noteFeed(_ row: AuditedRow<AuditedFeed>) {
        guard let feed = findings.content(of: row, .feed) else {
            world.isIncomplete = true
            return
        }
        if world.scopes[feed.scope] != nil {
            world.feeds[feed.rid] = feed
        } else if let (key, scope) = origin(of: feed.start) {
            // That its scope is not there was found with the file's references.
            world.feeds[feed.rid] = feed.being(FeedID(key.replica), in: scope)
        } else {
            // Its scope is named.
            world.isIncomplete = true
        }
    }

    /// A feed's beginning is made from its author's key, its scope and its chain: where the key is known, it tells which
    /// of the feed's other columns are right.
    private func checkIdentity(of feed: AuditedFeed) throws {
        var feed = feed
        if world.derivedStart(of: feed) != feed.start, let (key, scope) = origin(of: feed.start) {
            findings.add(.feed, "feed", "\(feed.rid)", "its beginning is that of another feed or scope")
            feed = feed.being(FeedID(key.replica), in: scope)
            world.feeds[feed.rid] = feed
        }
        world.feedRows[feed.scope, default: [:]][feed.state.feed] = feed.rid
    }

    /// Whose feed begins so, and in which scope.
    private func origin(of start: Hash256) -> (key: PublicKey, scope: Int64)? {
        for (rid, scope) in world.scopes.sorted(by: { $0.key < $1.key }) {
            for key in world.knownKeys where AuditedWorld.start(key, scope) == start { return (key, rid) }
        }
        return nil
    }
}
