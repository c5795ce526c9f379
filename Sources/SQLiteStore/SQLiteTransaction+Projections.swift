import Causality
import Changes
import Replication
import SQLiteKit

extension SQLiteTransaction {
    /// Makes the projections' tables; where the schemas' tables are not those of the file, all are dropped and written
    /// anew from the records.
    func prepareProjections() throws {
        let definition = [UInt8](projections.definition.utf8)
        guard try setting(.projections) != definition else { return }
        for name in try projectedTableNames() {
            try connection.execute(script: "DROP TABLE IF EXISTS \"\(name)\"")
        }
        try connection.execute(script: projections.definition)
        try put(definition, for: .projections)
        let names = projections.types.flatMap { Projections.tables(of: $0) }.map(\.name).joined(separator: "\n")
        try put([UInt8](names.utf8), for: .projectedTables)
        try rebuildProjections()
    }

    private func projectedTableNames() throws -> [Substring] {
        guard let bytes = try setting(.projectedTables) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }

    /// Writes every record's rows anew.
    private func rebuildProjections() throws {
        for scope in try scopes() {
            var last: RecordID?
            while true {
                let page = try records(of: scope.id, after: last, limit: 500)
                guard let end = page.last else { break }
                for record in page {
                    guard let cached = try recordRow(record.id) else { continue }
                    cached.projectedType = nil
                    try project(record, cached, type: record.type)
                }
                last = end.id
                caches.dropRecords()
            }
        }
    }

    /// Writes what the tables show of one record.
    func project(_ record: StoredRecord, _ cached: CachedRecord, type name: Text?) throws {
        let isFirst = cached.projectedType != name
        cached.projectedType = name
        guard let name, let (type, tables) = projections.projection(named: name) else { return }
        let log = try logRows(of: record.id, scope: record.scope)
        let shown = isFirst ? log : cached.unprojectedLog ?? log
        let rewritesLog = cached.unprojectedLog == nil && !isFirst
        let rows = try projections.rows(
            of: record, type: type, log: shown, view: RecordView(id: record.id, state: record.state, log: log)
        ) { try header(of: $0, scope: record.scope) }
        for (table, rows) in zip(tables, rows) {
            if !isFirst, table.content == .set || (table.content == .log && rewritesLog) {
                try connection.withStatement(dynamic: table.deletion) { statement in
                    try statement.bind(cached.rid)
                    try statement.run()
                }
            }
            try connection.withStatement(dynamic: table.insertion) { statement in
                for row in rows {
                    try statement.bind(cached.rid, at: 1)
                    for (index, value) in row.enumerated() { try value.bind(to: statement, at: index + 2) }
                    try statement.run()
                    statement.reset()
                }
            }
        }
    }

    /// Takes a record out of the tables of a type that it no longer has.
    func unproject(_ cached: CachedRecord) throws {
        guard let name = cached.projectedType, let type = projections.type(named: name) else { return }
        for table in Projections.tables(of: type) {
            try connection.withStatement(dynamic: table.deletion) { statement in
                try statement.bind(cached.rid)
                try statement.run()
            }
        }
        cached.projectedType = nil
    }
}

extension SettingKey {
    /// The statements that made the projections' tables.
    static let projections = SettingKey(rawValue: "projections")
    /// Their names, a line each.
    static let projectedTables = SettingKey(rawValue: "projection tables")
}
