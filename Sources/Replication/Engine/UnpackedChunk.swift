import Causality
import Changes
import Compression

/// A chunk of a snapshot's records as they are taken: by id.
package struct UnpackedChunk: Sendable {
    package let block: SnapshotBlock
    /// Sorted by id, and where each lies in the block.
    package let records: [(id: RecordID, index: Int)]

    /// - Parameter bytes: the chunk as it travels.
    /// - Throws: `SnapshotError`.
    init(_ bytes: [UInt8], number: Int, of scope: ScopeID) throws {
        let block = try SnapshotPiece.chunk(number).unpacked { try SnapshotBlock(compressed: bytes) }
        self.block = block
        var places: [(id: RecordID, index: Int)] = []
        places.reserveCapacity(block.records.count)
        // A span lends them, and no more is taken than the origin: a copy of each record would be counted.
        let records = block.records.span
        for index in records.indices { places.append((records[index].origin.recordID(in: scope), index)) }
        self.records = places.sorted { $0.id < $1.id }
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
