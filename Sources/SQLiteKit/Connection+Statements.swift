internal import CSQLite

extension Connection {
    // MARK: - Running prepared statements

    /// Lends the statement for `sql`, prepared at its first use and kept for the connection's life.
    ///
    /// Afterwards the statement is reset and its values cleared, also when `body` throws. The same SQL may be used
    /// again inside `body`; the inner use prepares a statement of its own.
    ///
    /// - Parameter sql: One statement, as a literal. The cache goes by the literal's address: nothing is compared or
    ///   copied.
    /// - Throws: `SQLiteError` where `sql` cannot be prepared; what `body` throws.
    /// - Complexity: O(1) beside what the statement does.
    @inlinable
    package func withStatement<Result: ~Copyable>(
        _ sql: StaticString, _ body: (borrowing Statement) throws -> Result
    ) throws -> Result {
        let entry = try checkOut(sql)
        defer { checkIn(entry) }
        return try body(Statement(lending: entry, from: self))
    }

    /// Like the form for literals, for SQL that is made at run time, such as that of a projection's table.
    ///
    /// The `StatementCache.dynamicLimit` statements used last stay prepared.
    @inlinable
    package func withStatement<Result: ~Copyable>(
        dynamic sql: String, _ body: (borrowing Statement) throws -> Result
    ) throws -> Result {
        let entry = try checkOut(dynamic: sql)
        defer { checkIn(entry) }
        return try body(Statement(lending: entry, from: self))
    }

    /// Binds `values` and runs a statement that gives no rows.
    ///
    /// - Throws: `SQLiteError`, with `isConstraint` where a value breaks a rule of the table.
    @inlinable
    package func execute<each Value: Bindable>(_ sql: StaticString, _ values: repeat each Value) throws {
        // Not by `withStatement`: a closure over a pack is not free.
        let entry = try checkOut(sql)
        defer { checkIn(entry) }
        let statement = Statement(lending: entry, from: self)
        try statement.bind(repeat each values)
        try statement.run()
    }

    /// Prepares a statement that the caller owns: it is finalised at the end of its life, and keeps the connection
    /// open.
    ///
    /// - Parameter sql: Exactly one statement.
    package func prepare(_ sql: String) throws(SQLiteError) -> Statement {
        Statement(owning: try compile(dynamic: sql, flags: 0), of: self)
    }

    /// Runs every statement of a script, and ignores rows. For schemas and settings; it prepares anew each time.
    ///
    /// - Throws: `SQLiteError` at the first statement that fails; those before it stand unless a transaction is open.
    package func execute(script: String) throws(SQLiteError) {
        precondition(!script.utf8.contains(0), "a script with U+0000 would end there")
        let code = sqlite3_exec(handle, script, nil, nil, nil)
        try check(code, sql: script)
    }

    /// Rows that the last INSERT, UPDATE or DELETE changed.
    package var changes: Int { Int(sqlite3_changes64(handle)) }

    /// The row id of the last successful INSERT into a rowid table.
    package var lastInsertedRowID: Int64 { sqlite3_last_insert_rowid(handle) }

    /// The text in the first column of the only row of `sql`.
    func singleText(_ sql: String) throws(SQLiteError) -> String {
        let statement = try prepare(sql)
        let hasRow = try statement.step()
        precondition(hasRow, "“\(sql)” gave no row")
        return try statement.text(0)
    }

    // MARK: - Lending from the cache

    @usableFromInline
    func checkOut(_ sql: StaticString) throws(SQLiteError) -> CachedStatement {
        precondition(sql.hasPointerRepresentation, "a statement of one character")
        if let entry = cache.literal(sql) {
            guard entry.isLent else { return entry.lent() }
            return CachedStatement(try compile(sql), isKept: false)
        }
        return cache.insert(try compile(sql), literal: sql).lent()
    }

    @usableFromInline
    func checkOut(dynamic sql: String) throws(SQLiteError) -> CachedStatement {
        if let entry = cache.dynamic(sql) {
            guard entry.isLent else { return entry.lent() }
            return CachedStatement(try compile(dynamic: sql, flags: 0), isKept: false)
        }
        let handle = try compile(dynamic: sql, flags: UInt32(SQLITE_PREPARE_PERSISTENT))
        return cache.insert(handle, dynamic: sql).lent()
    }

    @usableFromInline
    func checkIn(_ entry: CachedStatement) {
        entry.giveBack()
    }

    private func compile(_ sql: StaticString) throws(SQLiteError) -> OpaquePointer {
        let bytes = UnsafeBufferPointer(start: sql.utf8Start, count: sql.utf8CodeUnitCount)
        return try compile(bytes, flags: UInt32(SQLITE_PREPARE_PERSISTENT))
    }

    private func compile(dynamic sql: String, flags: UInt32) throws(SQLiteError) -> OpaquePointer {
        var sql = sql
        let result = sql.withUTF8 { bytes in
            Result { () throws(SQLiteError) in try compile(bytes, flags: flags) }
        }
        return try result.get()
    }

    private func compile(_ sql: UnsafeBufferPointer<UInt8>, flags: UInt32) throws(SQLiteError) -> OpaquePointer {
        var statement: OpaquePointer?
        var tail: UnsafePointer<CChar>?
        let text = UnsafeRawPointer(sql.baseAddress)?.assumingMemoryBound(to: CChar.self)
        let code = sqlite3_prepare_v3(handle, text, Int32(sql.count), flags, &statement, &tail)
        guard code == SQLITE_OK else { throw failure(code, sql: String(decoding: sql, as: UTF8.self)) }
        let used = if let text, let tail { tail - text } else { 0 }
        // SQLite stops at the first semicolon and at U+0000, and would leave the rest unsaid.
        let rest = sql[used...].drop { [0x09, 0x0A, 0x0D, 0x20].contains($0) }
        guard let statement, rest.isEmpty else {
            sqlite3_finalize(statement)
            throw SQLiteError(
                code: SQLITE_MISUSE, message: "exactly one statement is needed here",
                sql: String(decoding: sql, as: UTF8.self), path: path)
        }
        return statement
    }
}
