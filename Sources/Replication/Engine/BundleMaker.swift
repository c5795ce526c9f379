import Causality
import Changes

/// Puts into a bundle what this replica has: of each scope the order up to the hub's last receipt, and what is unplaced.
package struct BundleMaker<Transaction: ReplicaTransaction> {
    private let transaction: Transaction
    private let identity: ReplicaIdentity
    private let certificate: (ReplicaID) throws -> Certificate?

    /// - Parameter certificate: the hub's certificate of a replica, own or foreign, as the directory has it, or a bundle brought it.
    package init(
        _ transaction: Transaction, identity: ReplicaIdentity, certificate: @escaping (ReplicaID) throws -> Certificate?
    ) {
        self.transaction = transaction
        self.identity = identity
        self.certificate = certificate
    }

    /// - Parameter entries: how many of the last entries of each scope to take along at most.
    /// - Throws: `Refusal` where an author's certificate is not known; what the store throws.
    package func make(chain: ChainID, entries limit: Int = Limit.entriesPerPage.value) throws -> SyncBundle {
        guard let own = try certificate(identity.replica) else {
            throw Refusal(.unknownAuthor, "this replica has no certificate yet")
        }
        var scopes: [SyncBundle.BundledScope] = []
        var authors: Set<ReplicaID> = []
        let outbox = Outbox(transaction, identity: identity)
        for scope in try transaction.scopes() {
            let push = try outbox.push(
                of: scope.id, limits: PushLimits(changes: .max, bytes: Limit.bytesPerBundle.value))
            authors.formUnion(push?.authors ?? [])
            scopes.append(
                SyncBundle.BundledScope(
                    introduction: scope.introduction, page: try page(of: scope, limit: limit), push: push?.push))
        }
        let certificates = try authors.sorted().map { author in
            guard let certificate = try certificate(author) else {
                throw Refusal(.unknownAuthor, "no certificate is known for \(author); synchronise with the hub first")
            }
            return certificate
        }
        return SyncBundle(
            chain: chain, creator: own, certificates: certificates, scopes: scopes, key: identity.key)
    }

    private func page(of scope: ScopeState, limit: Int) throws -> Page? {
        guard let receipt = try transaction.receipt(of: scope.id), receipt.position == scope.position else {
            return nil
        }
        let base = try transaction.base(of: scope.id)?.position ?? 0
        let first = max(base, scope.position - min(scope.position, UInt64(limit)))
        let entries = try transaction.entries(of: scope.id, after: first, limit: limit).map {
            try transaction.paged($0.entry, scope: scope.id, held: [:]).0
        }
        return Page(receipt: receipt, entries: entries, hasMore: false)
    }
}

extension ChangeLog {
    /// The receipt up to which the scope's order was applied last.
    package func receipt(of scope: ScopeID) throws -> Receipt? {
        guard let bytes = try setting(.receipt(of: scope)) else { return nil }
        var reader = ByteReader(bytes)
        let receipt = try Receipt(from: &reader)
        try reader.finish()
        return receipt
    }

    package func put(_ receipt: Receipt) throws {
        var writer = ByteWriter(reserving: 160)
        receipt.encode(into: &writer)
        try put(writer.bytes, for: .receipt(of: receipt.scope))
    }
}

extension SettingKey {
    package static func receipt(of scope: ScopeID) -> SettingKey { SettingKey(rawValue: "receipt \(scope)") }

    /// The hub's certificate of another replica, from a bundle that was taken: it goes along where that one's changes are carried on.
    package static func certificate(of replica: ReplicaID) -> SettingKey {
        SettingKey(rawValue: "certificate \(replica)")
    }
}
