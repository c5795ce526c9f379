import Causality
import Changes
import Replication
import SQLiteKit

extension SQLiteTransaction {
    /// Makes the projections' tables; where the schemas' tables are not those of the file, the values of all records are
    /// taken out of the old ones, and all tables are made and written anew.
    func prepareProjections() throws {
        if try hasCurrentProjections() { return try countConflicts() }
        try visitRecordIDs { id, scope in
            guard let cached = try recordRow(id, of: scope), cached.projected != nil else { return }
            try unproject(cached)
            try writeRow(
                of: cached, keepingState: cached.state.encoded(projections.fieldNames).bytes,
                conflicts: Int64(cached.savedConflicts))
        }
        for name in try valueTables().tables.flatMap(\.tables) {
            try connection.execute(script: "DROP TABLE IF EXISTS \"\(name)\"")
        }
        try connection.execute(script: projections.definition)
        try put([UInt8](projections.definition.utf8), for: .projections)
        try put(projections.valueTables.encoded(), for: .valueTables)
        caches.valueTables = nil
        try visitRecordIDs { id, scope in
            guard let cached = try recordRow(id, of: scope), cached.origin != nil else { return }
            cached.unprojectedLog = nil
            mark(dirty: cached)
        }
        try put(SQLiteTransaction.conflictRule, for: .conflictRule)
    }

    /// Whether the projections' tables are those of this version's schemas, as far as the file says.
    package func hasCurrentProjections() throws -> Bool { try outdatedTableSettings().isEmpty }

    /// The settings that say something else of the tables than this version's schemas.
    package func outdatedProjectionSettings() throws -> [SettingKey] {
        // A file that says no rule is of an earlier program, and as it should be.
        let isOtherRule = try setting(.conflictRule).map { $0 != SQLiteTransaction.conflictRule } ?? false
        return try outdatedTableSettings() + (isOtherRule ? [.conflictRule] : [])
    }

    /// Whether `record.conflicts` says what this version counts.
    package func hasCurrentConflicts() throws -> Bool { try setting(.conflictRule) == SQLiteTransaction.conflictRule }

    /// Counts anew what another version counted as conflicts.
    private func countConflicts() throws {
        guard try !hasCurrentConflicts() else { return }
        var last: Int64 = 0
        while true {
            let rows: [Int64] = try connection.withStatement(
                "SELECT rid FROM record WHERE conflicts > 0 AND rid > ? ORDER BY rid LIMIT ?"
            ) { statement in
                try statement.bind(last, SQLiteTransaction.recordsPerPage)
                var rows: [Int64] = []
                while try statement.step() { rows.append(try statement.int64(0)) }
                return rows
            }
            guard let end = rows.last else { break }
            for row in rows {
                // A damaged one keeps its count: it must not keep anyone from the others, and whoever reads it is told.
                do { if let record = try recordRow(at: row) { mark(dirty: record) } } catch is StoredValueError {}
            }
            try flushRecords()
            caches.records.removeAll()
            last = end
        }
        try put(SQLiteTransaction.conflictRule, for: .conflictRule)
    }

    /// Since 2, values about one person are one.
    private static let conflictRule: [UInt8] = [2]
    private static let recordsPerPage = 500

    private func outdatedTableSettings() throws -> [SettingKey] {
        var keys: [SettingKey] = []
        if try setting(.projections) != Array(projections.definition.utf8) { keys.append(.projections) }
        if try setting(.valueTables) != projections.valueTables.encoded() { keys.append(.valueTables) }
        return keys
    }

    /// The value tables as the file says them, so that it is read whatever schemas this program has.
    func valueTables() throws -> ValueTables {
        if let tables = caches.valueTables { return tables }
        var tables = ValueTables(tables: [])
        if let bytes = try setting(.valueTables) {
            do {
                tables = try ValueTables(bytes)
            } catch {
                throw StoredValueError(
                    table: "setting", row: SettingKey.valueTables.rawValue, reason: error.description)
            }
        }
        caches.valueTables = tables
        return tables
    }

    /// Every record, a page at a time; what `body` changes is written after each page.
    private func visitRecordIDs(_ body: (RecordID, ScopeID) throws -> Void) throws {
        for scope in try scopes() {
            var last: RecordID?
            while true {
                let page = try recordIDs(of: scope.id, after: last, limit: SQLiteTransaction.recordsPerPage)
                guard let end = page.last else { break }
                for id in page { try body(id, scope.id) }
                try flushRecords()
                caches.records.removeAll()
                last = end
            }
        }
    }

    /// Writes what the tables show of one record.
    ///
    /// - Parameters:
    ///   - draft: of its state.
    ///   - isFirst: whether they have nothing of it yet.
    func project(
        _ cached: CachedRecord, _ draft: RowDraft, as type: ProjectedType, isFirst: Bool
    ) throws {
        let log = type.readsLog && draft.hasLog ? try logRows(of: cached) : []
        let needsState = !type.type.derivedColumns.isEmpty || type.tables.count > 1
        let apart = needsState ? cached.state.state(projections.fieldNames) : RecordState()
        let derived =
            type.type.derivedColumns.isEmpty
            ? [] : type.type.derive(RecordView(id: cached.id, state: apart, log: log))
        let scope = try scopeRow(cached.scope)
        if !draft.hasClocks {
            try cached.state.forEachFeed { if let feed = $0 { _ = try feedRow(of: feed, scope: scope) } }
        }
        let main = type.tables[0]
        try connection.withStatement(dynamic: isFirst ? main.insertion : main.update) { statement in
            try draft.write(as: type, rid: cached.rid, scope: scope, derived: derived, with: statement)
        }
        guard type.tables.count > 1 else { return }
        let rewritesLog = cached.unprojectedLog == nil && !isFirst
        let shown = isFirst ? log : cached.unprojectedLog ?? log
        let others = try type.otherRows(of: apart, log: shown) {
            try heading(of: $0, in: cached.id, scope: cached.scope)
        }
        for (table, rows) in zip(type.tables.dropFirst(), others) {
            if !isFirst, table.content == .set || rewritesLog {
                try connection.withStatement(dynamic: table.deletion) { statement in
                    try statement.bind(cached.rid)
                    try statement.run()
                }
            }
            if rows.isEmpty { continue }
            try connection.withStatement(dynamic: table.insertion) { statement in
                for row in rows { try write(row, of: cached.rid, with: statement) }
            }
        }
    }

    private func write(_ row: [ColumnValue], of rid: Int64, with statement: borrowing Statement) throws {
        try statement.bind(rid, at: 1)
        for index in row.indices { try row[index].bind(to: statement, at: index + 2) }
        try statement.run()
        statement.reset()
    }

    /// Takes a record out of the tables of its type, which the file names.
    func unproject(_ cached: CachedRecord) throws {
        guard let number = cached.projected, let table = try valueTables()[number] else { return }
        for name in table.tables {
            try connection.withStatement(dynamic: "DELETE FROM \"\(name)\" WHERE rid = ?") { statement in
                try statement.bind(cached.rid)
                try statement.run()
            }
        }
        cached.projected = nil
    }
}

extension SettingKey {
    /// The statements that made the projections' tables.
    static let projections = SettingKey(rawValue: "projections")
    /// By which rule the conflicts of records were counted.
    static let conflictRule = SettingKey(rawValue: "conflict rule")
    /// See `ValueTables`.
    static let valueTables = SettingKey(rawValue: "value tables")
}
