import Causality
import Changes

/// Only a file that was put back to an earlier state is sent its own later changes.
extension ReplicaTransaction {
    /// Takes up where the replica's own feed ends here: what the last change had seen has been seen, as if it had been
    /// made in this file.
    ///
    /// - Parameter own: this replica's feed.
    /// - Complexity: O(1) where nothing of its own has come; else O(feeds of the scope).
    func resume(_ own: FeedID, of scope: ScopeID) throws {
        guard let feed = try feed(own, of: scope), feed.seen < feed.sequence else { return }
        let past = try past(of: Dot(feed: own, sequence: feed.sequence), scope: scope)
        for var other in try feeds(of: scope) {
            let seen = other.feed == own ? feed.sequence : past.others[other.feed]
            if other.seen == seen { continue }
            other.seen = seen
            try put(other, of: scope)
        }
        try noteStamp(ofLast: own, of: scope)
    }

    /// Keeps the clock from issuing less than the replica's own last change has. Of one that a snapshot stands for nothing
    /// is known here, and the clock follows the snapshot's.
    ///
    /// - Parameter own: this replica's feed.
    package func noteStamp(ofLast own: FeedID, of scope: ScopeID) throws {
        guard let feed = try feed(own, of: scope), feed.sequence > 0,
            let last = try change(at: Dot(feed: own, sequence: feed.sequence), of: scope)
        else { return }
        var clock = try clock()
        clock.observe(unplaced: last.header.stamp)
        try put(clock)
    }
}
