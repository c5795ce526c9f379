import Causality

/// What the next request of a synchronisation should hold. The machine draws it up, the outbox carries it out.
package struct CollectPlan: Hashable, Sendable {
    package enum Listing: Hashable, Sendable {
        /// The scopes that have something to push; all others stand under one digest.
        case changed
        /// Every scope whose id follows, as many as a message may list.
        case stretch(after: ScopeID?)
    }

    package var listing: Listing
    /// Scopes whose changes stay back this time: they are greeted, and only pull.
    package var withheld: Set<ScopeID>
    /// Scopes that are left out: the hub's last page of them could not be applied.
    package var excluded: Set<ScopeID>
    /// What the hub said that it has staged of a large change, by scope.
    package var staged: [ScopeID: StagedHead] = [:]

    /// Scopes that are not to begin with a snapshot; nil where none is. While an empty scope may, a page brings little:
    /// it only tells whether there is much to come.
    package var withoutSnapshot: Set<ScopeID>?

    package init(listing: Listing = .changed, withheld: Set<ScopeID> = [], excluded: Set<ScopeID> = []) {
        self.listing = listing
        self.withheld = withheld
        self.excluded = excluded
    }
}
