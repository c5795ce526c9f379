import SQLiteKit

/// Brings a file of format 2 to 5 to runs that lie by their place, and gives feeds the column in which one of them holds the clock.
///
/// Runs inside the migrator's transaction: all of it or nothing.
struct RunConversion {
    private let connection: Connection

    init(of connection: Connection) { self.connection = connection }

    func run() throws {
        try connection.execute(script: "ALTER TABLE feed ADD COLUMN clock BLOB")
        // A file of format 1 has just been given runs as they are now.
        guard try hasColumn("sequence") else { return }
        try connection.execute(script: "ALTER TABLE run RENAME TO old_run; \(StoreFormat.runs)")
        try connection.execute(
            script: """
                INSERT INTO run SELECT feed << 40 | sequence, number, count, hash, body, digest, records FROM old_run
                ORDER BY feed, sequence;
                DROP TABLE old_run
                """)
    }

    private func hasColumn(_ name: String) throws -> Bool {
        try connection.withStatement("SELECT 1 FROM pragma_table_info('run') WHERE name = ?") { statement in
            try statement.bind(name)
            return try statement.step()
        }
    }
}
