import Causality
import Changes

/// Applies a bundle at a replica, only where the replica has a grant: of each scope the order whole or not at all, and what has no
/// entry whole or not at all.
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
        /// Scopes that this replica may not read.
        package var leftOut: [ScopeID] = []
        /// Scopes that were not to be taken; or of which the order begins too late for this replica, and
        /// only what has no entry was taken.
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
                    outcome.leftOut.append(scope.introduction.scope)
                    continue
                }
                let taken = try store.write { transaction in
                    try apply(scope, certificates, transaction)
                }
                outcome.received += taken.received
                outcome.applied += taken.applied
                outcome.refusals += taken.refusals
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
    ) throws -> Outcome {
        let id = scope.introduction.scope
        if try transaction.scope(id) == nil {
            guard scope.introduction == ScopeIntroduction(name: scope.introduction.name, seed: scope.introduction.seed)
            else { throw Refusal(.malformed, "the scope \(id) is not the one that its name gives") }
            try transaction.put(ScopeState(scope.introduction))
        }
        var outcome = Outcome()
        if let page = scope.page {
            do {
                let page = try PageReceiver(transaction, hubKey: hubKey, own: FeedID(own.replica)).apply(page, of: id)
                outcome.received += page.received
                outcome.applied += page.entries
            } catch PageError.gap(_, let after, let position) {
                outcome.refusals.append(
                    ScopeRefusal(scope: id, refusal: BundleReceiver.gap(after: after, position: position)))
            }
        }
        guard let push = scope.push else { return outcome }
        guard push.scope == id else { throw Refusal(.malformed, "a push is for another scope than it lies in") }
        do {
            outcome.received += try apply(push, of: scope.introduction, certificates, transaction)
        } catch let refusal as Refusal {
            // Where it follows on changes that this replica lacks as well, where these come from is what helps.
            let follows = [.gap, .missingContext, .shownNotSeen].contains(refusal.code)
            throw follows ? outcome.refusals.first?.refusal ?? refusal : refusal
        }
        return outcome
    }

    private static func gap(after: UInt64, position: UInt64) -> Refusal {
        Refusal(
            .gap,
            """
            the bundle has the changes after the first \(after), and this replica has come to \(position); synchronise with \
            the hub, which has those between, and apply it again
            """)
    }

    /// Takes changes that have no entry.
    ///
    /// - Returns: how many were not here before.
    private func apply(
        _ push: ScopePush, of introduction: ScopeIntroduction, _ certificates: [ReplicaID: Certificate],
        _ transaction: Store.Transaction
    ) throws -> Int {
        let id = introduction.scope
        var received = 0
        let verifier = PushVerifier(transaction) { certificates[$0] }
        let folder = RecordFolder(transaction)
        for (changes, author) in try verifier.verify(push, in: introduction) {
            guard case .one(let change, let operations, let parts) = changes else {
                preconditionFailure("blocks are for who takes them")
            }
            guard author.rights(in: id).contains(.write) else {
                throw Refusal(.noGrant, "the author of \(change.dot) may not write in \(introduction.name)")
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
        try keepCertificates(of: push, certificates, transaction)
        try transaction.resume(FeedID(own.replica), of: id)
        return received
    }

    /// Whoever carries changes on shows who their authors are, and the directory may not tell yet; an earlier program took changes
    /// without that.
    private func keepCertificates(
        of push: ScopePush, _ certificates: [ReplicaID: Certificate], _ transaction: Store.Transaction
    ) throws {
        for author in Set(push.attestations.map(\.replica)).sorted() where author != own.replica {
            guard let bytes = certificates[author]?.encoded() else { continue }
            if try transaction.setting(.certificate(of: author)) != bytes {
                try transaction.put(bytes, for: .certificate(of: author))
            }
        }
    }
}
