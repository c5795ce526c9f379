import Causality
import Changes
import Compression
import Replication
import SQLiteKit

/// A row of `scope`.
package struct AuditedScope: Sendable {
    package let rid: Int64
    package let state: ScopeState
}

/// A row of `feed`.
package struct AuditedFeed: Sendable {
    package let rid: Int64
    /// The row of its scope.
    package let scope: Int64
    package let state: FeedState
    /// hash(0).
    package let start: Hash256
    /// Its changes up to here have an entry.
    package let placed: UInt64

    /// The same row, were it of another feed or scope.
    package func being(_ id: FeedID, in scope: Int64) -> AuditedFeed {
        var state = FeedState(feed: id, start: start)
        state.sequence = self.state.sequence
        state.hash = self.state.hash
        state.seen = self.state.seen
        return AuditedFeed(rid: rid, scope: scope, state: state, start: start, placed: placed)
    }
}

/// A row of `run`: what the columns say, the body as bytes.
package struct AuditedRun: Sendable {
    /// The feed's row.
    package let feed: Int64
    /// Of its first change.
    package let sequence: UInt64
    /// Of its first change, among all without an entry.
    package let number: Int64
    package let count: UInt64
    /// The hash of the change before its first.
    package let hash: Hash256
    package let body: AuditedBody

    /// The changes, as they come after `hash`.
    ///
    /// - Throws: `CodecError` where the body is not `count` changes.
    package func changes(of feed: FeedID, scope: ScopeID) throws(CodecError) -> [StoredChange] {
        try StoredRun(
            number: number, scope: scope, feed: feed, first: sequence, count: count, previous: hash, body: body.bytes
        ).changes
    }
}

/// A row of `segment`.
package struct AuditedSegment: Sendable {
    package let scope: Int64
    /// Of its first entry.
    package let position: UInt64
    package let count: UInt64
    /// Whether every change's body lies in it.
    package let isWhole: Bool
    /// Whether it stays as it is.
    package let isSealed: Bool
    /// After its last entry.
    package let history: HistoryHash
    package let body: AuditedBody
}

/// The bytes of a row of the log, with what was worked out from them when they were written.
package struct AuditedBody: Sendable {
    package let bytes: [UInt8]
    /// The first bytes of their hash, as stored.
    package let digest: [UInt8]
    /// Which records its changes touch, as stored.
    package let records: [UInt8]

    /// Whether the bytes are those that were written.
    package var isWhole: Bool { RowDigest.of(bytes) == digest }

    /// The bytes as a segment with places.
    ///
    /// - Throws: `CodecError`, `ZstdError` where they are none.
    package func segment(of scope: ScopeID) throws -> Segment {
        let segment = try Segment(decoding: try Zstd.decompress(bytes, limit: .bytesPerSegment), scope: scope)
        guard segment.isPlaced else { throw CodecError.malformed("the segment has no entries", at: 0) }
        return segment
    }

    /// Whether a change in it may touch the record, as far as `records` says.
    package func mayHold(_ record: RecordID) -> Bool {
        do { return try RecordMarks.mayHold(record, records) } catch {
            // Marks that cannot be read leave everything open.
            return true
        }
    }
}

/// A row of `stretch`.
package struct AuditedStretch: Sendable {
    package let feed: Int64
    package let sequence: UInt64
    package let count: UInt64
    /// Of the segment.
    package let position: UInt64
    /// The hash of the change before its first.
    package let hash: Hash256
}

/// A row of `verdict`.
package struct AuditedVerdict: Sendable {
    package let feed: Int64
    package let sequence: UInt64
    package let verdict: Verdict
}

/// A row of `knot`.
package struct AuditedKnot: Sendable {
    package let feed: Int64
    package let sequence: UInt64
    package let others: [UInt8]
}

/// A row of `part`.
package struct AuditedPart: Sendable {
    package let feed: Int64
    package let sequence: UInt64
    package let number: Int64
    package let subject: [UInt8]
    package let body: [UInt8]?
}

/// The rows of the log, for whoever checks them against each other.
extension SQLiteTransaction {
    package func auditScopes(_ visit: (AuditedRow<AuditedScope>) throws -> Void) throws {
        let table = AuditedTable(name: "scope", key: [.integer(0)]) { statement in
            var state = ScopeState(
                ScopeIntroduction(
                    scope: try statement.identifier(1, "scope"), name: Text(try statement.text(2)),
                    seed: try statement.identifier(3, "scope")))
            state.position = try statement.unsigned(4, "scope")
            state.history = HistoryHash(try statement.hash(5, "scope"))
            state.receivedFloor = try statement.int64(6)
            state.foldedPosition = try statement.unsigned(7, "scope")
            return AuditedScope(rid: try statement.int64(0), state: state)
        }
        try connection.withStatement(
            """
            SELECT rid, id, name, seed, position, history, received_floor, folded_position FROM scope ORDER BY rid
            """
        ) { try audit(table, $0, visit) }
    }

