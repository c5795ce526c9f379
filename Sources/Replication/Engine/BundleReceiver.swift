import Causality
import Changes

/// Applies a bundle at a replica: each scope whole or not at all, only where the replica has a grant.
package struct BundleReceiver<Store: ReplicaStore> {
    private let store: Store
    private let hubKey: PublicKey
    private let own: Certificate

    package init(_ store: Store, hubKey: PublicKey, own: Certificate) {
        self.store = store
        self.hubKey = hubKey
        self.own = own
    }

    package struct Outcome: Equatable, Sendable {
        /// Changes that were not held before.
        package var received = 0
        /// Entries of the order applied.
        package var applied = 0
        /// Scopes that were left out: no grant, or not to be taken.
        package var refusals: [ScopeRefusal] = []
    }

    /// - Throws: `Refusal` where the bundle as a whole is not to be trusted, or is of another chain; nothing has changed
    ///   then. What the store throws.
    package func apply(_ bundle: SyncBundle, chain: ChainID) throws -> Outcome {
        guard bundle.chain == chain else {
            throw Refusal(.unknownScope, "the bundle is of another chain")
        }
        do { try bundle.verify(hub: hubKey) } catch {
            throw Refusal(.unattested, "the bundle's signature, or a certificate in it, does not hold")
        }
        var certificates: [ReplicaID: Certificate] = [bundle.creator.replica: bundle.creator]
        for certificate in bundle.certificates { certificates[certificate.replica] = certificate }
        var outcome = Outcome()
        for scope in bundle.scopes {
            do {
                guard own.rights(in: scope.introduction.scope).contains(.read) else {
                    throw Refusal(.noGrant, "this replica may not read the scope \(scope.introduction.name)")
                }
                let (received, applied) = try store.write { transaction in
                    try apply(scope, certificates, transaction)
                }
                outcome.received += received
                outcome.applied += applied
            } catch let refusal as Refusal {
                outcome.refusals.append(ScopeRefusal(scope: scope.introduction.scope, refusal: refusal))
            } catch let error as PageError {
                outcome.refusals.append(
                    ScopeRefusal(
                        scope: scope.introduction.scope, refusal: Refusal(.malformed, error.description)))
            }
        }
        return outcome
    }

    private func apply(
        _ scope: SyncBundle.BundledScope, _ certificates: [ReplicaID: Certificate], _ transaction: Store.Transaction
    ) throws -> (received: Int, applied: Int) {
        let id = scope.introduction.scope
        if try transaction.scope(id) == nil {
            guard scope.introduction == ScopeIntroduction(name: scope.introduction.name, seed: scope.introduction.seed)
            else { throw Refusal(.malformed, "the scope \(id) is not the one that its name gives") }
            try transaction.put(ScopeState(scope.introduction))
        }
        var received = 0
        var applied = 0
        if let page = scope.page {
            let outcome = try PageReceiver(transaction, hubKey: hubKey, own: FeedID(own.replica)).apply(page, of: id)
            received += outcome.received
            applied += outcome.entries
        }
        guard let push = scope.push else { return (received, applied) }
        guard push.scope == id else { throw Refusal(.malformed, "a push is for another scope than it lies in") }
        let verifier = PushVerifier(transaction) { certificates[$0] }
        let folder = RecordFolder(transaction)
        for (changes, author) in try verifier.verify(push, in: scope.introduction) {
            guard case .one(let change, let operations, let parts) = changes else {
                preconditionFailure("blocks are for who takes them")
            }
            guard author.rights(in: id).contains(.write) else {
                throw Refusal(.noGrant, "the author of \(change.dot) may not write in \(scope.introduction.name)")
            }
            try verifier.checkPast(of: change, operations)
            let records = operations.recordIDs(in: id, change: change.hash.short)
            let stored = try transaction.append(change, records: records, parts: parts, placement: nil)
            var clock = try transaction.clock()
            clock.observe(unplaced: change.header.stamp)
            try transaction.put(clock)
            try folder.fold(operations, into: records, of: stored)
            received += 1
        }
        try transaction.resume(FeedID(own.replica), of: id)
        return (received, applied)
    }
}
