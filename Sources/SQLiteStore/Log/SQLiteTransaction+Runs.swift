import Causality
import Changes
import Replication
import SQLiteKit

/// Runs: changes that have no entry yet, or whose entry lies in an open segment; a row a commit and feed.
extension SQLiteTransaction {
    /// Rows read at a time.
    static let runsPerStep = 64

    /// Writes a run.
    ///
    /// - Parameter isElsewhere: of a change that a segment has taken in; the first ones of a run may be such.
    func insert(_ run: LogTail.Run, isElsewhere: (StoredChange) -> Bool) throws {
        let changes = run.changes.drop(while: isElsewhere)
        guard let first = changes.first else { return }
        var marks = run.marks
        if changes.count < run.changes.count {
            marks = RecordMarks()
            for change in changes { try marks.insert(change) }
        }
        let body = StoredRun.body(of: changes)
        try connection.execute(
            """
            INSERT INTO run (number, scope, feed, sequence, count, hash, body, digest, records)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            StoredChange.number(ofOrder: first.order), run.scope, run.feed, Int64(first.dot.sequence), changes.count,
            first.header.previous.bytes, body, RowDigest.of(body), marks.encoded)
        // Most likely they are sent next.
        caches.containers.keep(
            StoredRun(
                number: StoredChange.number(ofOrder: first.order), first: first.dot.sequence, changes: Array(changes)))
    }

    /// The run's change at `dot`; nil where no run holds it.
    func run(holding dot: Dot, feed: Int64, scope: ScopeID) throws -> StoredChange? {
        if let recent = caches.containers.recentChange(dot.sequence, feed: feed) { return recent }
        guard let sequence = Int64(exactly: dot.sequence) else { return nil }
        let number: Int64? = try connection.withStatement(
            "SELECT number, sequence + count FROM run WHERE feed = ? AND sequence <= ? ORDER BY sequence DESC LIMIT 1"
        ) { statement in
            try statement.bind(feed, sequence)
            guard try statement.step(), try statement.int64(1) > sequence else { return nil }
            return try statement.int64(0)
        }
        guard let number else { return nil }
        let run = try run(number: number, of: scope)
        caches.containers.note(run, feed: feed)
        return run.changes[Int(dot.sequence - run.first)]
    }

    func run(number: Int64, of scope: ScopeID) throws -> StoredRun {
        if let cached = caches.containers.run(number) { return cached }
        let runs = try runs(of: scope, "SELECT \(SQLiteTransaction.runColumns) FROM run WHERE number = ?1", number, 1)
        guard let run = runs.first else {
            throw StoredValueError(table: "run", row: "\(number)", reason: "the row is missing")
        }
        return run
    }

    /// Runs of a scope that hold a number beyond `number`.
    func runs(of scope: ScopeID, after number: Int64, limit: Int) throws -> [StoredRun] {
        try runs(
            of: scope,
            """
            SELECT \(SQLiteTransaction.runColumns) FROM run
            WHERE scope = ?3 AND number > ?1 - \(LogTail.changesPerRun) AND number + count > ?1 + 1
            ORDER BY number LIMIT ?2
            """, number, limit)
    }

    /// The same as they lie.
    ///
    /// - Throws: `StoredValueError` where one is not what was written.
    func runBodies(of row: Int64, after number: Int64, limit: Int) throws -> [RunBody] {
        try connection.withStatement(
            """
            SELECT number, feed, sequence, count, body, digest FROM run
            WHERE scope = ?3 AND number > ?1 - 256 AND number + count > ?1 + 1 ORDER BY number LIMIT ?2
            """
        ) { statement in
            try statement.bind(number, limit, row)
            var bodies: [RunBody] = []
            while try statement.step() {
                let number = try statement.int64(0)
                let body = try statement.bytes(4)
                guard RowDigest.of(body) == (try statement.bytes(5)) else {
                    throw StoredValueError(
                        table: "run", row: "\(number)", reason: "its digest is not that of its bytes")
                }
                bodies.append(
                    RunBody(
                        number: number, feed: try feedID(try statement.int64(1)),
                        first: try statement.unsigned(2, "run"), count: try statement.unsigned(3, "run"), body: body))
            }
            return bodies
        }
    }

    private static let runColumns = "number, feed, sequence, count, hash, body"

    private func runs(of scope: ScopeID, _ sql: String, _ number: Int64, _ limit: Int) throws -> [StoredRun] {
        let row = try scopeRow(scope)
        return try connection.withStatement(dynamic: sql) { statement in
            try statement.bind(number, at: 1)
            if sql.contains("?2") { try statement.bind(limit, at: 2) }
            if sql.contains("?3") { try statement.bind(row, at: 3) }
            var runs: [StoredRun] = []
            while try statement.step() {
                let number = try statement.int64(0)
                if let cached = caches.containers.run(number) {
                    runs.append(cached)
                    continue
                }
                do {
                    let run = try StoredRun(
                        number: number, scope: scope, feed: try feedID(try statement.int64(1)),
                        first: try statement.unsigned(2, "run"), count: try statement.unsigned(3, "run"),
                        previous: try statement.hash(4, "run"), body: try statement.bytes(5))
                    caches.containers.keep(run)
                    runs.append(run)
                } catch let error as CodecError {
                    throw StoredValueError(table: "run", row: "\(number)", reason: error.description)
                }
            }
            return runs
        }
    }

    /// Removes the runs of changes that lie in a whole segment now, `stretch` of a feed: also the one that begins before it,
    /// where all of it lies in such segments.
    func removeRuns(of stretch: DecodedSegment.Stretch, scope row: Int64) throws {
        let feed = try feedRow(of: stretch.feed, scope: row)
        let last = Int64(stretch.last)
        var first = Int64(stretch.first)
        let before: (first: Int64, end: Int64)? = try connection.withStatement(
            "SELECT sequence, sequence + count FROM run WHERE feed = ? AND sequence < ? ORDER BY sequence DESC LIMIT 1"
        ) { statement in
            try statement.bind(feed, first)
            return try statement.step() ? (try statement.int64(0), try statement.int64(1)) : nil
        }
        if let before, before.end > first, before.end - 1 <= last,
            try isWhole(before.first, first - 1, feed: feed, scope: row)
        {
            first = before.first
        }
        try withoutOverwriting {
            try connection.execute(
                "DELETE FROM run WHERE feed = ? AND sequence >= ? AND sequence + count - 1 <= ?", feed, first, last)
        }
        caches.containers.removeAll()
    }

    /// Whether changes of a feed that have their places all lie in whole segments.
    private func isWhole(_ first: Int64, _ last: Int64, feed: Int64, scope row: Int64) throws -> Bool {
        try connection.withStatement(
            """
            SELECT count(*), coalesce(min(s.is_whole), 0) FROM stretch t
            JOIN segment s ON s.scope = ?1 AND s.position = t.position
            WHERE t.feed = ?2 AND t.sequence <= ?4 AND t.sequence + t.count > ?3
            """
        ) { statement in
            try statement.bind(row, feed, first, last)
            _ = try statement.step()
            return try statement.int64(0) > 0 && statement.bool(1)
        }
    }

    /// Runs of a scope that may touch a record, in order.
    func runNumbers(marking record: RecordID, scope row: Int64) throws -> [Int64] {
        try connection.withStatement("SELECT number, records FROM run WHERE scope = ? ORDER BY number") { statement in
            try statement.bind(row)
            return try marked(statement, "run", record)
        }
    }

    /// The keys of rows (key, marks) that may touch a record.
    func marked(_ statement: borrowing Statement, _ table: String, _ record: RecordID) throws -> [Int64] {
        var keys: [Int64] = []
        while try statement.step() {
            let key = try statement.int64(0)
            do {
                if try RecordMarks.mayHold(record, try statement.bytes(1)) { keys.append(key) }
            } catch let error as CodecError {
                throw StoredValueError(table: table, row: "\(key)", reason: error.description)
            }
        }
        return keys
    }
}

/// The first 8 bytes of a row's SHA-256: damage is named where it lies, also where what follows would still decode.
enum RowDigest {
    static func of(_ body: [UInt8]) -> [UInt8] { Array(Hash256.sha256(body).bytes.prefix(8)) }
}