    package func auditFeeds(_ visit: (AuditedRow<AuditedFeed>) throws -> Void) throws {
        let table = AuditedTable(name: "feed", key: [.integer(0)]) { statement in
            let start = try statement.hash(3, "feed")
            var state = FeedState(feed: try statement.identifier(2, "feed"), start: start)
            state.sequence = try statement.unsigned(4, "feed")
            state.hash = try statement.hash(5, "feed")
            state.seen = try statement.unsigned(6, "feed")
            return AuditedFeed(
                rid: try statement.int64(0), scope: try statement.int64(1), state: state, start: start,
                placed: try statement.unsigned(7, "feed"))
        }
        try connection.withStatement(
            "SELECT rid, scope, id, start, sequence, hash, seen, placed FROM feed ORDER BY rid"
        ) { try audit(table, $0, visit) }
    }

    // MARK: - Segments and runs

    /// In the order of their positions.
    package func auditSegments(of scope: Int64, _ visit: (AuditedRow<AuditedSegment>) throws -> Void) throws {
        let table = AuditedTable(name: "segment", key: [.integer(0), .integer(1)]) { statement in
            AuditedSegment(
                scope: try statement.int64(0), position: try statement.unsigned(1, "segment"),
                count: try statement.unsigned(2, "segment"), isWhole: try statement.bool(3),
                isSealed: try statement.bool(4), history: HistoryHash(try statement.hash(5, "segment")),
                body: try statement.auditedBody(6))
        }
        try connection.withStatement(
            """
            SELECT scope, position, count, is_whole, is_sealed, history, body, digest, records FROM segment
            WHERE scope = ? ORDER BY position
            """
        ) { statement in
            try statement.bind(scope)
            try audit(table, statement, visit)
        }
    }

    package func auditStretches(_ visit: (AuditedRow<AuditedStretch>) throws -> Void) throws {
        try connection.withStatement(
            "SELECT feed, sequence, count, position, hash FROM stretch ORDER BY feed, sequence"
        ) { try audit(stretchTable, $0, visit) }
    }

    /// The stretches that say they lie in the segment at a position, of whichever scope.
    package func auditStretches(at position: UInt64, _ visit: (AuditedRow<AuditedStretch>) throws -> Void) throws {
        try connection.withStatement(
            "SELECT feed, sequence, count, position, hash FROM stretch WHERE position = ? ORDER BY feed, sequence"
        ) { statement in
            try statement.bind(Int64(clamping: position))
            try audit(stretchTable, statement, visit)
        }
    }

    package func auditStretch(feed: Int64, sequence: UInt64) throws -> AuditedRow<AuditedStretch>? {
        try connection.withStatement(
            "SELECT feed, sequence, count, position, hash FROM stretch WHERE feed = ? AND sequence = ?"
        ) { statement in
            try statement.bind(feed, Int64(clamping: sequence))
            return try auditOne(stretchTable, statement)
        }
    }

    private var stretchTable: AuditedTable<AuditedStretch> {
        AuditedTable(name: "stretch", key: [.integer(0), .integer(1)]) { statement in
            AuditedStretch(
                feed: try statement.int64(0), sequence: try statement.unsigned(1, "stretch"),
                count: try statement.unsigned(2, "stretch"), position: try statement.unsigned(3, "stretch"),
                hash: try statement.hash(4, "stretch"))
        }
    }

    /// In the order of their numbers.
    package func auditRuns(_ visit: (AuditedRow<AuditedRun>) throws -> Void) throws {
        // Sorted by themselves: rows may be large.
        let keys = try connection.withStatement("SELECT place FROM run ORDER BY number, place") { statement in
            var keys: [Int64] = []
            while try statement.step() { keys.append(try statement.int64(0)) }
            return keys
        }
        for key in keys {
            let row = try connection.withStatement(
                "SELECT place, number, count, hash, body, digest, records FROM run WHERE place = ?"
            ) { statement in
                try statement.bind(key)
                return try auditOne(runTable, statement)
            }
            if let row { try visit(row) }
        }
    }

    /// The last run of a feed that begins at a sequence or before.
    package func auditRun(feed: Int64, holding sequence: UInt64) throws -> AuditedRow<AuditedRun>? {
        let keys = RunPlace.keys(of: feed, 0, through: sequence)
        return try connection.withStatement(
            """
            SELECT place, number, count, hash, body, digest, records FROM run
            WHERE place BETWEEN ? AND ? ORDER BY place DESC LIMIT 1
            """
        ) { statement in
            try statement.bind(keys.lowerBound, keys.upperBound)
            return try auditOne(runTable, statement)
        }
    }

