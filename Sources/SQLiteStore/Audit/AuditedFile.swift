import SQLiteKit

/// What SQLite itself can say about the file.
extension SQLiteTransaction {
    /// Broken pages, records, indexes and constraints, a line each; empty when there is nothing.
    package func auditPages() throws -> [String] { try connection.integrityReport() }

    /// Rows that refer to a row which is not there.
    package func auditReferences(_ visit: (StoredValueError) throws -> Void) throws {
        for reference in Reference.all {
            let sql = """
                SELECT \(reference.key.map { "CAST(\($0) AS BLOB)" }.joined(separator: ", ")) FROM "\(reference.table)"
                WHERE \(reference.value ?? "\"\(reference.column)\"") NOT IN (SELECT "\(reference.parentKey)" FROM "\(reference.parent)")
                """
            try connection.withStatement(dynamic: sql) { statement in
                while try statement.step() {
                    // Integers cast to their digits.
                    let key = try reference.key.indices.map { String(decoding: try statement.bytes($0), as: UTF8.self) }
                    try visit(
                        StoredValueError(
                            table: reference.table, row: key.joined(separator: ":"),
                            reason: "\(reference.column) names a row of \(reference.parent) that is not there"))
                }
            }
        }
    }

    private struct Reference {
        let table: String
        let column: String
        let parent: String
        let key: [String]
        var parentKey = "rid"
        /// What of the column names the parent's row; nil where that is all of it.
        var value: String?

        static let all = [
            Reference(table: "feed", column: "scope", parent: "scope", key: ["rid"]),
            Reference(table: "run", column: "place", parent: "feed", key: ["place"], value: "place >> 40"),
            Reference(table: "segment", column: "scope", parent: "scope", key: ["scope", "position"]),
            Reference(table: "stretch", column: "feed", parent: "feed", key: ["feed", "sequence"]),
            Reference(table: "verdict", column: "feed", parent: "feed", key: ["feed", "sequence"]),
            Reference(table: "part", column: "feed", parent: "feed", key: ["feed", "sequence", "number"]),
            Reference(table: "staged", column: "scope", parent: "scope", key: ["scope", "feed", "sequence"]),
            Reference(table: "knot", column: "feed", parent: "feed", key: ["feed", "sequence"]),
            Reference(table: "record", column: "scope", parent: "scope", key: ["rid"]),
            Reference(
                table: "log_row", column: "record", parent: "record",
                key: ["record", "key", "feed", "sequence", "field"]),
            Reference(
                table: "log_row", column: "feed", parent: "feed", key: ["record", "key", "feed", "sequence", "field"]),
            Reference(table: "snapshot", column: "scope", parent: "scope", key: ["scope"]),
            Reference(
                table: "snapshot_piece", column: "scope", parent: "snapshot", key: ["scope", "number", "is_parts"],
                parentKey: "scope"),
            Reference(table: "fingerprint", column: "scope", parent: "scope", key: ["scope", "bucket"]),
            Reference(table: "quarantine", column: "feed", parent: "feed", key: ["feed", "sequence"]),
        ]
    }
}
