import SQLiteKit

/// A table by what its definition says: whatever is not in it, no statement can name.
package struct TableForm: Hashable, Sendable {
    /// Name, type, whether it may be empty, place in the primary key: of each column.
    package fileprivate(set) var columns: Set<String> = []
    /// Column, parent and its column: of each reference.
    package fileprivate(set) var references: Set<String> = []
    /// Name, whether it is unique, column or `-` for an expression: of each indexed place.
    package fileprivate(set) var indexes: Set<String> = []
}

extension SQLiteTransaction {
    /// The tables as SQLite understands their definitions, by name.
    package func auditedForms() throws -> [String: TableForm] {
        var forms: [String: TableForm] = [:]
        try visitForms(
            """
            SELECT m.name, c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || c.pk
            FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) c WHERE m.type = 'table' ORDER BY 1, 2
            """
        ) { forms[$0, default: TableForm()].columns.insert($1) }
        try visitForms(
            """
            SELECT m.name, f."from" || ' ' || f."table" || ' ' || coalesce(f."to", '')
            FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY 1, 2
            """
        ) { forms[$0, default: TableForm()].references.insert($1) }
        try visitForms(
            """
            SELECT m.name, i.name || ' ' || i."unique" || ' ' || x.seqno || ' ' || coalesce(x.name, '-')
            FROM sqlite_schema m JOIN pragma_index_list(m.name) i JOIN pragma_index_info(i.name) x
            WHERE m.type = 'table' ORDER BY 1, 2
            """
        ) { forms[$0, default: TableForm()].indexes.insert($1) }
        return forms
    }

    private func visitForms(_ sql: String, _ visit: (_ table: String, _ part: String) -> Void) throws {
        try connection.withStatement(dynamic: sql) { statement in
            while try statement.step() { visit(try statement.text(0), try statement.text(1)) }
        }
    }

    /// The tables that show records, by name: they come and go with the schemas.
    package var projectedTables: Set<String> { Set(projections.valueTables.tables.flatMap(\.tables)) }
}
