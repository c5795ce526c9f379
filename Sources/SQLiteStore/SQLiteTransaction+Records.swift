import Causality
import Changes
import Replication
import SQLiteKit

extension SQLiteTransaction {
    // MARK: - Records

    package func record(_ id: RecordID, of scope: ScopeID) throws -> StoredRecord? {
        guard let cached = try recordRow(id), cached.scope == scope else { return nil }
        return cached.stored
    }

    package func records(of scope: ScopeID, after id: RecordID?, limit: Int) throws -> [StoredRecord] {
        guard let row = try heldScopeRow(scope) else { return [] }
        try flushRecords()
        let ids: [RecordID] = try connection.withStatement(
            "SELECT id FROM record WHERE scope = ? AND id > ? AND length(state) > 0 ORDER BY id LIMIT ?"
        ) { statement in
            try statement.bind(row, id?.bytes ?? [], limit)
            var ids: [RecordID] = []
            while try statement.step() { ids.append(try statement.identifier(0, "record")) }
            return ids
        }
        return try ids.compactMap { try record($0, of: scope) }
    }

    package func put(_ record: StoredRecord) throws {
        let cached = try recordRow(record.id) ?? insertRecord(record.id, scope: record.scope)
        cached.origin = record.origin
        cached.state = record.state
        mark(dirty: cached)
    }

    package func update(
        _ id: RecordID, of scope: ScopeID, from origin: RecordOrigin, _ body: (inout RecordState) throws -> Void
    ) throws {
        let cached = try recordRow(id) ?? insertRecord(id, scope: scope)
        if cached.origin == nil { cached.origin = origin }
        try body(&cached.state)
        mark(dirty: cached)
    }

    package func clear(_ id: RecordID, of scope: ScopeID) throws {
        guard let cached = try recordRow(id) else { return }
        try connection.execute("DELETE FROM log_row WHERE record = ?", cached.rid)
        cached.log = []
        cached.unprojectedLog = nil
        cached.origin = nil
        cached.state = RecordState()
        mark(dirty: cached)
    }

    private func mark(dirty cached: CachedRecord) {
        guard !cached.isDirty else { return }
        cached.isDirty = true
        caches.dirtyRecords.append(cached)
    }

    /// The cached row of a record, read where it is not cached; nil where there is none.
    func recordRow(_ id: RecordID) throws -> CachedRecord? {
        if let cached = caches.records[id] { return cached }
        let read: CachedRecord? = try connection.withStatement(
            """
            SELECT r.rid, s.id, r.origin, r.state, r.digest, r.type
            FROM record r JOIN scope s ON s.rid = r.scope WHERE r.id = ?
            """
        ) { statement in
            try statement.bind(id.bytes)
            guard try statement.step() else { return nil }
            let rid = try statement.int64(0)
            let cached = CachedRecord(id: id, rid: rid, scope: try statement.identifier(1, "record"))
            let state = try statement.bytes(3)
            // One that was folded and is not any more.
            if state.isEmpty { return cached }
            do {
                var reader = ByteReader(try statement.bytes(2))
                cached.origin = try RecordOrigin(from: &reader)
                try reader.finish()
                cached.state = try RecordState(state)
            } catch let error as CodecError {
                throw StoredValueError(table: "record", row: "\(rid)", reason: error.description)
            }
            let digest: ShortHash = try statement.identifier(4, "record")
            cached.savedDigest = digest.number
            cached.savedBytes = state.count
            cached.projectedType = try statement.optionalText(5).map { Text($0) }
            return cached
        }
        if let read { keep(read) }
        return read
    }

    private func keep(_ cached: CachedRecord) {
        caches.records[cached.id] = cached
        caches.recordBytes += cached.savedBytes
    }

