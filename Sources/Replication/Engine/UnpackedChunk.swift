import Causality
import Changes
import Compression

/// A chunk of a snapshot's records as they are taken: by id.
struct UnpackedChunk: Sendable {
    let block: SnapshotBlock
    /// Sorted by id.
    let records: [(id: RecordID, record: SnapshotRecord)]

    /// - Parameter bytes: the chunk as it travels.
    /// - Throws: `SnapshotError`.
    init(_ bytes: [UInt8], number: Int, of scope: ScopeID) throws {
        block = try SnapshotPiece.chunk(number).unpacked { try SnapshotBlock(compressed: bytes) }
        records = block.records.map { (id: $0.id(in: scope), record: $0) }.sorted { $0.id < $1.id }
    }
}

extension SnapshotPiece {
    /// What `body` makes of the piece.
    ///
    /// - Throws: `SnapshotError` where the piece is none.
    func unpacked<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as CodecError {
            throw SnapshotError.piece(self, error.description)
        } catch let error as ZstdError {
            throw SnapshotError.piece(self, error.description)
        }
    }
}
