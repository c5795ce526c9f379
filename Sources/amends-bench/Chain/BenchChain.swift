import Causality
import Changes
import Compression
import Replication
import SQLiteKit
import SQLiteStore
import ServiceRecovery
import SyncHTTP

/// A chain of one scope and its hub, as the sync requests meet it: bytes in, bytes out, no sockets.
final class BenchChain {
    let store: SQLiteStore
    /// What the hub's clock says; all of the trace has happened by then.
    let now: Int64
    private let exchange: HubExchange<SQLiteStore>

    static let chain = ChainID(high: 1, low: 1)
    static let scope = ScopeIntroduction(name: "branch/bench", seed: chain)
    static let schemas = [IncidentWorkloadSchema.schema]
    static let hubKey = key(255)

    /// - Parameter path: the hub's file; its time is never measured, so that it does not wait for the disk.
    init(path: String, now: Int64) throws {
        self.now = now
        store = try SQLiteStore(
            path: path, schemas: [], durability: .normal, cacheKiB: Connection.defaultCacheKiB)
        try store.write { try $0.put(ScopeState(BenchChain.scope)) }
        exchange = HubExchange(
            store, key: BenchChain.hubKey, incarnation: ShortHash(high: 1, low: 1), schemas: BenchChain.schemas)
    }

    /// The same number, the same key.
    static func key(_ number: UInt8) -> SigningKey {
        guard let key = try? SigningKey(seed: Array(repeating: number, count: 32)) else {
            preconditionFailure("32 bytes are a seed")
        }
        return key
    }

    /// The hub's word on a replica: it may read and write the scope.
    static func certificate(of identity: ReplicaIdentity) -> Certificate {
        Certificate(
            chain: chain, publicKey: identity.key.publicKey, home: scope.scope,
            grants: [Grant(scope: scope.scope, rights: [.read, .write])], deviceMark: "AAA", from: 0, hub: hubKey)
    }

    func certify(_ identity: ReplicaIdentity) throws {
        try store.write { try $0.put(BenchChain.certificate(of: identity)) }
    }

    /// One request, as the hub takes and answers it.
    func answer(_ body: [UInt8], from identity: ReplicaIdentity) throws -> [UInt8] {
        let request = try SyncRequest(try WireBody.unpack(body))
        let outcome = try exchange.answer(request, carrier: BenchChain.certificate(of: identity), now: now)
        return WireBody.pack(outcome.response.encoded())
    }

    func close() throws { try store.close() }
}

/// Bodies as they travel: compressed, but for the smallest.
enum WireBody {
    static func pack(_ bytes: [UInt8]) -> [UInt8] {
        bytes.count >= SyncMedia.leastCompressedBytes ? Zstd.compress(bytes) : bytes
    }

    static func unpack(_ body: [UInt8]) throws -> [UInt8] {
        guard body.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) else { return body }
        return try Zstd.decompress(body, limit: .decodedSyncResponseBytes)
    }
}
