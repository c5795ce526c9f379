import Causality
import Changes
import Compression
import Replication
import SQLiteKit
import SQLiteStore

/// The snapshot by which an empty replica comes to hold the final state: made once, taken many times.
struct RecordedSnapshot {
    /// As they travel.
    let manifest: [UInt8]
    let pieces: [(piece: SnapshotPiece, bytes: [UInt8])]
    let end: BenchReplica.Standing
    /// What making it took, with everything folded before.
    let makingSeconds: Double

    var byteCount: Int { pieces.reduce(manifest.count) { $0 + $1.bytes.count } }

    /// What the chunks' records take by themselves, compressed: the rest is who wrote them, commitments and the order.
    func recordBytes() throws -> Int {
        let manifest = try SnapshotManifest(manifest)
        return try pieces.reduce(0) { sum, piece in
            guard case .chunk(let number) = piece.piece, manifest.chunks[number].first != nil else { return sum }
            let block = try SnapshotBlock(compressed: piece.bytes)
            return sum + Zstd.compress(SnapshotChunk.encode(block.records)).count
        }
    }

    /// One author records the trace, the hub takes it, folds it and makes the snapshot.
    init(of trace: Trace, in workspace: Workspace) throws {
        let chain = try BenchChain(path: workspace.path("hub.sqlite"), now: trace.end)
        let author = try BenchReplica(1, path: workspace.path("author.sqlite"), durability: .normal)
        try chain.certify(author.identity)
        try author.record(trace.events, perCommit: 100)
        try author.sync(with: chain)
        let scope = BenchChain.scope.scope
        _ = try chain.store.write { try OrderFolder($0).catchUp(scope) }
        var chunks: [[UInt8]] = []
        var made: SnapshotManifest?
        makingSeconds = try seconds {
            made = try chain.store.read { transaction in
                try SnapshotMaker(
                    transaction, key: BenchChain.hubKey, incarnation: ShortHash(high: 1, low: 1), now: trace.end
                ).make(of: scope) { _, bytes in chunks.append(bytes) }
            }
        }
        guard let made else { preconditionFailure("a snapshot was made") }
        manifest = made.encoded()
        pieces = try made.pieces.map { piece in
            switch piece {
            case .chunk(let number): (piece, chunks[number])
            case .parts(let number):
                (
                    piece,
                    try chain.store.read {
                        try $0.snapshotParts(of: try SnapshotBlock(compressed: chunks[number]), scope: scope)
                    }
                )
            }
        }
        end = try author.standing()
        try author.close()
        try chain.close()
        for path in [author.path, chain.store.path] { try workspace.discard(path) }
    }
}

extension BenchReplica {
    /// Begins with a snapshot whose bytes are in memory, in one transaction: verified, written, durable.
    func take(_ snapshot: RecordedSnapshot) throws {
        let manifest = try SnapshotManifest(snapshot.manifest)
        try store.write { transaction in
            let receiver = SnapshotReceiver(transaction, hubKey: BenchChain.hubKey.publicKey)
            try receiver.begin(manifest, of: manifest.scope)
            for (piece, bytes) in snapshot.pieces { try receiver.add(bytes, as: piece, of: manifest.scope) }
            try receiver.install(manifest.scope)
        }
    }
}
