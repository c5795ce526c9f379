import Causality
import Changes
import Replication
import SQLiteKit

/// The rows of `record`, and the states that they and the value tables hold together.
extension SQLiteTransaction {
    /// The cached row of a record, read where it is not cached; nil where the scope has none.
    func recordRow(_ id: RecordID, of scope: ScopeID) throws -> CachedRecord? {
        if let cached = caches.records.find(id) { return cached.scope == scope ? cached : nil }
        if let back = try takeBack(id) { return back.scope == scope ? back : nil }
        guard let row = try heldScopeRow(scope), try !isNew(id, in: row) else { return nil }
        let read: CachedRecord? = try connection.withStatement(
            """
            SELECT rid, type, origin, state, conflicts FROM record
            WHERE scope = ?1 AND substr(id, 1, 4) = substr(?2, 1, 4) AND id = ?2
            """
        ) { statement -> CachedRecord? in
            try statement.bind(row, id.bytes)
            guard try statement.step() else { return nil }
            let rid = try statement.int64(0)
            let cached = CachedRecord(id: id, rid: rid, scope: scope)
            cached.isInserted = true
            cached.savedConflicts = Int32(clamping: try statement.int64(4))
            let origin = try statement.bytes(2)
            // One that was folded and is not any more.
            if origin.isEmpty { return cached }
            cached.origin = try self.origin(origin, of: rid)
            cached.isOriginSaved = true
            let state = try statement.bytes(3)
            cached.isStateInline = !state.isEmpty
            cached.projected = try statement.optionalInt64(1)
            cached.savedType = cached.projected
            cached.state = try foldingState(of: rid, type: cached.projected, inline: state)
            return cached
        }
        if let read { caches.records.keep(read) }
        return read
    }

    /// Whether the scope surely has no row of the record.
    private func isNew(_ id: RecordID, in row: Int64) throws -> Bool {
        try caches.recordFilter.isNew(id, of: row) {
            try connection.withStatement("SELECT 1 FROM record WHERE scope = ? LIMIT 1") { statement in
                try statement.bind(row)
                return try !statement.step()
            }
        }
    }

    /// A record's state as the file has it.
    ///
    /// - Parameters:
    ///   - type: in whose value table it lies; nil where it lies in the row of `record`.
    ///   - inline: what the row holds.
    /// - Throws: `StoredValueError` where that is no state.
    func state(of rid: Int64, type: Int64?, inline: [UInt8]) throws -> RecordState {
        guard let type else {
            do {
                return try RecordState(inline)
            } catch {
                throw StoredValueError(table: "record", row: "\(rid)", reason: error.description)
            }
        }
        return try readRow(rid, type, inline) { table, clocks, statement in
            var reader = ClockReader(clocks, of: table)
            return try reader.state(of: statement) { try self.feedID($0) }
        }
    }

    /// The same, to be folded into.
    private func foldingState(of rid: Int64, type: Int64?, inline: [UInt8]) throws -> FoldingState {
        guard let type else {
            _ = try state(of: rid, type: nil, inline: inline)
            return FoldingState(EncodedState(canonical: inline))
        }
        return try readRow(rid, type, inline) { table, clocks, statement in
            let state = try rowReader.state(
                clocks, of: table, at: statement, projections.fieldNames, feed: { try self.feedID($0) })
            if let state { return FoldingState(state) }
            var reader = ClockReader(clocks, of: table)
            return FoldingState(try reader.state(of: statement) { try self.feedID($0) })
        }
    }

    /// Reads the row of a record's value table, with its clocks.
    private func readRow<State>(
        _ rid: Int64, _ type: Int64, _ inline: [UInt8],
        _ read: (ValueTable, [UInt8], borrowing Statement) throws -> State
    ) throws -> State {
        guard let table = try valueTables()[type], inline.isEmpty else {
            throw StoredValueError(table: "record", row: "\(rid)", reason: "its type is none of this file's")
        }
        func damage(_ reason: String) -> StoredValueError {
            StoredValueError(table: table.tables[0], row: "\(rid)", reason: reason)
        }
        return try connection.withStatement(dynamic: table.selection) { statement in
            try statement.bind(rid, at: 1)
            guard try statement.step() else { throw damage("the row is missing") }
            do {
                return try read(table, try statement.bytes(table.columnCount), statement)
            } catch let error as CodecError {
                throw damage(error.description)
            } catch let error as StateRuleError {
                throw damage(error.rule)
            } catch let error as SQLiteError where error.isMismatch {
                throw damage(error.message)
            }
        }
    }

