import Causality
import Changes
import Replication
import SQLiteKit

extension SQLiteTransaction {
    /// Puts the order up to a scope's base in the place of the base: its entries with all that they place, as they lie in
    /// a store that was given them from the first on and holds no more of the scope. The records stay as they are.
    ///
    /// - Returns: the changes of which personal parts came that were not held before.
    /// - Throws: `StoredValueError` where a segment there is not what was written or lacks a body, what either file throws.
    /// - Complexity: O(bytes of the order); nothing is unpacked.
    package func takeEarlierOrder(of scope: ScopeID, from other: SQLiteTransaction) throws -> [Dot] {
        try flush()
        let row = try scopeRow(scope)
        let otherRow = try other.scopeRow(scope)
        var feeds: [Int64: Int64] = [:]
        for feed in try other.loadFeeds(otherRow).values.sorted(by: { $0.rid < $1.rid }) {
            feeds[feed.rid] = try feedRow(feed.state.feed, scope: row, start: feed.start)
        }
        func here(_ feed: Int64) throws -> Int64 {
            guard let found = feeds[feed] else {
                throw StoredValueError(table: "feed", row: "\(feed)", reason: "it is of another scope")
            }
            return found
        }
        try takeSegments(from: other, otherRow, into: row)
        try copy(
            from: other, "SELECT feed, sequence, count, position, hash FROM stretch WHERE feed IN (\(ofScope))",
            otherRow,
            into: "INSERT INTO stretch (feed, sequence, count, position, hash) VALUES (?1, ?2, ?3, ?4, ?5)", here)
        try copy(
            from: other, "SELECT feed, sequence, others FROM knot WHERE feed IN (\(ofScope))", otherRow,
            into: "INSERT OR REPLACE INTO knot (feed, sequence, others) VALUES (?1, ?2, ?3)", here)
        try copy(
            from: other, "SELECT feed, sequence, verdict FROM verdict WHERE feed IN (\(ofScope))", otherRow,
            into: "INSERT OR IGNORE INTO verdict (feed, sequence, verdict) VALUES (?1, ?2, ?3)", here)
        let missing = try missingParts(row)
        try copy(
            from: other, "SELECT feed, sequence, number, subject, body FROM part WHERE feed IN (\(ofScope))", otherRow,
            into: """
                INSERT INTO part (feed, sequence, number, subject, body) VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT DO UPDATE SET body = excluded.body WHERE body IS NULL
                """, here)
        let filled = missing.subtracting(try missingParts(row))
        try removeSnapshot(of: scope)
        // What was kept in memory of the scope says that its log begins with the base.
        try flush()
        abandon()
        return filled.sorted()
    }

    /// The changes of a scope with personal parts that are not held.
    private func missingParts(_ row: Int64) throws -> Set<Dot> {
        try connection.withStatement(
            "SELECT DISTINCT f.id, p.sequence FROM part p JOIN feed f ON f.rid = p.feed WHERE f.scope = ? AND p.body IS NULL"
        ) { statement in
            try statement.bind(row)
            var found: Set<Dot> = []
            while try statement.step() {
                found.insert(
                    Dot(feed: try statement.identifier(0, "part"), sequence: try statement.unsigned(1, "part")))
            }
            return found
        }
    }

    private var ofScope: String { "SELECT rid FROM feed WHERE scope = ?" }

    private func takeSegments(from other: SQLiteTransaction, _ otherRow: Int64, into row: Int64) throws {
        try other.connection.withStatement(
            """
            SELECT position, count, is_whole, history, body, digest, records FROM segment WHERE scope = ?
            ORDER BY position
            """
        ) { statement in
            try statement.bind(otherRow)
            while try statement.step() {
                let place = "\(otherRow):\(try statement.int64(0))"
                guard try statement.bool(2) else {
                    throw StoredValueError(table: "segment", row: place, reason: "it lacks a body")
                }
                let (body, digest) = (try statement.bytes(4), try statement.bytes(5))
                guard RowDigest.of(body) == digest else {
                    throw StoredValueError(
                        table: "segment", row: place, reason: "its digest is not that of its bytes")
                }
                // They stay as they are: what follows the base may be sealed already.
                try connection.execute(
                    """
                    INSERT INTO segment (scope, position, count, is_whole, is_sealed, history, body, digest, records)
                    VALUES (?, ?, ?, 1, 1, ?, ?, ?, ?)
                    """,
                    row, try statement.int64(0), try statement.int64(1), try statement.bytes(3), body, digest,
                    try statement.bytes(6))
            }
        }
    }

    /// Copies rows whose first column names a feed.
    private func copy(
        from other: SQLiteTransaction, _ selection: String, _ otherRow: Int64, into insertion: String,
        _ feed: (Int64) throws -> Int64
    ) throws {
        try other.connection.withStatement(dynamic: selection) { found in
            try found.bind(otherRow)
            while try found.step() {
                try connection.withStatement(dynamic: insertion) { statement in
                    try statement.bind(try feed(try found.int64(0)), at: 1)
                    for column in 1..<found.columnCount {
                        switch found.columnType(column) {
                        case .integer: try statement.bind(try found.int64(column), at: column + 1)
                        case .null: try statement.bindNull(at: column + 1)
                        default: try found.bytes(column).bind(to: statement, at: column + 1)
                        }
                    }
                    try statement.run()
                }
            }
        }
    }
}