    private var runTable: AuditedTable<AuditedRun> {
        AuditedTable(name: "run", key: [.integer(0)]) { statement in
            let place = RunPlace(key: try statement.int64(0))
            return AuditedRun(
                feed: place.feed, sequence: place.sequence, number: try statement.int64(1),
                count: try statement.unsigned(2, "run"), hash: try statement.hash(3, "run"),
                body: try statement.auditedBody(4))
        }
    }

    package func auditVerdicts(of scope: Int64, _ visit: (AuditedRow<AuditedVerdict>) throws -> Void) throws {
        let table = AuditedTable(name: "verdict", key: [.integer(0), .integer(1)]) { statement in
            guard let verdict = UInt8(exactly: try statement.int64(2)).flatMap(Verdict.init(rawValue:)) else {
                throw StoredValueError(table: "verdict", row: "-", reason: "there is no such verdict")
            }
            return AuditedVerdict(
                feed: try statement.int64(0), sequence: try statement.unsigned(1, "verdict"), verdict: verdict)
        }
        try connection.withStatement(
            """
            SELECT v.feed, v.sequence, v.verdict FROM verdict v JOIN feed f ON f.rid = v.feed WHERE f.scope = ?
            ORDER BY v.feed, v.sequence
            """
        ) { statement in
            try statement.bind(scope)
            try audit(table, statement, visit)
        }
    }

    // MARK: - What hangs on a change

    package func auditParts(
        of feed: Int64, _ sequence: UInt64, _ visit: (AuditedRow<AuditedPart>) throws -> Void
    ) throws {
        try connection.withStatement(
            "SELECT feed, sequence, number, subject, body FROM part WHERE feed = ? AND sequence = ? ORDER BY number"
        ) { statement in
            try statement.bind(feed, Int64(clamping: sequence))
            try audit(partTable, statement, visit)
        }
    }

    package func auditParts(_ visit: (AuditedRow<AuditedPart>) throws -> Void) throws {
        try connection.withStatement(
            "SELECT feed, sequence, number, subject, body FROM part ORDER BY feed, sequence, number"
        ) { try audit(partTable, $0, visit) }
    }

    private var partTable: AuditedTable<AuditedPart> {
        AuditedTable(name: "part", key: [.integer(0), .integer(1), .integer(2)]) { statement in
            AuditedPart(
                feed: try statement.int64(0), sequence: try statement.unsigned(1, "part"),
                number: try statement.int64(2), subject: try statement.bytes(3), body: try statement.optionalBytes(4))
        }
    }

    package func auditKnots(_ visit: (AuditedRow<AuditedKnot>) throws -> Void) throws {
        try connection.withStatement("SELECT feed, sequence, others FROM knot ORDER BY feed, sequence") {
            try audit(knotTable, $0, visit)
        }
    }

    /// The knots of a feed's changes in `sequences`.
    package func auditKnots(
        of feed: Int64, in sequences: Range<UInt64>, _ visit: (AuditedRow<AuditedKnot>) throws -> Void
    ) throws {
        try connection.withStatement(
            "SELECT feed, sequence, others FROM knot WHERE feed = ? AND sequence >= ? AND sequence < ? ORDER BY sequence"
        ) { statement in
            try statement.bind(feed, Int64(clamping: sequences.lowerBound), Int64(clamping: sequences.upperBound))
            try audit(knotTable, statement, visit)
        }
    }

    package func auditKnot(feed: Int64, sequence: UInt64) throws -> AuditedRow<AuditedKnot>? {
        guard let sequence = Int64(exactly: sequence) else { return nil }
        return try connection.withStatement(
            "SELECT feed, sequence, others FROM knot WHERE feed = ? AND sequence = ?"
        ) { statement in
            try statement.bind(feed, sequence)
            return try auditOne(knotTable, statement)
        }
    }

    private var knotTable: AuditedTable<AuditedKnot> {
        AuditedTable(name: "knot", key: [.integer(0), .integer(1)]) { statement in
            AuditedKnot(
                feed: try statement.int64(0), sequence: try statement.unsigned(1, "knot"),
                others: try statement.bytes(2))
        }
    }
}

extension Statement {
    /// Body, digest and records in three columns.
    fileprivate func auditedBody(_ column: Int) throws -> AuditedBody {
        AuditedBody(
            bytes: try bytes(column), digest: try bytes(column + 1), records: try bytes(column + 2))
    }
}
