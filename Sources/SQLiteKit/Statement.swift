internal import CSQLite

/// A prepared statement: lent for the length of a closure, or owned by whoever prepared it.
///
/// Parameters count from 1 and columns from 0, as in SQLite. Bind, then `step()` while it gives rows, or `run()`; both
/// leave the statement ready to be bound and run again.
///
/// ```swift
/// try connection.withStatement("SELECT name FROM branch WHERE id = ?") { statement in
///     try statement.bind(id)
///     return try statement.step() ? try statement.text(0) : nil
/// }
/// ```
package struct Statement: ~Copyable {
    let handle: OpaquePointer
    let connection: Connection
    private let isOwned: Bool

    @usableFromInline
    init(lending entry: CachedStatement, from connection: Connection) {
        self.handle = entry.handle
        self.connection = connection
        self.isOwned = false
    }

    init(owning handle: OpaquePointer, of connection: Connection) {
        self.handle = handle
        self.connection = connection
        self.isOwned = true
    }

    deinit {
        if isOwned { sqlite3_finalize(handle) }
    }

    /// Moves to the next row.
    ///
    /// - Returns: Whether there is one. After `false`, and after an error, the statement is reset and keeps its values.
    /// - Throws: `SQLiteError`.
    package func step() throws(SQLiteError) -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        guard code == SQLITE_DONE else {
            let failure = connection.failure(code, sql: sql)
            sqlite3_reset(handle)
            throw failure
        }
        sqlite3_reset(handle)
        return false
    }

    /// Runs a statement that gives no rows; a row is a fault of the caller, who would not see it.
    ///
    /// - Throws: `SQLiteError`.
    package func run() throws(SQLiteError) {
        let hasRow = try step()
        precondition(!hasRow, "“\(sql)” gave a row that nobody reads")
    }

    /// Goes back before the first row, and keeps the values.
    package func reset() {
        // Repeats the error of the last step, which the step has thrown.
        sqlite3_reset(handle)
    }

    /// The statement's text, with placeholders.
    package var sql: String {
        sqlite3_sql(handle).map { String(cString: $0) } ?? ""
    }

    /// How many values the statement takes.
    package var parameterCount: Int { Int(sqlite3_bind_parameter_count(handle)) }
}
