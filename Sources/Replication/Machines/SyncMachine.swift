import Causality
import Changes

/// One synchronisation of a replica with its hub, as a pure machine: events in, actions out. A driver owns the store,
/// the connection and the clock.
///
///     idle ──begin──▶ collecting ──collected──▶ waiting ──answered──▶ applying ──applied──▶ collecting
///                         │                        │                     │          └─────▶ finished
///                         └────────failed──────────┴───────failed────────┴────────────────▶ finished
///
/// Where an empty scope has more to come than the first page, and snapshots are taken, *applying* leads over
/// *beginning*, scope after scope: `takeSnapshot`, then `tookSnapshot`.
///
/// Every exchange both pushes and pulls. The machine goes on while an exchange brings either side forward, and stops
/// when both have said all that they have, or nothing moves. A scope whose push is refused still pulls, and one whose
/// page cannot be applied is left out, so that neither holds back the others.
package struct SyncMachine: Sendable {
    private enum State: Hashable, Sendable {
        case idle
        case collecting
        case waiting
        case applying
        /// Snapshots are being taken for what the answer was of.
        case beginning
        case finished
    }

    package enum Action: Equatable, Sendable {
        /// Build the next request from the store, then call `collected`.
        case collect(CollectPlan)
        /// Send it, then call `answered` or `failed`.
        case send(SyncRequest)
        /// Apply it, then call `applied`.
        case apply(SyncResponse)
        /// Begin the scope with a snapshot, then call `tookSnapshot` or `failed`.
        case takeSnapshot(ScopeID)
        case finish(SyncReport)
    }

    private var state = State.idle
    private var plan = CollectPlan()
    private var report = SyncReport()
    /// Scopes whose push was refused: the same push would be refused again.
    private var refusedPushes: Set<ScopeID> = []
    /// Whether anything was exchanged since the plan was last to list what changed.
    private var hasProgressed = false

    // What the exchange under way consists of.
    private var pushed: Set<ScopeID> = []
    private var coverage = SyncRequest.Coverage.stretch(after: nil, through: nil)
    private var paged: Set<ScopeID> = []
    private var unfinished: Set<ScopeID> = []
    /// The hub has staged something that it had not.
    private var hasStaged = false
    /// Scopes that were greeted with nothing.
    private var empty: Set<ScopeID> = []
    /// Those of them that are to begin with a snapshot; their pages were left aside.
    private var toBegin: [ScopeID] = []
    private var applied: ApplyOutcome?

    /// - Parameter takesSnapshots: whether scopes of which nothing is here begin with a snapshot where there is much.
    package init(takesSnapshots: Bool = false) { plan.withoutSnapshot = takesSnapshots ? [] : nil }

    /// Starts. - Precondition: the machine is idle.
    package mutating func begin() -> Action {
        precondition(state == .idle, "begin() in \(state)")
        state = .collecting
        return .collect(plan)
    }

    /// The request that the store had.
    package mutating func collected(_ request: SyncRequest) -> Action {
        precondition(state == .collecting, "collected() in \(state)")
        state = .waiting
        pushed = Set(request.pushes.map(\.scope))
        coverage = request.coverage
        empty = Set(
            request.hellos.filter { $0.position == 0 && plan.withoutSnapshot?.contains($0.scope) == false }
                .map(\.scope)
        ).subtracting(pushed)
        return .send(request)
    }

    package mutating func answered(_ response: SyncResponse) -> Action {
        precondition(state == .waiting, "answered() in \(state)")
        state = .applying
        report.roundTrips += 1
        report.hubTime = response.hubTime
        paged = []
        unfinished = []
        hasStaged = false
        for answer in response.staged where plan.staged[answer.scope] != answer.head {
            plan.staged[answer.scope] = answer.head
            hasStaged = true
        }
        toBegin = []
        for answer in response.answers {
            guard case .page(let page) = answer.outcome else { continue }
            if page.hasMore { unfinished.insert(answer.scope) }
            if page.hasMore, empty.contains(answer.scope) {
                toBegin.append(answer.scope)
            } else {
                paged.insert(answer.scope)
            }
        }
        var response = response
        if !toBegin.isEmpty { response.answers.removeAll { toBegin.contains($0.scope) } }
        return .apply(response)
    }

    /// The store or the connection failed, or the hub had no answer. What was applied stays applied; the driver may
    /// begin a new synchronisation at any time.
    package mutating func failed(_ reason: String) -> Action {
        precondition(state != .idle && state != .finished, "failed() in \(state)")
        state = .finished
        report.failure = reason
        return .finish(report)
    }

    package mutating func applied(_ outcome: ApplyOutcome) -> Action {
        precondition(state == .applying, "applied() in \(state)")
        report.add(outcome)
        if let scope = toBegin.first {
            applied = outcome
            state = .beginning
            return .takeSnapshot(scope)
        }
        return goOn(after: outcome, hasBegun: false)
    }

    /// What became of the snapshot that the last action asked for.
    package mutating func tookSnapshot(_ outcome: SnapshotOutcome) -> Action {
        precondition(state == .beginning, "tookSnapshot() in \(state)")
        let scope = toBegin.removeFirst()
        plan.withoutSnapshot?.insert(scope)
        switch outcome {
        case .taken(let records):
            report.snapshots += 1
            report.snapshotRecords += records
        case .declined: break
        case .refused(let reason):
            plan.excluded.insert(scope)
            unfinished.remove(scope)
            report.add([ScopeRefusal(scope: scope, refusal: Refusal(.malformed, reason))])
        }
        if let next = toBegin.first { return .takeSnapshot(next) }
        state = .applying
        return goOn(after: applied ?? ApplyOutcome(), hasBegun: true)
    }

    private mutating func goOn(after outcome: ApplyOutcome, hasBegun: Bool) -> Action {
        let hasLearned = learn(outcome.refusals)
        let hasMoved = outcome.entries > 0 || outcome.introduced > 0 || outcome.staged > 0 || hasStaged || hasBegun
        if hasMoved { hasProgressed = true }
        let next = nextListing(after: outcome, hasMoved: hasMoved || hasLearned, hasLearned: hasLearned)
        if let next, report.roundTrips < SyncMachine.roundTripLimit {
            if next == .changed { hasProgressed = false }
            plan.listing = next
            // While a page has not come to its end, what was pushed before has no entry yet and would go out again.
            plan.withheld = refusedPushes.union(unfinished)
            state = .collecting
            return .collect(plan)
        }
        state = .finished
        report.isComplete =
            next == nil && outcome.unsent == 0 && !outcome.hasMore && report.refusals.isEmpty
        return .finish(report)
    }

    /// Leaves out from now on what was refused. - Returns: whether that may let others through.
    private mutating func learn(_ refusals: [ScopeRefusal]) -> Bool {
        let refused = Set(refusals.map(\.scope))
        let failedPages = refused.intersection(paged)
        plan.excluded.formUnion(failedPages)
        unfinished.subtract(failedPages)
        let failedPushes = refused.intersection(pushed).subtracting(failedPages)
        refusedPushes.formUnion(failedPushes)
        return !failedPages.isEmpty || !failedPushes.isEmpty
    }

    /// What the next request should list; nil when there is no use in another one.
    private func nextListing(
        after outcome: ApplyOutcome, hasMoved: Bool, hasLearned: Bool
    ) -> CollectPlan.Listing? {
        let isUnfinished = hasMoved && (!unfinished.isEmpty || outcome.introduced > 0 || hasLearned)
        switch plan.listing {
        case .changed:
            if outcome.wantsHellos || isUnfinished { return .stretch(after: nil) }
        case .stretch(let after):
            if isUnfinished { return .stretch(after: after) }
            if case .stretch(_, let through?) = coverage { return .stretch(after: through) }
        }
        return hasProgressed && outcome.unsent > 0 ? .changed : nil
    }

    /// A synchronisation that takes more exchanges stops; the next one goes on where it was.
    package static var roundTripLimit: Int { 100_000 }
}
