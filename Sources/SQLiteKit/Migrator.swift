/// Brings a file from any older format to this program's.
///
/// `Writer` runs the steps in this order, under the file's lock; each is safe to repeat after a crash at any point:
/// 1. `prepare(path:)` refuses a file of a newer or another program without changing a byte, and makes a verified copy
///    of a file that is about to be migrated.
/// 2. `migrate(_:)` applies everything that is missing in one transaction.
/// 3. `removeCopies(besides:)` checks the new file and only then removes the copy.
///
/// One transaction for all, rather than one each, because then no file is ever of a format between two releases: where
/// the third of four migrations fails, the older program still opens the file.
package struct Migrator: Sendable {
    package let format: FileFormat
    private let migrations: [Migration]

    /// - Parameters:
    ///   - applicationID: Marks the program's files, never 0.
    ///   - product: The program's name, for people.
    ///   - migrations: All there ever were, in order, at least one.
    package init(applicationID: Int32, product: String, migrations: [Migration]) {
        let names = Set(migrations.map(\.name))
        precondition(names.count == migrations.count, "two migrations have one name")
        self.format = FileFormat(applicationID: applicationID, version: Int32(migrations.count), product: product)
        self.migrations = migrations
    }

    /// Looks at a file, and copies it where it is about to be migrated.
    ///
    /// - Returns: The copy's path, or nil where the file is missing, new or current.
    /// - Throws: `FormatError.newer`, `.foreign`, `.diverged`, `.copyDamaged`; `SQLiteError`, `SystemError`.
    /// - Complexity: O(1); O(file) where a copy is made.
    @discardableResult
    package func prepare(path: String) throws -> String? {
        guard try FileSystem.exists(path) else { return nil }
        // Read-only, a file that a crash left half-created could not be opened at all.
        let connection = try Connection(path: path, access: .readWriteAsFound)
        let found = try format.version(of: connection)
        try checkHistory(of: connection, from: found)
        guard found > 0, found < format.version else { return nil }
        return try copy(connection, from: found)
    }

    /// Applies the migrations that the file lacks, all or none.
    ///
    /// - Throws: `FormatError`; the file is then as it was.
    package func migrate(_ connection: Connection) throws {
        guard try format.version(of: connection) < format.version else { return }
        // Dropping the old form of a table would delete what refers to it. The setting cannot change in a transaction.
        try connection.setForeignKeys(false)
        do {
            try connection.transaction(.immediate) { try applyMissing(to: connection) }
        } catch {
            try connection.setForeignKeys(true)
            throw error
        }
        try connection.setForeignKeys(true)
    }

    // MARK: - Applying

    private func applyMissing(to connection: Connection) throws {
        let found = try format.version(of: connection)
        if found == 0 {
            try connection.setApplicationID(format.applicationID)
            try connection.execute(
                "CREATE TABLE migration (position INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT")
        }
        try checkHistory(of: connection, from: found)
        for (index, migration) in migrations.enumerated().dropFirst(Int(found)) {
            do {
                try migration.apply(connection)
                try connection.execute("INSERT INTO migration VALUES (?, ?)", index + 1, migration.name)
            } catch {
                let copy = found > 0 ? copyPath(of: connection.path, from: found, to: format.version) : nil
                throw FormatError.migrationFailed(
                    path: connection.path, name: migration.name, copy: copy, cause: error)
            }
        }
        try connection.setUserVersion(format.version)
        try checkReferences(of: connection)
    }

    /// The names applied must be those of this program's first migrations.
    private func checkHistory(of connection: Connection, from version: Int32) throws {
        guard version > 0 else { return }
        try connection.withStatement("SELECT name FROM migration ORDER BY position") { statement in
            for (index, expected) in migrations.prefix(Int(version)).enumerated() {
                let found = try statement.step() ? try statement.text(0) : "nothing"
                guard found.utf8.elementsEqual(expected.name.utf8) else {
                    throw FormatError.diverged(
                        path: connection.path, position: index + 1, found: found, expected: expected.name)
                }
            }
        }
    }

    private func checkReferences(of connection: Connection) throws {
        try connection.withStatement("PRAGMA foreign_key_check") { statement in
            if try statement.step() {
                throw FormatError.brokenReferences(path: connection.path, table: try statement.text(0))
            }
        }
    }
}
