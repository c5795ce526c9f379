import Causality
import Changes
import Compression

/// A snapshot as it is kept: while it is fetched, and then as what the scope's records stand on.
package struct HeldSnapshot: Hashable, Sendable {
    package let manifest: SnapshotManifest
    /// Whether the scope's records stand on it; else it is being fetched.
    package var isBase: Bool

    package init(_ manifest: SnapshotManifest, isBase: Bool = false) {
        self.manifest = manifest
        self.isBase = isBase
    }
}

/// What of a snapshot travels by itself.
package enum SnapshotPiece: Hashable, Sendable {
    /// A chunk, by its index in the manifest.
    case chunk(Int)
    /// The personal parts that belong to a chunk.
    case parts(Int)
}

/// Snapshots, inside the same transaction as the log and the records. A scope has at most one.
///
/// Where it is the base, everything up to its position is known by it alone: `changes`, `entries` and `history` begin
/// after it, and pasts go through it.
package protocol SnapshotStore: AnyObject {
    func snapshot(of scope: ScopeID) throws -> HeldSnapshot?
    /// Takes the place of what is held of the scope; pieces stay only where the manifest is the same.
    func put(_ snapshot: HeldSnapshot, of scope: ScopeID) throws
    /// Removes the scope's snapshot with its pieces.
    func removeSnapshot(of scope: ScopeID) throws

    /// Keeps a piece as it came.
    func put(_ bytes: [UInt8], as piece: SnapshotPiece, of scope: ScopeID) throws
    func snapshotPiece(_ piece: SnapshotPiece, of scope: ScopeID) throws -> [UInt8]?
    func holds(_ piece: SnapshotPiece, of scope: ScopeID) throws -> Bool
    func removeSnapshotPiece(_ piece: SnapshotPiece, of scope: ScopeID) throws

    /// A chunk of records of the scope's base, unpacked. One that was read lately is kept.
    ///
    /// - Throws: where it is not there, or its bytes are none.
    func baseBlock(_ number: Int, of scope: ScopeID) throws -> SnapshotBlock
    /// The same chunk, where somebody has unpacked it: it need not be unpacked once more for who asks next.
    func keep(_ block: SnapshotBlock, as number: Int, of scope: ScopeID) throws
    /// How far a feed is included in the scope's base; nil where it is not.
    func baseHead(of feed: FeedID, scope: ScopeID) throws -> SnapshotOrder.Head?

    /// A feed whose changes up to `head` the base includes. It is not known yet.
    func put(_ head: SnapshotOrder.Head, of scope: ScopeID) throws
    /// A personal part of a change that the base includes; nil where it is not held. One that is there stays.
    func put(part bytes: [UInt8]?, _ part: SnapshotBlock.Part, of scope: ScopeID) throws

    /// What was put of the past of each change with a context, by feed and sequence.
    func knots(of scope: ScopeID) throws -> [SnapshotOrder.FeedKnot]
    /// Writes what is held back of records, and lets go of what was kept in memory of them.
    func settle() throws
}

extension SnapshotStore {
    /// What the scope's records stand on; nil where that is the changes alone.
    package func base(of scope: ScopeID) throws -> SnapshotManifest? {
        guard let held = try snapshot(of: scope), held.isBase else { return nil }
        return held.manifest
    }

    /// What the base holds of a record.
    package func baseRecord(_ id: RecordID, of scope: ScopeID) throws -> SnapshotRecord? {
        guard let number = try base(of: scope)?.chunk(holding: id) else { return nil }
        return try baseBlock(number, of: scope).records.first { $0.id(in: scope) == id }
    }

    /// Who made a change that the base includes and that the record names.
    package func baseHeading(of dot: Dot, in record: RecordID, scope: ScopeID) throws -> SnapshotHeading? {
        guard let number = try base(of: scope)?.chunk(holding: record) else { return nil }
        return try baseBlock(number, of: scope).headings[dot]
    }

    /// Whether the base includes a change: then nothing but what its records say of it is here.
    package func isIncluded(_ dot: Dot, of scope: ScopeID) throws -> Bool {
        try baseHead(of: dot.feed, scope: scope).map { dot.sequence <= $0.sequence } ?? false
    }
}

extension SnapshotBlock {
    /// Unpacks a chunk of records as it travels.
    ///
    /// - Throws: `CodecError`, `ZstdError`.
    package init(compressed bytes: [UInt8]) throws {
        try self.init(try Zstd.decompress(bytes, limit: .bytesPerSnapshotChunk))
    }
}

extension SnapshotOrder {
    /// Unpacks a chunk of the order as it travels.
    ///
    /// - Throws: `CodecError`, `ZstdError`.
    package init(compressed bytes: [UInt8]) throws {
        try self.init(try Zstd.decompress(bytes, limit: .bytesPerSnapshotChunk))
    }
}