    private func insertRecord(_ id: RecordID, scope: ScopeID) throws -> CachedRecord {
        try connection.execute(
            """
            INSERT INTO record (scope, id, origin, state, digest, conflicts) VALUES (?, ?, x'', x'', x'', 0)
            """,
            try scopeRow(scope), id.bytes)
        let cached = CachedRecord(id: id, rid: connection.lastInsertedRowID, scope: scope)
        cached.log = []
        keep(cached)
        return cached
    }

    // MARK: - Logs

    package func append(_ row: LogRow, of record: RecordID, scope: ScopeID) throws {
        let cached = try recordRow(record) ?? insertRecord(record, scope: scope)
        try connection.execute(
            "INSERT INTO log_row (record, key, feed, sequence, field, value) VALUES (?, ?, ?, ?, ?, ?)",
            cached.rid, Int64(ordered: row.mark.key), try feedRow(of: row.mark.dot, scope: scope),
            Int64(row.mark.dot.sequence), row.field.string, row.value.canonicalBytes)
        if let index = cached.log?.lastIndex(where: { $0.precedes(row) }) {
            cached.log?.insert(row, at: index + 1)
        } else {
            cached.log?.insert(row, at: 0)
        }
        cached.unprojectedLog?.append(row)
    }

    package func logRows(of record: RecordID, scope: ScopeID) throws -> [LogRow] {
        guard let cached = try recordRow(record) else { return [] }
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
            return rows.sorted { $0.precedes($1) }
        }
        cached.log = rows
        return rows
    }

    package func greatestLogKey(of record: RecordID, scope: ScopeID, within past: Past) throws -> HybridTimestamp? {
        try logRows(of: record, scope: scope).last { past.contains($0.mark.dot) }?.mark.key
    }

    /// Writes every record that has changed, once, with its share of the fingerprint and the tables that show it.
    func flushRecords() throws {
        var writer = ByteWriter(reserving: 1_024)
        for cached in caches.dirtyRecords {
            let stored = cached.stored
            let type = stored?.type
            if cached.projectedType != type { try unproject(cached) }
            var digest: UInt128 = 0
            if let stored {
                writer.removeAll()
                stored.state.encode(into: &writer)
                if !stored.state.isEmpty { digest = RecordState.digest(of: cached.id, state: writer.bytes) }
                try connection.execute(
                    "UPDATE record SET type = ?, origin = ?, state = ?, digest = ?, conflicts = ? WHERE rid = ?",
                    type?.string, stored.originBytes, writer.bytes, digest.bytes, stored.state.conflictCount,
                    cached.rid)
                caches.recordBytes += writer.count - cached.savedBytes
                cached.savedBytes = writer.count
                try project(stored, cached, type: type)
            } else {
                try connection.execute(
                    "UPDATE record SET type = NULL, origin = x'', state = x'', digest = x'', conflicts = 0 WHERE rid = ?",
                    cached.rid)
            }
            let scope = try scopeRow(cached.scope)
            if digest != cached.savedDigest {
                _ = try buckets(scope)
                let bucket = Fingerprint.bucket(of: cached.id)
                // Where they lie: a copy would take all of them along for one.
                caches.fingerprints[scope]?.fingerprint.buckets[bucket] &+= digest &- cached.savedDigest
                caches.fingerprints[scope]?.dirty.insert(bucket)
                cached.savedDigest = digest
            }
            cached.isDirty = false
            cached.unprojectedLog = []
        }
        caches.dirtyRecords = []
    }

    // MARK: - Fingerprints

    package func fingerprint(of scope: ScopeID) throws -> Fingerprint {
        guard let row = try heldScopeRow(scope) else { return Fingerprint() }
        try flushRecords()
        return try buckets(row).fingerprint
    }

    private func buckets(_ row: Int64) throws -> StoreCaches.Buckets {
        if let cached = caches.fingerprints[row] { return cached }
        var buckets = StoreCaches.Buckets(fingerprint: Fingerprint(), dirty: [])
        try connection.withStatement("SELECT bucket, sum FROM fingerprint WHERE scope = ?") { statement in
            try statement.bind(row)
            while try statement.step() {
                let bucket = try statement.int64(0)
                guard (0..<Int64(Fingerprint.bucketCount)).contains(bucket) else {
                    throw StoredValueError(table: "fingerprint", row: "\(bucket)", reason: "there is no such bucket")
                }
                let sum: ShortHash = try statement.identifier(1, "fingerprint")
                buckets.fingerprint.buckets[Int(bucket)] = sum.number
            }
        }
        caches.fingerprints[row] = buckets
        return buckets
    }

    func flushFingerprints() throws {
        for (row, buckets) in caches.fingerprints where !buckets.dirty.isEmpty {
            for bucket in buckets.dirty.sorted() {
                let sum = buckets.fingerprint.buckets[bucket]
                try connection.execute(
                    "INSERT OR REPLACE INTO fingerprint (scope, bucket, sum) VALUES (?, ?, ?)",
                    row, bucket, sum.bytes)
            }
            caches.fingerprints[row]?.dirty = []
        }
    }

    // MARK: - Quarantine and part keys

    package func quarantine(_ dot: Dot, of scope: ScopeID, reason: String) throws {
        try connection.execute(
            "INSERT OR REPLACE INTO quarantine (feed, sequence, reason) VALUES (?, ?, ?)",
            try feedRow(of: dot, scope: scope), Int64(dot.sequence), reason)
    }

    package func removeQuarantine(_ dot: Dot, of scope: ScopeID) throws {
        guard let sequence = Int64(exactly: dot.sequence) else { return }
        try connection.execute(
            "DELETE FROM quarantine WHERE feed = ? AND sequence = ?", try feedRow(of: dot, scope: scope), sequence)
    }

    package func quarantined(of scope: ScopeID) throws -> [(dot: Dot, reason: String)] {
        guard let row = try heldScopeRow(scope) else { return [] }
        return try connection.withStatement(
            """
            SELECT f.id, q.sequence, q.reason FROM quarantine q JOIN feed f ON f.rid = q.feed
            WHERE f.scope = ? ORDER BY f.id, q.sequence
            """
        ) { statement in
            try statement.bind(row)
            var result: [(dot: Dot, reason: String)] = []
            while try statement.step() {
                result.append(
                    (
                        dot: Dot(
                            feed: try statement.identifier(0, "quarantine"),
                            sequence: try statement.unsigned(1, "quarantine")),
                        reason: try statement.text(2)
                    ))
            }
            return result
        }
    }

    package func partKey(of subject: SubjectID, record: RecordID) throws -> [UInt8]? {
        try connection.withStatement("SELECT key FROM part_key WHERE subject = ? AND record = ?") { statement in
            try statement.bind(subject.bytes, record.bytes)
            return try statement.step() ? try statement.bytes(0) : nil
        }
    }

    package func put(partKey: [UInt8], of subject: SubjectID, record: RecordID) throws {
        try connection.execute(
            "INSERT OR REPLACE INTO part_key (subject, record, key) VALUES (?, ?, ?)",
            subject.bytes, record.bytes, partKey)
    }
}

extension LogRow {
    /// Listing order: by mark, then by field where one change wrote to two logs.
    fileprivate func precedes(_ other: LogRow) -> Bool {
        mark != other.mark ? mark < other.mark : field < other.field
    }
}

/// A record as its row holds it.
extension StoredRecord {
    var type: Text? { state.winner(Schema.typeField, .latest)?.value.text }

    package var originBytes: [UInt8] {
        var writer = ByteWriter(reserving: 48)
        origin.encode(into: &writer)
        return writer.bytes
    }
}

extension RecordState {
    /// Registers in which more than one value stands.
    package var conflictCount: Int {
        slots.count { $0.target.kind == .register && $0.survivors.count > 1 && $0.distinct.count > 1 }
    }
}
