/// How a hub listens, and its named limits.
package struct HubConfiguration: Hashable, Sendable {
    package var host = "127.0.0.1"
    /// 0 lets the system choose.
    package var port = 8080
    /// What stands before the paths, where a proxy does not take it away: empty, or `/a/b`.
    package var prefix = ""
    package var sessions = SessionLimits()
    /// Exchanges at once; each may hold a request of `Limit.decodedSyncRequestBytes`.
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
    /// How long a graceful stop waits for requests that run.
    package var stopTimeout: Duration = .seconds(30)

    package init() {}
}
