import Causality
import Changes
import Compression
import Replication
import SQLiteKit

/// A scope's snapshot as it is kept in memory: read once, with what was unpacked of it lately.
struct CachedSnapshot {
    var held: HeldSnapshot
    /// Where it is the base: how far it includes which feeds, and what was seen where. Nil until that was read.
    var order: (heads: [FeedID: SnapshotOrder.Head], pasts: PastIndex)?
    var lastBlock: (number: Int, block: SnapshotBlock)?
}

extension SQLiteTransaction {
    package func snapshot(of scope: ScopeID) throws -> HeldSnapshot? {
        guard let row = try heldScopeRow(scope) else { return nil }
        return try cachedSnapshot(row)?.held
    }

    private func cachedSnapshot(_ row: Int64) throws -> CachedSnapshot? {
        if let known = caches.snapshots[row] { return known }
        let read: HeldSnapshot? = try connection.withStatement(
            "SELECT manifest, is_base FROM snapshot WHERE scope = ?"
        ) { statement in
            try statement.bind(row)
            guard try statement.step() else { return nil }
            do {
                return HeldSnapshot(try SnapshotManifest(try statement.bytes(0)), isBase: try statement.bool(1))
            } catch let error as CodecError {
                throw StoredValueError(table: "snapshot", row: "\(row)", reason: error.description)
            }
        }
        let cached = read.map { CachedSnapshot(held: $0) }
        caches.snapshots[row] = .some(cached)
        return cached
    }

    package func put(_ snapshot: HeldSnapshot, of scope: ScopeID) throws {
        let row = try scopeRow(scope)
        if let old = try cachedSnapshot(row), old.held.manifest != snapshot.manifest {
            try connection.execute("DELETE FROM snapshot_piece WHERE scope = ?", row)
        }
        try connection.execute(
            "INSERT OR REPLACE INTO snapshot (scope, manifest, is_base) VALUES (?, ?, ?)",
            row, snapshot.manifest.encoded(), snapshot.isBase)
        caches.snapshots[row] = CachedSnapshot(held: snapshot)
        if snapshot.isBase { try forgetPasts(row) }
    }

    package func removeSnapshot(of scope: ScopeID) throws {
        let row = try scopeRow(scope)
        let wasBase = try cachedSnapshot(row)?.held.isBase == true
        try connection.execute("DELETE FROM snapshot_piece WHERE scope = ?", row)
        try connection.execute("DELETE FROM snapshot WHERE scope = ?", row)
        caches.snapshots[row] = .some(nil)
        if wasBase { try forgetPasts(row) }
    }

    /// They are read again, from the base as well; those of this transaction must be in their table before.
    private func forgetPasts(_ row: Int64) throws {
        try flushKnots()
        caches.knots.forgetStretches(of: row)
    }

    // MARK: - Pieces

    package func put(_ bytes: [UInt8], as piece: SnapshotPiece, of scope: ScopeID) throws {
        let (number, isParts) = piece.key
        try connection.execute(
            "INSERT OR REPLACE INTO snapshot_piece (scope, number, is_parts, body) VALUES (?, ?, ?, ?)",
            try scopeRow(scope), number, isParts, bytes)
    }

    package func snapshotPiece(_ piece: SnapshotPiece, of scope: ScopeID) throws -> [UInt8]? {
        let (number, isParts) = piece.key
        return try connection.withStatement(
            "SELECT body FROM snapshot_piece WHERE scope = ? AND number = ? AND is_parts = ?"
        ) { statement in
            try statement.bind(try scopeRow(scope), number, isParts)
            return try statement.step() ? try statement.bytes(0) : nil
        }
    }

    package func holds(_ piece: SnapshotPiece, of scope: ScopeID) throws -> Bool {
        let (number, isParts) = piece.key
        return try connection.withStatement(
            "SELECT 1 FROM snapshot_piece WHERE scope = ? AND number = ? AND is_parts = ?"
        ) { statement in
            try statement.bind(try scopeRow(scope), number, isParts)
            return try statement.step()
        }
    }

    package func removeSnapshotPiece(_ piece: SnapshotPiece, of scope: ScopeID) throws {
        let (number, isParts) = piece.key
        try connection.execute(
            "DELETE FROM snapshot_piece WHERE scope = ? AND number = ? AND is_parts = ?",
            try scopeRow(scope), number, isParts)
    }

