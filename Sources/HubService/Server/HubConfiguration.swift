import Replication

/// How a hub listens, and its named limits.
package struct HubConfiguration: Hashable, Sendable {
    package var host = "127.0.0.1"
    /// 0 lets the system choose.
    package var port = 8080
    /// What stands before the paths, where a proxy does not take it away: empty, or `/a/b`.
    package var prefix = ""
    package var sessions = SessionLimits()
    /// Exchanges at once; each may hold a request of `Limit.decodedSyncRequestBytes`, and what of it was taken apart
    /// beforehand: 1 MB, or 16 MB for four of them.
    package var exchanges = 64
    /// Exchanges that wait for their turn, their bodies not read yet; beyond, a replica is told to come back.
    package var waitingExchanges = 1_024
    package var connections = 20_000
    /// A connection on which nothing moves while a request is read, or between requests, is closed after this.
    package var idleTimeoutSeconds = 60
    /// A request's body must have come within this, however it trickles.
    package var bodyTimeout: Duration = .seconds(120)
    /// How often an event stream carries something.
    package var heartbeat: Duration = .seconds(15)
    /// A scope with fewer entries is taken from its order, not from a snapshot.
    package var snapshotEntries = SnapshotLimits.leastEntries
    /// About how large a snapshot's chunks are before they are compressed.
    package var snapshotChunkBytes = SnapshotLimits.chunkBytes
    /// How long one who asks waits while a snapshot is made; then it is told to come back.
    package var snapshotWait: Duration = .seconds(60)
    /// How long a graceful stop waits for requests that run.
    package var stopTimeout: Duration = .seconds(30)

    package init() {}
}
