import Changes

/// Attestations of one author whose signatures were checked before the transaction that takes them: a signature takes
/// longer to check than a change takes to store, and needs nothing of the store.
package struct CheckedAttestations: Sendable {
    private var key: PublicKey?
    private var attestations: Set<Attestation> = []

    /// None.
    package init() {}

    /// Checks the last word of `key`'s owner in each push of a request. One that is not good is left to the transaction
    /// to refuse.
    ///
    /// - Complexity: one signature a push.
    package init(of request: SyncRequest, by key: PublicKey) {
        self.key = key
        let replica = key.replica
        for push in request.pushes {
            let own = push.attestations.filter { $0.replica == replica && $0.scope == push.scope }
            guard let last = own.max(by: { $0.sequence < $1.sequence }) else { continue }
            do { try last.verify(key) } catch { continue }
            attestations.insert(last)
        }
    }

    /// Whether the very bytes were checked with this key.
    func contains(_ attestation: Attestation, by key: PublicKey) -> Bool {
        self.key == key && attestations.contains(attestation)
    }
}
