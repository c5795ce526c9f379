import Causality
import Changes

/// How much one request carries.
package struct PushLimits: Hashable, Sendable {
    package var changes: Int
    package var bytes: Int
    /// Scopes are listed one by one up to this many; more stand under one digest until something differs.
    package var listedScopes: Int

    package init(changes: Int = 5_120, bytes: Int = 1 << 20, listedScopes: Int = 2) {
        self.changes = changes
        self.bytes = bytes
        self.listedScopes = listedScopes
    }
}

/// What a replica has to say to the hub: where it stands, and the changes that it holds unplaced, its own or anyone's,
/// in the order in which it applied them.
package struct Outbox<Transaction: ReplicaTransaction> {
    private let transaction: Transaction
    private let identity: ReplicaIdentity

    package init(_ transaction: Transaction, identity: ReplicaIdentity) {
        self.transaction = transaction
        self.identity = identity
    }

    /// The next request. Signs the own feed's head where it sends it, and keeps the attestation; hence a write
    /// transaction.
    package func request(
        limits: PushLimits, page: PageLimits, plan: CollectPlan = CollectPlan()
    ) throws -> (request: SyncRequest, sent: Int) {
        let scopes = try transaction.scopes()
        var listing = plan.listing
        if listing == .changed, scopes.count <= limits.listedScopes { listing = .stretch(after: nil) }
        switch listing {
        case .stretch(let after):
            let following = scopes.filter { scope in after.map { $0 < scope.id } ?? true }
            let stretch = following.prefix(Limit.scopesPerMessage.value)
            let listed = stretch.filter { !plan.excluded.contains($0.id) }
            let pushes = try pushes(of: listed, limits: limits, plan: plan)
            let through = stretch.count < following.count ? stretch.last?.id : nil
            return try request(listed, .stretch(after: after, through: through), pushes, page, plan)
        case .changed:
            let pushes = try pushes(
                of: scopes.filter { !plan.excluded.contains($0.id) }, limits: limits, plan: plan)
            let pushed = Set(pushes.map(\.scope))
            let rest = scopes.filter { !pushed.contains($0.id) }
            let digest = ScopeHello.digest(
                rest.map { (scope: $0.id, position: $0.position, history: $0.history) })
            return try request(scopes.filter { pushed.contains($0.id) }, .rest(digest), pushes, page, plan)
        }
    }

    private func request(
        _ listed: [ScopeState], _ coverage: SyncRequest.Coverage, _ pushes: [ScopePush], _ page: PageLimits,
        _ plan: CollectPlan
    ) throws -> (request: SyncRequest, sent: Int) {
        let probes = listed.contains { $0.position == 0 && plan.withoutSnapshot?.contains($0.id) == false }
        let page = probes ? PageLimits(changes: min(page.changes, Outbox.probedEntries), bytes: page.bytes) : page
        let request = SyncRequest(
            limits: page, hellos: try listed.map { try hello(of: $0) }, coverage: coverage, pushes: pushes)
        return (request, pushes.reduce(0) { $0 + $1.changeCount })
    }

    /// Entries that an answer brings while an empty scope may begin with a snapshot.
    private static var probedEntries: Int { 16 }

    private func pushes(of scopes: [ScopeState], limits: PushLimits, plan: CollectPlan) throws -> [ScopePush] {
        var pushes: [ScopePush] = []
        var rest = limits
        for scope in scopes where !plan.withheld.contains(scope.id) {
            guard rest.changes > 0, rest.bytes > 0, pushes.count < Limit.scopesPerMessage.value else { break }
            guard let (push, bytes, _) = try push(of: scope.id, limits: rest, staged: plan.staged[scope.id]) else {
                continue
            }
            pushes.append(push)
            rest.changes -= push.changeCount
            rest.bytes -= bytes
        }
        return pushes
    }

    private func hello(of scope: ScopeState) throws -> ScopeHello {
        let foreign = try transaction.waitingFeeds(of: scope.id).filter { $0.feed != identity.feed }
        let own = try transaction.feed(identity.feed, of: scope.id)
        return ScopeHello(
            scope: scope.id, position: scope.position, history: scope.history,
            ownHead: own.flatMap { $0.sequence > 0 ? $0.head : nil },
            foreignHeads: foreign.prefix(Limit.foreignHeads.value).map(\.head),
            staged: try transaction.staged(of: scope.id).first)
    }

    /// The hash of an own change: that of the feed's head as it was worked out when the change was saved, so that nothing is
    /// signed that was damaged since.
    private func hash(at dot: Dot, of scope: ScopeID) throws -> Hash256? {
        if let feed = try transaction.feed(dot.feed, of: scope), feed.sequence == dot.sequence { return feed.hash }
        return try transaction.change(at: dot, of: scope)?.hash
    }

    /// The unplaced changes of a scope up to the limits, cut where every foreign feed is covered by its author's word.
    ///
    /// - Parameter staged: what the hub has staged of a large change of this scope.
    package func push(
        of scope: ScopeID, limits: PushLimits, staged: StagedHead? = nil
    ) throws -> (push: ScopePush, bytes: Int, authors: Set<ReplicaID>)? {
        var batch = try CoveredBatch(transaction, scope: scope, own: identity.replica, limits: limits)
        guard let next = batch.items.first else { return nil }
        if batch.isLarge {
            if let piece = ChangePiece(
                of: next.carried, at: next.dot, after: staged, limit: limits.bytes)
            {
                return (ScopePush(scope: scope, runs: [], attestations: [], piece: piece), piece.bytes.count, [])
            }
            batch.replaceFirst(by: .staged)
        }
        var runs: [ChangeRun] = []
        var pending: [CarriedChange] = []
        var first: Dot?
        func flush() {
            if let first { runs.append(ChangeRun(feed: first.feed, first: first.sequence, changes: pending)) }
            pending = []
        }
        for (dot, carried) in batch.items {
            if let start = first, start.feed == dot.feed, pending.count < Limit.changesPerRun.value,
                start.sequence + UInt64(pending.count) == dot.sequence
            {
                pending.append(carried)
            } else {
                flush()
                first = dot
                pending = [carried]
            }
        }
        flush()
        // What is signed is a hash, and needs nothing of the blocks.
        var signing: (@Sendable () -> Attestation)?
        if let last = batch.items.last(where: { $0.dot.feed == identity.feed })?.dot,
            let hash = try hash(at: last, of: scope)
        {
            signing = transaction.begin { [key = identity.key] in
                Attestation(scope: scope, sequence: last.sequence, hash: hash, key: key)
            }
        }
        let blocks = PushBlock.packed(runs, in: transaction)
        var attestations = batch.attestations
        if let own = signing?() {
            try transaction.put(own)
            attestations.append(own)
        }
        let push = ScopePush(scope: scope, blocks: blocks, attestations: attestations)
        try transaction.note(pushed: Outbox.placeable(push.blocks, of: batch), of: scope)
        return (push, batch.byteCount, Set(runs.map { ReplicaID($0.feed) }))
    }

    /// Those of a push's blocks that the log may place all at once.
    private static func placeable(_ blocks: [PushBlock], of batch: CoveredBatch) throws -> [PushedBlocks.Block] {
        var first = 0
        var found: [PushedBlocks.Block] = []
        for block in blocks {
            if case .packed(let packed) = block, packed.count >= PushedBlocks.leastCount, packed.parts.isEmpty {
                found.append(PushedBlocks.Block(first: batch.items[first].dot, packed: try packed.decoded()))
            }
            first += block.count
        }
        return found
    }
}

extension StoredChange {
    /// The carried form. - Precondition: it is not a stub.
    package var carried: [UInt8] {
        guard let operations else { preconditionFailure("a stub has no carried form") }
        return Change.carried(header, operations)
    }
}