    /// A record that has no row yet; it gets one when it is written.
    func newRecord(_ id: RecordID, scope: ScopeID) throws -> CachedRecord {
        let cached = try unkeptRecord(id, scope: scope)
        caches.records.keep(cached)
        mark(dirty: cached)
        return cached
    }

    /// The same, which the cache does not get to know: whoever asks for it writes it.
    func unkeptRecord(_ id: RecordID, scope: ScopeID) throws -> CachedRecord {
        let last =
            try caches.lastRecord
            ?? connection.withStatement("SELECT coalesce(max(rid), 0) FROM record") { statement in
                _ = try statement.step()
                return try statement.int64(0)
            }
        caches.lastRecord = last + 1
        let cached = CachedRecord(id: id, rid: last + 1, scope: scope)
        cached.log = []
        cached.savedDigest = 0
        return cached
    }

    /// Writes the row of `record` where it says something new.
    ///
    /// - Parameters:
    ///   - state: empty where a value table holds it.
    ///   - conflicts: registers in which more than one value stands.
    func writeRow(of cached: CachedRecord, keepingState state: [UInt8], conflicts: Int64) throws {
        let hasOrigin = cached.hasOrigin
        if cached.isInserted {
            let isOther =
                cached.projected != cached.savedType || !state.isEmpty || cached.isStateInline
                || cached.isOriginSaved != hasOrigin
            guard isOther || conflicts != Int64(cached.savedConflicts) else { return }
            if !isOther {
                cached.savedConflicts = Int32(clamping: conflicts)
                return try connection.execute("UPDATE record SET conflicts = ? WHERE rid = ?", conflicts, cached.rid)
            }
            try connection.execute(
                "UPDATE record SET type = ?, origin = ?, state = ?, conflicts = ? WHERE rid = ?",
                cached.projected, try cached.origin.map(storedBytes) ?? [], state, conflicts, cached.rid)
        } else {
            try insertRow(of: cached, keepingState: state, conflicts: conflicts)
            cached.isInserted = true
        }
        cached.savedType = cached.projected
        cached.savedConflicts = Int32(clamping: conflicts)
        cached.isStateInline = !state.isEmpty
        cached.isOriginSaved = hasOrigin
    }

    /// Nothing is copied for it: a history brings thousands.
    private func insertRow(of cached: CachedRecord, keepingState state: [UInt8], conflicts: Int64) throws {
        let scope = try scopeRow(cached.scope)
        caches.recordFilter.insert(cached.id, of: scope)
        storedOrigin.removeAll()
        if let origin = cached.origin { try write(origin, into: &storedOrigin) }
        try connection.withStatement(
            "INSERT INTO record (rid, scope, id, type, origin, state, conflicts) VALUES (?, ?, ?, ?, ?, ?, ?)"
        ) { statement in
            try statement.bind(cached.rid, at: 1)
            try statement.bind(scope, at: 2)
            if let type = cached.projected { try statement.bind(type, at: 4) } else { try statement.bindNull(at: 4) }
            try statement.bind(state, at: 6)
            try statement.bind(conflicts, at: 7)
            try withUnsafeBytes(of: (cached.id.high.bigEndian, cached.id.low.bigEndian)) { id in
                try storedOrigin.bytes.withUnsafeBytes { origin in
                    try statement.bind(lending: id, at: 3)
                    try statement.bind(lending: origin, at: 5)
                    try statement.run()
                }
            }
        }
    }

    /// The record of a row that a question found.
    func recordRow(at rid: Int64) throws -> CachedRecord? {
        let found: (scope: Int64, id: RecordID)? = try connection.withStatement(
            "SELECT scope, id FROM record WHERE rid = ?"
        ) { statement in
            try statement.bind(rid)
            guard try statement.step() else { return nil }
            return (try statement.int64(0), try statement.identifier(1, "record"))
        }
        guard let found, let scope = try scopeID(found.scope) else { return nil }
        return try recordRow(found.id, of: scope)
    }
}
