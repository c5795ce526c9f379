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

    func run() {
        for (rid, feed) in world.feeds.sorted(by: { $0.key < $1.key }) {
            let start = world.derivedStart(of: feed)
            if start == nil { noteUnknownAuthor(of: feed) }
            if let start, start != feed.start {
                findings.add(.feed, "feed", "\(rid)", "its beginning does not derive from its author's key")
            } else if !findings.isNamed("feed", "\(rid)") {
                checkHead(feed, world.head(of: feed))
            }
        }
        for rid in world.scopes.keys.sorted() { checkSeen(in: rid) }
    }

    private func noteUnknownAuthor(of feed: AuditedFeed) {
        let author = feed.state.feed.description
        if !findings.report.basis.unknownAuthors.contains(author) {
            findings.report.basis.unknownAuthors.append(author)
            findings.report.basis.unknownAuthors.sort()
        }
    }

    private func checkHead(_ feed: AuditedFeed, _ head: FeedHead) {
        // Its last changes may lie in a damaged row.
        if head.isLoose { return }
        if feed.state.sequence != head.next - 1 {
            findings.add(
                .feed, "feed", "\(feed.rid)",
                "its head is at \(feed.state.sequence), and its changes go up to \(head.next - 1)")
        } else if let hash = head.hash, hash != feed.state.hash {
            findings.add(.feed, "feed", "\(feed.rid)", "its hash is not that of its last change")
        } else if feed.placed != head.placed {
            findings.add(
                .feed, "feed", "\(feed.rid)",
                "its changes up to \(feed.placed) have an entry, it says, and those up to \(head.placed) have")
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
        guard let writer else { return 0 }
        let last = world.head(of: writer).next - 1
        if last == 0 { return 0 }
        if writer.rid == feed.rid { return last }
        return world.past(of: Dot(feed: writer.state.feed, sequence: last), scope: feed.scope).others[feed.state.feed]
    }
}
