import Causality
import Changes
import Replication
import SQLiteKit

extension SQLiteTransaction {
    package func append(_ row: LogRow, of record: RecordID, scope: ScopeID) throws {
        let cached = try recordRow(record, of: scope) ?? newRecord(record, scope: scope)
        mark(dirty: cached)
        defer { caches.records.resize(cached) }
        cached.unsavedLog.append(row)
        if let index = cached.log?.lastIndex(where: { $0.precedes(row) }) {
            cached.log?.insert(row, at: index + 1)
        } else {
            cached.log?.insert(row, at: 0)
        }
        cached.unprojectedLog?.append(row)
    }

    /// Writes what the file lacks of a record's log; the record has its row.
    func insertLog(of cached: CachedRecord) throws {
        let scope = try scopeRow(cached.scope)
        for row in cached.unsavedLog {
            try connection.execute(
                "INSERT INTO log_row (record, key, feed, sequence, field, value) VALUES (?, ?, ?, ?, ?, ?)",
                cached.rid, Int64(ordered: row.mark.key), try feedRow(of: row.mark.dot.feed, scope: scope),
                Int64(row.mark.dot.sequence), row.field.string, row.value.canonicalBytes)
        }
        cached.unsavedLog = []
    }

    package func logRows(of record: RecordID, scope: ScopeID) throws -> [LogRow] {
        guard let cached = try recordRow(record, of: scope) else { return [] }
        return try logRows(of: cached)
    }

    func logRows(of cached: CachedRecord) throws -> [LogRow] {
        if let log = cached.log { return log }
        let rows: [LogRow] = try connection.withStatement(
            "SELECT key, feed, sequence, field, value FROM log_row WHERE record = ? ORDER BY key"
        ) { statement in
            try statement.bind(cached.rid)
            var rows: [LogRow] = []
            while try statement.step() {
                do {
                    var reader = ByteReader(try statement.bytes(4))
                    let value = try Value(from: &reader)
                    try reader.finish()
                    rows.append(
                        LogRow(
                            field: Text(try statement.text(3)),
                            mark: RecordState.LogMark(
                                key: HybridTimestamp(ordered: try statement.int64(0)),
                                dot: Dot(
                                    feed: try feedID(try statement.int64(1)),
                                    sequence: try statement.unsigned(2, "log_row"))),
                            value: value))
                } catch let error as CodecError {
                    throw StoredValueError(table: "log_row", row: "record \(cached.rid)", reason: error.description)
                }
            }
            return (rows + cached.unsavedLog).sorted { $0.precedes($1) }
        }
        cached.log = rows
        return rows
    }

    package func greatestLogKey(of record: RecordID, scope: ScopeID, within past: Past) throws -> HybridTimestamp? {
        try logRows(of: record, scope: scope).last { past.contains($0.mark.dot) }?.mark.key
    }
}

extension LogRow {
    /// Listing order: by mark, then by field where one change wrote to two logs.
    func precedes(_ other: LogRow) -> Bool {
        mark != other.mark ? mark < other.mark : field < other.field
    }
}
