import Causality
import Changes

/// One synchronisation of a replica with its hub, as a pure machine: events in, actions out. A driver owns the store,
/// the connection and the clock.
///
///     idle ──begin──▶ collecting ──collected──▶ waiting ──answered──▶ applying ──applied──▶ collecting
///                                                  │                                 └────▶ finished
///                                                  └──failed──▶ finished
///
/// Every exchange both pushes and pulls. The machine goes on while an exchange brings either side forward, and stops
/// when both have said all that they have, or nothing moves.
package struct SyncMachine: Sendable {
    private enum State: Hashable, Sendable {
        case idle
        case collecting
        case waiting
        case applying
        case finished
    }

    package enum Action: Equatable, Sendable {
        /// Build the next request from the store, then call `collected`.
        case collect(listAll: Bool)
        /// Send it, then call `answered` or `failed`.
        case send(SyncRequest)
        /// Apply it, then call `applied`.
        case apply(SyncResponse)
        case finish(SyncReport)
    }

    private var state = State.idle
    private var report = SyncReport()

    package init() {}

    /// Starts. - Precondition: the machine is idle.
    package mutating func begin() -> Action {
        precondition(state == .idle, "begin() in \(state)")
        state = .collecting
        return .collect(listAll: false)
    }

    /// The request that the store had.
    package mutating func collected(_ request: SyncRequest) -> Action {
        precondition(state == .collecting, "collected() in \(state)")
        state = .waiting
        return .send(request)
    }

    package mutating func answered(_ response: SyncResponse) -> Action {
        precondition(state == .waiting, "answered() in \(state)")
        state = .applying
        report.roundTrips += 1
        report.hubTime = response.hubTime
        return .apply(response)
    }

    /// The connection failed, or the hub had no answer. What was applied stays applied; the driver may begin a new
    /// synchronisation at any time.
    package mutating func failed(_ reason: String) -> Action {
        precondition(state == .waiting || state == .applying || state == .collecting, "failed() in \(state)")
        state = .finished
        report.failure = reason
        return .finish(report)
    }

    package mutating func applied(_ outcome: ApplyOutcome) -> Action {
        precondition(state == .applying, "applied() in \(state)")
        report.sent += outcome.placed
        report.received += outcome.received
        report.applied += outcome.entries
        report.refusals = outcome.refusals
        let progressed = outcome.entries > 0 || outcome.introduced > 0 || outcome.wantsHellos
        let wantsMore =
            outcome.hasMore || outcome.wantsHellos || outcome.introduced > 0 || outcome.unsent > 0
        if progressed, wantsMore, report.roundTrips < SyncMachine.roundTripLimit {
            state = .collecting
            return .collect(listAll: outcome.wantsHellos || outcome.hasMore || outcome.introduced > 0)
        }
        state = .finished
        report.unsent = outcome.unsent
        report.isComplete = outcome.unsent == 0 && !outcome.hasMore && outcome.refusals.isEmpty
        return .finish(report)
    }

    /// A synchronisation that takes more exchanges stops; the next one goes on where it was.
    package static var roundTripLimit: Int { 100_000 }
}

/// What one answer did at the replica.
package struct ApplyOutcome: Equatable, Sendable {
    package var entries = 0
    package var received = 0
    package var placed = 0
    /// Scopes that were made known.
    package var introduced = 0
    package var hasMore = false
    package var wantsHellos = false
    /// Changes that have no entry yet.
    package var unsent = 0
    package var refusals: [ScopeRefusal] = []

    package init() {}
}

/// A scope that did not take part, and why.
package struct ScopeRefusal: Hashable, Sendable {
    package let scope: ScopeID
    package let refusal: Refusal

    package init(scope: ScopeID, refusal: Refusal) {
        self.scope = scope
        self.refusal = refusal
    }
}

/// What a synchronisation came to.
package struct SyncReport: Equatable, Sendable {
    /// Changes of this side that got their entry.
    package var sent = 0
    /// Changes that came.
    package var received = 0
    /// Entries of the order that were applied.
    package var applied = 0
    package var roundTrips = 0
    /// Changes that still wait.
    package var unsent = 0
    /// Milliseconds since 1970 by the hub's clock, at its last answer.
    package var hubTime: Int64?
    package var refusals: [ScopeRefusal] = []
    /// Why the connection ended it, in words.
    package var failure: String?
    /// Everything was exchanged.
    package var isComplete = false

    package init() {}
}
