import Causality
import Changes
import Compression

/// Why a snapshot was not taken. Nothing has changed, but for pieces that were dropped.
package enum SnapshotError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The manifest is not this hub's, or not for this scope.
    case manifest(String)
    case piece(SnapshotPiece, String)
    /// The scope has come further by itself.
    case notEmpty(ScopeID)
    /// What was written does not come to the hub's fingerprint.
    case fingerprint(ScopeID)

    package var description: String {
        switch self {
        case .manifest(let why): "the snapshot is not the hub's: \(why)"
        case .piece(.chunk(let number), let why): "chunk \(number) of the snapshot cannot be taken: \(why)"
        case .piece(.parts(let number), let why):
            "the personal parts of chunk \(number) of the snapshot cannot be taken: \(why)"
        case .notEmpty(let scope): "the scope \(scope) is not empty any more; the snapshot is of no use"
        case .fingerprint(let scope):
            "the records of the snapshot of scope \(scope) do not come to the fingerprint that the hub signed"
        }
    }
}

/// Takes a snapshot at a replica: stages its pieces as they come, each checked, and makes it the scope's base once all
/// are here.
package struct SnapshotReceiver<Transaction: ReplicaTransaction> {
    private let transaction: Transaction
    private let hubKey: PublicKey

    package init(_ transaction: Transaction, hubKey: PublicKey) {
        self.transaction = transaction
        self.hubKey = hubKey
    }

    /// Whether the scope may begin with a snapshot: nothing of it has been placed here, and it has none.
    package func isOpen(_ scope: ScopeID) throws -> Bool {
        guard let state = try transaction.scope(scope), state.position == 0 else { return false }
        return try transaction.base(of: scope) == nil
    }

    // MARK: - Fetching

    /// Takes the hub's word for what is to come. What is staged of another snapshot of the scope is dropped.
    ///
    /// - Throws: `SnapshotError`, what the store throws.
    package func begin(_ manifest: SnapshotManifest, of scope: ScopeID) throws {
        guard manifest.scope == scope else { throw SnapshotError.manifest("it is of another scope") }
        do { try manifest.verify(hubKey) } catch {
            throw SnapshotError.manifest("its signature does not hold")
        }
        guard try isOpen(scope) else { throw SnapshotError.notEmpty(scope) }
        try transaction.put(HeldSnapshot(manifest), of: scope)
    }

    /// The pieces that are still to come, in the order in which they are fetched.
    package func missing(of scope: ScopeID) throws -> [SnapshotPiece] {
        guard let held = try transaction.snapshot(of: scope), !held.isBase else { return [] }
        return try held.manifest.pieces.filter { try !transaction.holds($0, of: scope) }
    }

    /// Keeps a piece where it is the one that is meant.
    ///
    /// - Throws: `SnapshotError`, what the store throws.
    package func add(_ bytes: [UInt8], as piece: SnapshotPiece, of scope: ScopeID) throws {
        guard let manifest = try transaction.snapshot(of: scope)?.manifest, manifest.pieces.contains(piece) else {
            throw SnapshotError.piece(piece, "the snapshot has none such")
        }
        switch piece {
        case .chunk(let number):
            guard Hash256.sha256(bytes) == manifest.chunks[number].hash else {
                throw SnapshotError.piece(piece, "its hash is not the one that the hub signed")
            }
        case .parts(let number):
            guard let chunk = try transaction.snapshotPiece(.chunk(number), of: scope) else {
                throw SnapshotError.piece(piece, "the chunk did not come before")
            }
            _ = try parts(
                bytes, of: try SnapshotPiece.chunk(number).unpacked { try SnapshotBlock(compressed: chunk) }, number,
                scope)
        }
        try transaction.put(bytes, as: piece, of: scope)
    }

    // MARK: - Taking

    /// Makes what is staged the scope's base: records, log rows, parts, feeds, position and history together.
    ///
    /// - Returns: how many records it brought.
    /// - Throws: `SnapshotError`, what the store throws; the transaction must then be given up.
    @discardableResult
    package func install(_ scope: ScopeID) throws -> Int {
        guard var state = try transaction.scope(scope), let held = try transaction.snapshot(of: scope), !held.isBase,
            try isOpen(scope)
        else { throw SnapshotError.notEmpty(scope) }
        let manifest = held.manifest
        do { try manifest.verify(hubKey) } catch {
            throw SnapshotError.manifest("its signature does not hold")
        }
        let waiting = try waitingRecords(of: scope)
        for record in waiting { try transaction.clear(record, of: scope) }
        try checkChunks(of: manifest)
        try transaction.put(HeldSnapshot(manifest, isBase: true), of: scope)
        var count = 0
        var last: RecordID?
        // While one is taken, the next ones are unpacked, or waited for: of the larger ones nothing can be taken before it is whole.
        var begun: [(@Sendable () -> Result<UnpackedChunk, any Error>)?] = []
        for (number, chunk) in manifest.chunks.enumerated() {
            while begun.count <= number + SnapshotLimits.chunksAhead {
                begun.append(try unpack(begun.count, of: manifest))
            }
            if let unpacked = begun[number].take() {
                count += try installRecords(number, chunk, try unpacked().get(), of: scope, after: &last)
            } else {
                try installOrder(number, of: scope)
            }
        }
        guard try transaction.fingerprint(of: scope).hash == manifest.fingerprint else {
            throw SnapshotError.fingerprint(scope)
        }
        state.position = manifest.position
        state.history = manifest.receipt.history
        state.foldedPosition = manifest.position
        try transaction.put(state)
        try transaction.put(manifest.receipt)
        var clock = try transaction.clock()
        clock.observe(effective: manifest.clock)
        try transaction.put(clock)
        let folder = RecordFolder(transaction)
        for record in waiting { try folder.refold(record, of: scope) }
        return count
    }

    private func checkChunks(of manifest: SnapshotManifest) throws {
        for (number, chunk) in manifest.chunks.enumerated() {
            let piece = SnapshotPiece.chunk(number)
            guard let bytes = try transaction.snapshotPiece(piece, of: manifest.scope) else {
                throw SnapshotError.piece(piece, "it did not come")
            }
            guard Hash256.sha256(bytes) == chunk.hash else {
                throw SnapshotError.piece(piece, "its hash is not the one that the hub signed")
            }
        }
    }

    /// The records that changes without an entry touch: they are folded again from the base.
    private func waitingRecords(of scope: ScopeID) throws -> [RecordID] {
        var found: [RecordID] = []
        var seen: Set<RecordID> = []
        var after: Int64 = 0
        while true {
            let changes = try transaction.unplaced(of: scope, after: after, limit: SnapshotLimits.step)
            guard let last = changes.last else { return found }
            for change in changes {
                guard let bytes = change.operations else { continue }
                let ids = try EncodedOperations(bytes).recordIDs(in: scope, change: change.hash.short)
                for id in ids where seen.insert(id).inserted { found.append(id) }
            }
            after = last.order
        }
    }

    private func installOrder(_ number: Int, of scope: ScopeID) throws {
        guard let bytes = try transaction.snapshotPiece(.chunk(number), of: scope) else { return }
        let order = try SnapshotPiece.chunk(number).unpacked { try SnapshotOrder(compressed: bytes) }
        for head in order.heads {
            // A feed that waits here and is included there: what of it is new cannot be told.
            guard try transaction.feed(head.feed, of: scope) == nil else { throw SnapshotError.notEmpty(scope) }
            try transaction.put(head, of: scope)
        }
        for change in order.unfolded {
            try transaction.quarantine(change.dot, of: scope, reason: change.reason.string)
        }
    }

    /// Unpacks a chunk while those before it are taken; nil where it is none of records.
    private func unpack(
        _ number: Int, of manifest: SnapshotManifest
    ) throws -> (@Sendable () -> Result<UnpackedChunk, any Error>)? {
        let (scope, piece) = (manifest.scope, SnapshotPiece.chunk(number))
        guard number < manifest.chunks.count, manifest.chunks[number].first != nil else { return nil }
        guard let bytes = try transaction.snapshotPiece(piece, of: scope) else {
            throw SnapshotError.piece(piece, "it did not come")
        }
        return transaction.begin { Result { try UnpackedChunk(bytes, number: number, of: scope) } }
    }

    private func installRecords(
        _ number: Int, _ chunk: SnapshotManifest.Chunk, _ unpacked: UnpackedChunk, of scope: ScopeID,
        after last: inout RecordID?
    ) throws -> Int {
        let piece = SnapshotPiece.chunk(number)
        let (block, records) = (unpacked.block, unpacked.records)
        guard UInt64(records.count) == chunk.records, records.first?.id == chunk.first,
            UInt64(block.parts.count) == chunk.parts
        else { throw SnapshotError.piece(piece, "it does not hold what the hub said") }
        try transaction.keep(block, as: number, of: scope)
        for (id, _) in records {
            if let last, last >= id { throw SnapshotError.piece(piece, "its records are not those of its place") }
            last = id
        }
        try transaction.put(unpacked, of: scope)
        if !block.parts.isEmpty {
            guard let bytes = try transaction.snapshotPiece(.parts(number), of: scope) else {
                throw SnapshotError.piece(.parts(number), "they did not come")
            }
            for (part, body) in zip(block.parts, try parts(bytes, of: block, number, scope)) {
                try transaction.put(part: body, part, of: scope)
            }
            // They lie with the other parts from now on, where erasing finds them.
            try transaction.removeSnapshotPiece(.parts(number), of: scope)
        }
        try transaction.settle()
        return records.count
    }

    // MARK: - Unpacking

    private func parts(
        _ bytes: [UInt8], of block: SnapshotBlock, _ number: Int, _ scope: ScopeID
    ) throws -> [[UInt8]?] {
        let parts: [[UInt8]?]
        do {
            parts = try SnapshotParts.decode(try Zstd.decompress(bytes, limit: .bytesPerSnapshotChunk))
        } catch {
            throw SnapshotError.piece(.parts(number), "\(error)")
        }
        guard parts.count == block.parts.count else {
            throw SnapshotError.piece(.parts(number), "there are not as many as the chunk commits to")
        }
        for (part, body) in zip(block.parts, parts) {
            guard let body, !part.isKept(by: body, scope: scope) else { continue }
            throw SnapshotError.piece(.parts(number), "one is not the part that \(part.dot) commits to")
        }
        return parts
    }
}

extension SnapshotManifest {
    /// What is to be fetched, in this order: parts come after the chunk that commits to them.
    package var pieces: [SnapshotPiece] {
        chunks.enumerated().flatMap { number, chunk in
            chunk.parts > 0 ? [SnapshotPiece.chunk(number), .parts(number)] : [.chunk(number)]
        }
    }
}
