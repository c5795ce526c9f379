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

    private func noteFeed(_ row: AuditedRow<AuditedFeed>) {
        guard let feed = findings.content(of: row, .feed), world.scopes[feed.scope] != nil else {
            // The row is named, or its scope is.
            world.isIncomplete = true
            return
        }
        world.feeds[feed.rid] = feed
    }

    /// Whether any of the feed's first changes comes true under its id and scope, which their hashes cover. One that
    /// does speaks for both; where none does, and there are several, not each of them is wrong.
    private func checkIdentity(of feed: AuditedFeed) throws {
        guard let scope = world.scopes[feed.scope] else { return }
        var chain = FeedChain(starts: FeedAudit.starts(of: feed, scope, world))
        var tried = 0
        var isTrue = false
        for sequence in 1...ScopeAudit.probedChanges where !isTrue {
            guard let row = try transaction.auditChange(feed: feed.rid, sequence: sequence),
                let stored = try? row.content.get()
            else { break }
            tried += 1
            if let change = try? DecodedChange(
                stored, scope: scope.id, feed: feed.state.feed, previous: chain.hashes.first ?? .zero)
            {
                isTrue = chain.follow(change, sequence: sequence, mayLack: false) == nil
            } else {
                chain.followUnreadable(sequence: sequence, hash: stored.hash)
            }
        }
        // A single one that does not come true is damaged itself, where the author's key speaks for the feed.
        if isTrue || tried == 0 || tried == 1 && FeedAudit.derivedStart(of: feed, scope, world) != nil {
            world.feedRows[feed.scope, default: [:]][feed.state.feed] = feed.rid
            return
        }
        findings.add(.feed, "feed", "\(feed.rid)", "none of its changes comes true under its id and scope")
        if tried == 1, let row = try transaction.auditChange(feed: feed.rid, sequence: 1) {
            findings.add(.chain, row.table, row.row, "it does not come true in its feed; one of the two is damaged")
        }
        world.feeds[feed.rid] = nil
        world.isIncomplete = true
    }

    private static let probedChanges: UInt64 = 3
}
