import Causality
import Changes
import Replication
import SQLiteKit

/// A row of `record`, as bytes: they are compared with what the fold gives, never trusted.
package struct AuditedRecord: Sendable {
    package let rid: Int64
    package let scope: Int64
    package let id: RecordID
    /// The number of the value table that holds its state; nil where `state` does.
    package let type: Int64?
    /// As it is stored; empty where nothing that can be folded touches the record.
    package let origin: [UInt8]
    /// The row in `source` that the origin names.
    package let source: Int64?
    package let state: [UInt8]
    package let conflicts: Int64
}

/// A row of `source`.
package struct AuditedSource: Sendable {
    package let rid: Int64
    /// Whether the name is the one that was written.
    package let isSound: Bool
}

/// A row of `log_row`, as bytes.
package struct AuditedLogRow: Hashable, Sendable {
    /// As the column holds it.
    package let key: Int64
    package let feed: Int64
    package let sequence: UInt64
    package let field: [UInt8]
    package let value: [UInt8]

    package init(key: HybridTimestamp, feed: Int64, sequence: UInt64, field: Text, value: Value) {
        self.key = Int64(ordered: key)
        self.feed = feed
        self.sequence = sequence
        self.field = Array(field.string.utf8)
        self.value = value.canonicalBytes
    }

    fileprivate init(_ statement: borrowing Statement) throws {
        key = try statement.int64(1)
        feed = try statement.int64(2)
        sequence = try statement.unsigned(3, "log_row")
        field = try statement.bytes(4)
        value = try statement.bytes(5)
    }

    /// The row's name among those of `record`.
    package func row(of record: Int64) -> String {
        "\(record):\(key):\(feed):\(sequence):\(String(decoding: field, as: UTF8.self))"
    }
}

/// A row of `fingerprint`.
package struct AuditedBucket: Sendable {
    package let bucket: Int64
    package let sum: ShortHash
}

/// What a row of `feed` holds of its scope's fingerprint.
package struct AuditedDifferences: Sendable {
    package let feed: Int64
    package let bytes: [UInt8]
}

/// A row of `quarantine`.
package struct AuditedQuarantine: Sendable {
    package let feed: Int64
    package let sequence: UInt64
    package let reason: String
}

/// A row of `part_key`.
package struct AuditedPartKey: Sendable {
    package let subject: SubjectID
    package let record: RecordID
    package let key: [UInt8]
}

/// The rows of the folded state, for whoever folds it again.
extension SQLiteTransaction {
    package func auditRecords(_ visit: (AuditedRow<AuditedRecord>) throws -> Void) throws {
        let table = AuditedTable(name: "record", key: [.integer(0)]) { [self] statement in
            let origin = try statement.bytes(4)
            return AuditedRecord(
                rid: try statement.int64(0), scope: try statement.int64(1),
                id: try statement.identifier(2, "record"), type: try statement.optionalInt64(3),
                origin: origin, source: sourceRow(in: origin), state: try statement.bytes(5),
                conflicts: try statement.int64(6))
        }
        try connection.withStatement(
            """
            SELECT rid, scope, id, type, origin, state, conflicts FROM record ORDER BY rid
            """
        ) { try audit(table, $0, visit) }
    }

    /// The row of a record; nil where there is none.
    package func auditedRecordRow(_ id: RecordID) throws -> Int64? {
        for scope in try scopes() {
            let row: Int64? = try connection.withStatement(
                "SELECT rid FROM record WHERE scope = ?1 AND substr(id, 1, 4) = substr(?2, 1, 4) AND id = ?2"
            ) { statement in
                try statement.bind(try scopeRow(scope.id), id.bytes)
                return try statement.step() ? try statement.int64(0) : nil
            }
            if let row { return row }
        }
        return nil
    }

    /// The origin that a row of `record` holds; nil where its bytes are none.
    package func auditedOrigin(of record: AuditedRecord) throws -> RecordOrigin? {
        do {
            return try origin(record.origin, of: record.rid)
        } catch is StoredValueError {
            return nil
        }
    }

