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
    /// What it has made, by scope, with the chunks; dropped at will.
    package var snapshots: [ScopeID: (manifest: SnapshotManifest, chunks: [[UInt8]])] = [:]
    /// About how large a chunk is: small, so that a few records make several.
    package var chunkBytes = 600
    /// A shorter order is not worth a snapshot.
    package var leastSnapshotEntries: UInt64 = 1

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

    /// The snapshot that it has, or makes.
    ///
    /// - Returns: nil where the order is short.
    package func snapshot(of scope: ScopeID) throws -> SnapshotManifest? {
        if let made = snapshots[scope] { return made.manifest }
        let position = try store.base.write { transaction in
            try OrderFolder(transaction).catchUp(scope)
            return try transaction.scope(scope)?.position ?? 0
        }
        guard position >= leastSnapshotEntries else { return nil }
        var chunks: [[UInt8]] = []
        let manifest = try store.base.read { transaction in
            try SnapshotMaker(
                transaction, key: key, incarnation: ShortHash(high: 1, low: 1), now: now, chunkBytes: chunkBytes
            ).make(of: scope) { _, bytes in chunks.append(bytes) }
        }
        snapshots[scope] = (manifest, chunks)
        return manifest
    }

    /// A piece of the snapshot of this id; nil where it is not held any more.
    package func piece(_ piece: SnapshotPiece, of id: ShortHash, scope: ScopeID) throws -> [UInt8]? {
        guard let made = snapshots[scope], made.manifest.id == id else { return nil }
        switch piece {
        case .chunk(let number): return made.chunks[number]
        case .parts(let number):
            let block = try SnapshotBlock(compressed: made.chunks[number])
            return try store.base.read { try $0.snapshotParts(of: block, scope: scope) }
        }
    }

    /// - Throws: `CodecError` for bytes that are no request, or what the store throws.
    package func answer(_ bytes: [UInt8], carrier: Certificate) throws -> [UInt8] {
        try exchange(bytes, carrier: carrier).response.encoded()
    }

    package func exchange(_ bytes: [UInt8], carrier: Certificate) throws -> HubExchange<FlakyStore<Store>>.Outcome {
        let request = try SyncRequest(bytes)
        try require("a request that was read and written again", request.encoded(), is: bytes)
        let incarnation = ShortHash(high: 1, low: 1)
        // Half of the requests come taken apart, wholly or in part, as a server has them.
        var checked = CheckedRequest()
        if bytes.count % 2 == 0 { checked.unpack(request, limit: bytes.count % 4 == 0 ? 4_096 : .max) }
        return try HubExchange(store, key: key, incarnation: incarnation, schemas: schemas)
            .answer([HubExchange.Member(request, carrier: carrier, checked: checked)], now: now)[0].get()
    }
}
