import Causality
import Changes
import Compression
import Replication
import SQLiteKit

/// Segments: a scope's order and the changes that it places, some thousand entries to a row.
extension SQLiteTransaction {
    // MARK: - Finding

    /// The position of the segment that holds an entry, or would if it were long enough.
    func segmentPosition(holding position: UInt64, scope row: Int64) throws -> UInt64? {
        try connection.withStatement(
            "SELECT position FROM segment WHERE scope = ? AND position <= ? ORDER BY position DESC LIMIT 1"
        ) { statement in
            try statement.bind(row, Int64(clamping: position))
            return try statement.step() ? try statement.unsigned(0, "segment") : nil
        }
    }

    /// The segment that places a change of a feed.
    func segment(placing dot: Dot, feed: Int64, scope: ScopeID) throws -> DecodedSegment? {
        guard let sequence = Int64(exactly: dot.sequence), let row = try heldScopeRow(scope) else { return nil }
        let position: UInt64? = try connection.withStatement(
            "SELECT position FROM stretch WHERE feed = ? AND sequence <= ? ORDER BY sequence DESC LIMIT 1"
        ) { statement in
            try statement.bind(feed, sequence)
            return try statement.step() ? try statement.unsigned(0, "stretch") : nil
        }
        guard let position else { return nil }
        let segment = try segment(at: position, of: scope)
        caches.containers.note(segment, scope: row)
        return segment
    }

    /// Segments of a scope that may touch a record, in order.
    func segmentPositions(marking record: RecordID, scope row: Int64) throws -> [UInt64] {
        try connection.withStatement("SELECT position, records FROM segment WHERE scope = ? ORDER BY position") {
            statement in
            try statement.bind(row)
            return try marked(statement, "segment", record).map { UInt64(clamping: $0) }
        }
    }

    /// The history hash before a segment's first entry.
    func history(before start: UInt64, of scope: ScopeID) throws -> HistoryHash {
        guard start > 1, let row = try heldScopeRow(scope), let state = try self.scope(scope) else {
            return HistoryHash(
                chain: try self.scope(scope)?.introduction.seed ?? ChainID(high: 0, low: 0), scope: scope)
        }
        return try connection.withStatement(
            "SELECT history FROM segment WHERE scope = ? AND position < ? ORDER BY position DESC LIMIT 1"
        ) { statement in
            try statement.bind(row, Int64(clamping: start))
            guard try statement.step() else {
                if let base = try base(of: scope), base.position == start - 1 { return base.receipt.history }
                throw StoredValueError(
                    table: "segment", row: "\(row):\(start)", reason: "the one before it is missing in \(state.id)")
            }
            return HistoryHash(try statement.hash(0, "segment"))
        }
    }

    // MARK: - Reading

    package func sealed(
        from position: UInt64, of scope: ScopeID, unless held: (FeedID) -> Bool
    ) throws -> SealedEntries? {
        guard let row = try heldScopeRow(scope), try verdicts(of: row).isEmpty else { return nil }
        // Before the segment is read: nearly always it is the receiver's own feed that keeps it back.
        let stretches = try stretches(at: position, scope: row)
        if stretches.isEmpty || stretches.contains(where: { held($0.feed) }) { return nil }
        let found: (count: Int, history: Hash256, body: [UInt8], digest: [UInt8])? = try connection.withStatement(
            """
            SELECT count, history, body, digest FROM segment
            WHERE scope = ? AND position = ? AND is_sealed = 1 AND is_whole = 1
            """
        ) { statement in
            try statement.bind(row, Int64(clamping: position))
            guard try statement.step() else { return nil }
            return (
                try statement.int(0), try statement.hash(1, "segment"), try statement.bytes(2), try statement.bytes(3)
            )
        }
        guard let found else { return nil }
        // Nothing else looks at what is handed out undecoded: damage is to be named here, not at its receivers.
        guard RowDigest.of(found.body) == found.digest else {
            throw StoredValueError(
                table: "segment", row: "\(row):\(position)", reason: "its digest is not that of its bytes")
        }
        for stretch in stretches where try hasParts(stretch, row) { return nil }
        do {
            let segment = try Zstd.decompress(found.body, limit: .bytesPerSegment)
            guard try Segment.isAllOK(encoded: segment) else { return nil }
            return SealedEntries(
                packed: PackedEntries(segment: segment, count: found.count, parts: []),
                history: HistoryHash(found.history))
        } catch {
            throw StoredValueError(table: "segment", row: "\(row):\(position)", reason: "\(error)")
        }
    }

