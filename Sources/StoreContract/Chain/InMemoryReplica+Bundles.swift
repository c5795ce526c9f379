import Causality
import Changes
import Replication

extension InMemoryReplica {
    /// Brings all that this replica has of its scopes to another one, as a file: made, written, read and applied by the
    /// code that ships.
    package func bundle(to other: InMemoryReplica<Store>) throws -> BundleReceiver<FlakyStore<Store>>.Outcome {
        let made = try store.write { transaction in
            try BundleMaker(transaction, identity: identity) { author in
                try self.hub.store.base.read { try $0.certificate(of: author) }
            }.make(chain: hub.chain)
        }
        let bytes = made.encoded()
        let read = try SyncBundle(bytes)
        try require("a bundle that was read and written again", read.encoded(), is: bytes)
        return try BundleReceiver(other.store, hubKey: hub.key.publicKey, own: other.certificate)
            .apply(read, chain: hub.chain)
    }
}