    /// A chunk of the base, as it came.
    private func baseChunk<Result>(
        _ number: Int, of scope: ScopeID, _ unpack: ([UInt8]) throws -> Result
    ) throws -> Result {
        let place = "\(try scopeRow(scope)):\(number):0"
        guard let bytes = try snapshotPiece(.chunk(number), of: scope) else {
            throw StoredValueError(table: "snapshot_piece", row: place, reason: "the row is missing")
        }
        do { return try unpack(bytes) } catch let error as CodecError {
            throw StoredValueError(table: "snapshot_piece", row: place, reason: error.description)
        } catch let error as ZstdError {
            throw StoredValueError(table: "snapshot_piece", row: place, reason: error.description)
        }
    }

    package func baseBlock(_ number: Int, of scope: ScopeID) throws -> SnapshotBlock {
        let row = try scopeRow(scope)
        if let last = try cachedSnapshot(row)?.lastBlock, last.number == number { return last.block }
        let block = try baseChunk(number, of: scope) { try SnapshotBlock(compressed: $0) }
        caches.snapshots[row]??.lastBlock = (number, block)
        return block
    }

    package func keep(_ block: SnapshotBlock, as number: Int, of scope: ScopeID) throws {
        let row = try scopeRow(scope)
        _ = try cachedSnapshot(row)
        caches.snapshots[row]??.lastBlock = (number, block)
    }

    // MARK: - Feeds and pasts

    package func baseHead(of feed: FeedID, scope: ScopeID) throws -> SnapshotOrder.Head? {
        guard let row = try heldScopeRow(scope) else { return nil }
        return try baseOrder(row, of: scope)?.heads[feed]
    }

    /// Nil where the scope has no base.
    private func baseOrder(
        _ row: Int64, of scope: ScopeID
    ) throws -> (heads: [FeedID: SnapshotOrder.Head], pasts: PastIndex)? {
        guard let cached = try cachedSnapshot(row), cached.held.isBase else { return nil }
        if let known = cached.order { return known }
        var heads: [FeedID: SnapshotOrder.Head] = [:]
        var pasts = PastIndex()
        for (number, chunk) in cached.held.manifest.chunks.enumerated() where chunk.first == nil {
            let order = try baseChunk(number, of: scope) { try SnapshotOrder(compressed: $0) }
            for head in order.heads { heads[head.feed] = head }
            for entry in order.knots { pasts.insert(entry.knot, of: entry.feed) }
        }
        caches.snapshots[row]??.order = (heads, pasts)
        return (heads, pasts)
    }

    /// What had been seen where in the changes that the base includes.
    func basePasts(_ row: Int64) throws -> PastIndex? {
        guard let scope = try scopeID(row) else { return nil }
        return try baseOrder(row, of: scope)?.pasts
    }

    package func put(_ head: SnapshotOrder.Head, of scope: ScopeID) throws {
        let row = try scopeRow(scope)
        _ = try feedRow(head.feed, scope: row, start: head.start)
        var feed = FeedState(feed: head.feed, start: head.start)
        feed.sequence = head.sequence
        feed.hash = head.hash
        guard let cached = try cachedFeed(head.feed, scope: row) else { preconditionFailure("a feed that has a row") }
        cached.state = feed
        cached.placed = head.sequence
        mark(dirty: cached)
    }

    package func put(part bytes: [UInt8]?, _ part: SnapshotBlock.Part, of scope: ScopeID) throws {
        try connection.execute(
            "INSERT OR IGNORE INTO part (feed, sequence, number, subject, body) VALUES (?, ?, ?, ?, ?)",
            try feedRow(of: part.dot, scope: scope), Int64(part.dot.sequence), part.number,
            part.commitment.subject.bytes, bytes)
    }

    package func settle() throws {
        try flushRecords()
        caches.records.removeAll()
    }
}

extension SnapshotPiece {
    /// How a row of `snapshot_piece` names it.
    fileprivate var key: (number: Int, isParts: Bool) {
        switch self {
        case .chunk(let number): (number, false)
        case .parts(let number): (number, true)
        }
    }
}
