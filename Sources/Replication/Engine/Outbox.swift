import Causality
import Changes

/// How much one request carries.
package struct PushLimits: Hashable, Sendable {
    package var changes: Int
    package var bytes: Int
    /// Scopes are listed one by one up to this many; more stand under one digest until something differs.
    package var listedScopes: Int

    package init(changes: Int = 5_000, bytes: Int = 1 << 20, listedScopes: Int = 2) {
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
    ///
    /// - Parameter listAll: list every scope, because the digest did not match.
    package func request(
        limits: PushLimits, page: PageLimits, listAll: Bool
    ) throws -> (request: SyncRequest, sent: Int) {
        let scopes = try transaction.scopes()
        var pushes: [ScopePush] = []
        var sent = 0
        var rest = limits
        for scope in scopes {
            guard rest.changes > 0, rest.bytes > 0 else { break }
            let (push, bytes) = try push(of: scope.id, limits: rest)
            guard let push else { continue }
            pushes.append(push)
            sent += push.changeCount
            rest.changes -= push.changeCount
            rest.bytes -= bytes
        }
        let pushed = Set(pushes.map(\.scope))
        let listed = listAll || scopes.count <= limits.listedScopes
            ? Array(scopes.prefix(Limit.scopesPerMessage.value)) : scopes.filter { pushed.contains($0.id) }
        let others = listAll ? [] : scopes.filter { scope in !listed.contains { $0.id == scope.id } }
        let digest = others.isEmpty
            ? nil
            : ScopeHello.digest(
                others.map { (scope: $0.id, position: $0.position, history: $0.history) })
        return (
            SyncRequest(
                limits: page, hellos: try listed.map { try hello(of: $0) }, restDigest: digest, pushes: pushes), sent
        )
    }

    private func hello(of scope: ScopeState) throws -> ScopeHello {
        var foreign: [FeedID: ChangeReference] = [:]
        for change in try transaction.unplaced(of: scope.id, after: 0, limit: Limit.foreignHeads.value)
        where change.dot.feed != identity.feed {
            foreign[change.dot.feed] = ChangeReference(dot: change.dot, hash: change.hash.short)
        }
        let own = try transaction.feed(identity.feed, of: scope.id)
        return ScopeHello(
            scope: scope.id, position: scope.position, history: scope.history,
            ownHead: own.flatMap { $0.sequence > 0 ? $0.head : nil },
            foreignHeads: foreign.values.sorted { $0.dot < $1.dot })
    }

    /// The unplaced changes of a scope up to the limits, cut where every foreign feed is covered by its author's word.
    private func push(of scope: ScopeID, limits: PushLimits) throws -> (push: ScopePush?, bytes: Int) {
        let batch = try CoveredBatch(
            transaction, scope: scope, own: identity.replica, limits: limits
        )
        guard !batch.changes.isEmpty else { return (nil, 0) }
        var runs: [ChangeRun] = []
        var pending: [CarriedChange] = []
        var first: Dot?
        func flush() {
            if let first { runs.append(ChangeRun(feed: first.feed, first: first.sequence, changes: pending)) }
            pending = []
        }
        var bytes = 0
        for change in batch.changes {
            let carried = CarriedChange(
                bytes: change.carried, parts: try transaction.parts(of: change.dot, scope: scope))
            bytes += carried.byteCount
            if let start = first, start.feed == change.dot.feed,
                start.sequence + UInt64(pending.count) == change.dot.sequence
            {
                pending.append(carried)
            } else {
                flush()
                first = change.dot
                pending = [carried]
            }
        }
        flush()
        var attestations = batch.attestations
        if let last = batch.changes.last(where: { $0.dot.feed == identity.feed }) {
            let own = Attestation(scope: scope, sequence: last.dot.sequence, hash: last.hash, key: identity.key)
            try transaction.put(own)
            attestations.append(own)
        }
        return (ScopePush(scope: scope, runs: runs, attestations: attestations), bytes)
    }
}

/// Unplaced changes of a scope in order, from the first, so many that each foreign feed among them ends where its
/// author has attested it.
struct CoveredBatch {
    private(set) var changes: [StoredChange] = []
    /// Of foreign authors, one for each of their feeds.
    private(set) var attestations: [Attestation] = []

    init(
        _ log: some ChangeLog, scope: ScopeID, own: ReplicaID?, limits: PushLimits
    ) throws {
        /// For each foreign feed among the changes, the attestation that must be reached.
        var needed: [FeedID: Attestation] = [:]
        var reached: [FeedID: UInt64] = [:]
        var bytes = 0
        var after: Int64 = 0
        var covered = 0
        reading: while true {
            let step = try log.unplaced(of: scope, after: after, limit: CoveredBatch.step)
            for change in step {
                let isComplete = needed.allSatisfy { (reached[$0.key] ?? 0) >= $0.value.sequence }
                if isComplete { covered = changes.count }
                if isComplete, !changes.isEmpty, changes.count >= limits.changes || bytes >= limits.bytes {
                    break reading
                }
                let feed = change.dot.feed
                if own.map({ feed != FeedID($0) }) ?? true, (needed[feed]?.sequence ?? 0) < change.dot.sequence {
                    guard
                        let attestation = try log.attestation(
                            of: ReplicaID(feed), scope: scope, covering: change.dot.sequence)
                    else { break reading }
                    needed[feed] = attestation
                }
                reached[feed] = change.dot.sequence
                changes.append(change)
                bytes += change.operations?.count ?? 0
                after = change.order
            }
            if step.count < CoveredBatch.step { break }
        }
        if needed.allSatisfy({ (reached[$0.key] ?? 0) >= $0.value.sequence }) { covered = changes.count }
        changes.removeLast(changes.count - covered)
        let feeds = Set(changes.map(\.dot.feed))
        attestations = needed.filter { feeds.contains($0.key) }.values.sorted { $0.replica < $1.replica }
    }

    /// Changes read at a time.
    private static var step: Int { 1_000 }
}

extension StoredChange {
    /// The carried form. - Precondition: it is not a stub.
    package var carried: [UInt8] {
        guard let operations else { preconditionFailure("a stub has no carried form") }
        return Change(header: header, operations: operations).carried()
    }
}
