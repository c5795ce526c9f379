import Causality
import Changes
import Replication

/// A hub without sockets: request bytes in, answer bytes out.
package final class InMemoryHub<Store: HubStore> {
    package let chain: ChainID
    package let key: SigningKey
    package let store: FlakyStore<Store>
    package var schemas: [Schema]
    /// Its clock, milliseconds since 1970.
    package var now: Int64

    package init(_ store: Store, chain: ChainID = ChainID(high: 7, low: 7), schemas: [Schema] = [], now: Int64) {
        self.store = FlakyStore(store)
        self.chain = chain
        self.schemas = schemas
        self.now = now
        key = ContractAuthor.key(255)
    }

    package func addScope(_ name: Text) throws -> ScopeIntroduction {
        let introduction = ScopeIntroduction(name: name, seed: chain)
        try store.base.write { try $0.put(ScopeState(introduction)) }
        return introduction
    }

    package func certify(_ identity: ReplicaIdentity, home: ScopeID, grants: [Grant]) throws -> Certificate {
        let certificate = Certificate(
            chain: chain, publicKey: identity.key.publicKey, home: home, grants: grants, deviceMark: "ABC", from: 0,
            hub: key)
        try store.base.write { try $0.put(certificate) }
        return certificate
    }

    /// - Throws: `CodecError` for bytes that are no request, or what the store throws.
    package func answer(_ bytes: [UInt8], carrier: Certificate) throws -> [UInt8] {
        try exchange(bytes, carrier: carrier).response.encoded()
    }

    package func exchange(_ bytes: [UInt8], carrier: Certificate) throws -> HubExchange<FlakyStore<Store>>.Outcome {
        let request = try SyncRequest(bytes)
        try require("a request that was read and written again", request.encoded(), is: bytes)
        let incarnation = ShortHash(high: 1, low: 1)
        return try HubExchange(store, key: key, incarnation: incarnation, schemas: schemas)
            .answer(request, carrier: carrier, now: now)
    }
}
