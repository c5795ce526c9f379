import Causality
import Changes

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
    /// Pieces of large changes that were staged here.
    package var staged = 0

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
    /// Scopes that began with a snapshot, and the records that these brought.
    package var snapshots = 0
    package var snapshotRecords = 0
    /// Entries that were fetched of what snapshots include.
    package var earlierEntries = 0
    /// Changes that still wait.
    package var unsent = 0
    /// Milliseconds since 1970 by the hub's clock, at its last answer.
    package var hubTime: Int64?
    /// The first refusal of each scope that had one, sorted by scope.
    package var refusals: [ScopeRefusal] = []
    /// Why the connection ended it, in words.
    package var failure: String?
    /// Everything was exchanged.
    package var isComplete = false

    package init() {}

    mutating func add(_ outcome: ApplyOutcome) {
        sent += outcome.placed
        received += outcome.received
        applied += outcome.entries
        unsent = outcome.unsent
        add(outcome.refusals)
    }

    package mutating func add(_ named: [ScopeRefusal]) {
        for refusal in named where !refusals.contains(where: { $0.scope == refusal.scope }) {
            refusals.append(refusal)
        }
        refusals.sort { $0.scope < $1.scope }
    }
}
