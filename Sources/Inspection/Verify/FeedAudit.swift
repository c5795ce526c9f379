import Causality
import Changes
import Replication
import SQLiteStore

/// What is kept of each feed besides its changes: its beginning, its head, and how far this replica's last change had
/// seen it.
struct FeedAudit {
    let transaction: SQLiteTransaction
    let world: AuditedWorld
    let findings: Findings
    let chains: [Int64: FeedChain]

    func run() {
        for (rid, feed) in world.feeds.sorted(by: { $0.key < $1.key }) {
            guard let scope = world.scopes[feed.scope] else { continue }
            let start = FeedAudit.derivedStart(of: feed, scope, world)
            if start == nil { noteUnknownAuthor(of: feed) }
            let chain = chains[rid] ?? FeedChain(starts: [feed.start])
            if let start, start != feed.start {
                findings.add(.feed, "feed", "\(rid)", "its beginning does not derive from its author's key")
            } else if start == nil, chain.isFirstBroken {
                findings.add(
                    .feed, "feed", "\(rid)",
                    "its first change does not follow its beginning; its author's key is not known")
            } else {
                checkHead(feed, chain)
            }
        }
        for rid in world.scopes.keys.sorted() { checkSeen(in: rid) }
    }

    /// hash(0) as the author's key gives it; nil where the key is not known.
    static func derivedStart(of feed: AuditedFeed, _ scope: ScopeState, _ world: AuditedWorld) -> Hash256? {
        let replica = ReplicaID(feed.state.feed)
        return world.keys[replica].map { key in
            ChangeHeader.start(
                chain: scope.introduction.seed, scope: scope.id, replica: replica, publicKey: key.bytes)
        }
    }

    /// What hash(0) of the feed may be: from its author's key, where that is known, and as it is stored.
    static func starts(of feed: AuditedFeed, _ scope: ScopeState, _ world: AuditedWorld) -> [Hash256] {
        derivedStart(of: feed, scope, world).map { $0 == feed.start ? [$0] : [$0, feed.start] } ?? [feed.start]
    }

    private func noteUnknownAuthor(of feed: AuditedFeed) {
        let author = feed.state.feed.description
        if !findings.report.basis.unknownAuthors.contains(author) {
            findings.report.basis.unknownAuthors.append(author)
            findings.report.basis.unknownAuthors.sort()
        }
    }

    private func checkHead(_ feed: AuditedFeed, _ chain: FeedChain) {
        if feed.state.sequence != chain.lastSequence {
            findings.add(
                .feed, "feed", "\(feed.rid)",
                "its head is at \(feed.state.sequence), and its changes go up to \(chain.lastSequence)")
        } else if !chain.hashes.isEmpty, !chain.hashes.contains(feed.state.hash) {
            findings.add(.feed, "feed", "\(feed.rid)", "its hash is not that of its last change")
        }
    }

    // MARK: - What the last own change had seen

    /// After a local change, `seen` of every feed is what that change has in its past; before the first one, nothing.
    ///
    /// Without the own key the writer is not known: then it is whoever explains the most.
    private func checkSeen(in scope: Int64) {
        // What lies in the past of the last local change depends on every feed.
        guard !world.isIncomplete else { return }
        let feeds = world.feeds.values.filter { $0.scope == scope }.sorted { $0.rid < $1.rid }
        let writers: [AuditedFeed?]
        if let own = world.ownFeed {
            writers = [feeds.first { $0.state.feed == own }]
        } else {
            writers = [nil] + feeds
        }
        let violations = writers.map { writer in feeds.filter { $0.state.seen != expectedSeen(of: $0, by: writer) } }
        guard let fewest = violations.min(by: { $0.count < $1.count }) else { return }
        for feed in fewest {
            findings.add(
                .feed, "feed", "\(feed.rid)", "it was not seen up to \(feed.state.seen) by the last local change")
        }
    }

    private func expectedSeen(of feed: AuditedFeed, by writer: AuditedFeed?) -> UInt64 {
        guard let writer, let last = chains[writer.rid]?.lastSequence, last > 0 else { return 0 }
        if writer.rid == feed.rid { return last }
        return world.past(of: Dot(feed: writer.state.feed, sequence: last), scope: feed.scope).others[feed.state.feed]
    }
}