    /// The rows of `source`.
    package func auditSources(_ visit: (AuditedRow<AuditedSource>) throws -> Void) throws {
        let table = AuditedTable(name: "source", key: [.integer(0)]) { statement in
            let digest = SQLiteTransaction.digest(of: Text(try statement.text(1)))
            return AuditedSource(rid: try statement.int64(0), isSound: try statement.bytes(2) == digest)
        }
        try connection.withStatement("SELECT rid, name, digest FROM source ORDER BY rid") {
            try audit(table, $0, visit)
        }
    }

    /// The state that a row of `record` and its value table hold.
    ///
    /// - Returns: the state, or why there is none.
    package func auditedState(of record: AuditedRecord) throws -> Result<RecordState, StoredValueError> {
        do {
            return .success(try state(of: record.rid, type: record.type, inline: record.state))
        } catch let error as StoredValueError {
            return .failure(error)
        }
    }

    /// The number of the value table that holds records of this type; nil where the file has none.
    package func valueTableNumber(of type: Text?) throws -> Int64? {
        guard let type, let index = try valueTables().tables.firstIndex(where: { $0.name == type }) else { return nil }
        return Int64(index + 1)
    }

    package func auditLogRows(of record: Int64, _ visit: (AuditedRow<AuditedLogRow>) throws -> Void) throws {
        let table = AuditedTable(
            name: "log_row", key: [.integer(0), .integer(1), .integer(2), .integer(3), .text(4)]
        ) { try AuditedLogRow($0) }
        try connection.withStatement(
            """
            SELECT record, key, feed, sequence, CAST(field AS BLOB), value FROM log_row WHERE record = ?
            ORDER BY key, feed, sequence, field
            """
        ) { statement in
            try statement.bind(record)
            try audit(table, statement, visit)
        }
    }

    package func auditBuckets(
        of scope: Int64, _ visit: (AuditedRow<AuditedBucket>) throws -> Void
    ) throws {
        let table = AuditedTable(name: "fingerprint", key: [.integer(0), .integer(1)]) { statement in
            AuditedBucket(bucket: try statement.int64(1), sum: try statement.identifier(2, "fingerprint"))
        }
        try connection.withStatement(
            "SELECT scope, bucket, sum FROM fingerprint WHERE scope = ? ORDER BY bucket"
        ) { statement in
            try statement.bind(scope)
            try audit(table, statement, visit)
        }
    }

    /// What lies beside feeds and the rows of `fingerprint` lack, by feed's row.
    package func auditDifferences(_ visit: (AuditedRow<AuditedDifferences>) throws -> Void) throws {
        let table = AuditedTable(name: "feed", key: [.integer(0)]) { statement in
            AuditedDifferences(feed: try statement.int64(0), bytes: try statement.bytes(1))
        }
        try connection.withStatement("SELECT rid, differences FROM feed WHERE differences IS NOT NULL ORDER BY rid") {
            try audit(table, $0, visit)
        }
    }

    package func auditQuarantine(_ visit: (AuditedRow<AuditedQuarantine>) throws -> Void) throws {
        let table = AuditedTable(name: "quarantine", key: [.integer(0), .integer(1)]) { statement in
            AuditedQuarantine(
                feed: try statement.int64(0), sequence: try statement.unsigned(1, "quarantine"),
                reason: try statement.text(2))
        }
        try connection.withStatement("SELECT feed, sequence, reason FROM quarantine ORDER BY feed, sequence") {
            try audit(table, $0, visit)
        }
    }

    package func holdsQuarantine(feed: Int64, sequence: UInt64) throws -> Bool {
        try connection.withStatement("SELECT 1 FROM quarantine WHERE feed = ? AND sequence = ?") { statement in
            try statement.bind(feed, Int64(clamping: sequence))
            return try statement.step()
        }
    }

    package func auditPartKeys(_ visit: (AuditedRow<AuditedPartKey>) throws -> Void) throws {
        let table = AuditedTable(name: "part_key", key: [.blob(0), .blob(1)]) { statement in
            AuditedPartKey(
                subject: try statement.identifier(0, "part_key"), record: try statement.identifier(1, "part_key"),
                key: try statement.bytes(2))
        }
        try connection.withStatement("SELECT subject, record, key FROM part_key ORDER BY subject, record") {
            try audit(table, $0, visit)
        }
    }
}