    package func nextSealed(after position: UInt64, of scope: ScopeID) throws -> UInt64? {
        guard let row = try heldScopeRow(scope) else { return nil }
        return try connection.withStatement(
            "SELECT position FROM segment WHERE scope = ? AND position > ? AND is_sealed = 1 ORDER BY position LIMIT 1"
        ) { statement in
            try statement.bind(row, Int64(clamping: position))
            return try statement.step() ? try statement.unsigned(0, "segment") : nil
        }
    }

    /// Whether a change of the stretch has personal parts.
    private func hasParts(_ stretch: DecodedSegment.Stretch, _ row: Int64) throws -> Bool {
        try connection.withStatement("SELECT 1 FROM part WHERE feed = ? AND sequence BETWEEN ? AND ? LIMIT 1") {
            statement in
            try statement.bind(
                try feedRow(of: stretch.feed, scope: row), Int64(stretch.first),
                Int64(stretch.first + stretch.count - 1))
            return try statement.step()
        }
    }

    func segment(at position: UInt64, of scope: ScopeID) throws -> DecodedSegment {
        let row = try scopeRow(scope)
        if let cached = caches.containers.segment(row, position) { return cached }
        let body: [UInt8] = try connection.withStatement("SELECT body FROM segment WHERE scope = ? AND position = ?") {
            statement in
            try statement.bind(row, Int64(clamping: position))
            guard try statement.step() else {
                throw StoredValueError(table: "segment", row: "\(row):\(position)", reason: "the row is missing")
            }
            return try statement.bytes(0)
        }
        do {
            let segment = try decode(body, at: position, of: scope, stretches: try stretches(at: position, scope: row))
            caches.containers.keep(segment, scope: row)
            return segment
        } catch let error as CodecError {
            throw StoredValueError(table: "segment", row: "\(row):\(position)", reason: error.description)
        } catch let error as ZstdError {
            throw StoredValueError(table: "segment", row: "\(row):\(position)", reason: error.description)
        }
    }

    /// - Throws: `ZstdError`, `CodecError`, what the file throws.
    func decode(
        _ body: [UInt8], at position: UInt64, of scope: ScopeID, stretches: [DecodedSegment.Stretch]
    ) throws -> DecodedSegment {
        let segment = try Segment(decoding: try Zstd.decompress(body, limit: .bytesPerSegment), scope: scope)
        guard segment.isPlaced else { throw CodecError.malformed("the segment has no entries", at: 0) }
        let feeds = try loadFeeds(try scopeRow(scope))
        return try DecodedSegment(segment, at: position, stretches: stretches) { dot in
            try feeds[dot.feed].flatMap { try run(holding: dot, feed: $0.rid, scope: scope) }
        }
    }

    private func stretches(at position: UInt64, scope row: Int64) throws -> [DecodedSegment.Stretch] {
        try connection.withStatement(
            """
            SELECT t.feed, t.sequence, t.count, t.hash FROM stretch t JOIN feed f ON f.rid = t.feed
            WHERE t.position = ? AND f.scope = ? ORDER BY f.id
            """
        ) { statement in
            try statement.bind(Int64(clamping: position), row)
            var stretches: [DecodedSegment.Stretch] = []
            while try statement.step() {
                stretches.append(
                    DecodedSegment.Stretch(
                        feed: try feedID(try statement.int64(0)), first: try statement.unsigned(1, "stretch"),
                        count: try statement.unsigned(2, "stretch"), previous: try statement.hash(3, "stretch")))
            }
            return stretches
        }
    }
}
