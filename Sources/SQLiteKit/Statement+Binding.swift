internal import CSQLite

extension Statement {
    /// Binds all of the statement's values, in order; another number of them is a fault of the caller.
    ///
    /// A loop over very many rows binds each value `at:` its index instead: a pack costs several hundred instructions a
    /// call more, beside some 5,000 that SQLite takes for a row.
    ///
    /// - Throws: `SQLiteError` where a value is longer than SQLite allows.
    @inlinable
    package func bind<each Value: Bindable>(_ values: repeat each Value) throws(SQLiteError) {
        var index = 0
        // Not a `for` over the pack, which asks the runtime for the type of the tuple each time.
        repeat try (each values).bind(to: self, at: Self.advance(&index))
        precondition(index == parameterCount, "“\(sql)” takes \(parameterCount) values and got \(index)")
    }

    @inlinable
    static func advance(_ index: inout Int) -> Int {
        index += 1
        return index
    }

    /// Binds one value; parameters count from 1.
    @inlinable
    package func bind(_ value: some Bindable, at index: Int) throws(SQLiteError) {
        try value.bind(to: self, at: index)
    }

    package func bind(_ value: Int64, at index: Int) throws(SQLiteError) {
        try checkBinding(sqlite3_bind_int64(handle, Int32(index), value))
    }

    package func bindNull(at index: Int) throws(SQLiteError) {
        try checkBinding(sqlite3_bind_null(handle, Int32(index)))
    }

    /// Binds the exact UTF-8 bytes of a text: U+0000 and every normal form survive.
    ///
    /// - Complexity: O(n); SQLite copies the bytes.
    package func bind(_ value: String, at index: Int) throws(SQLiteError) {
        var value = value
        let code = value.withUTF8 { csqlite_bind_text(handle, Int32(index), $0.baseAddress, UInt64($0.count)) }
        try checkBinding(code)
    }

    /// Binds a literal where it lies, without copying it.
    package func bind(literal: StaticString, at index: Int) throws(SQLiteError) {
        precondition(literal.hasPointerRepresentation, "a literal of one character; bind it as a String")
        let count = UInt64(literal.utf8CodeUnitCount)
        try checkBinding(csqlite_bind_static_text(handle, Int32(index), literal.utf8Start, count))
    }

    /// Lends the UTF-8 of a text, which must stay where it is until the statement was run and another value is bound, or
    /// the statement given back.
    package func bind(lendingText bytes: UnsafeRawBufferPointer, at index: Int) throws(SQLiteError) {
        try checkBinding(csqlite_bind_static_text(handle, Int32(index), bytes.baseAddress, UInt64(bytes.count)))
    }

    /// Lends a blob, under the same conditions.
    package func bind(lending bytes: UnsafeRawBufferPointer, at index: Int) throws(SQLiteError) {
        try checkBinding(csqlite_bind_static_blob(handle, Int32(index), bytes.baseAddress, UInt64(bytes.count)))
    }

    /// Binds a copy of `bytes` as a blob; none is an empty blob, not NULL.
    package func bind(_ bytes: UnsafeRawBufferPointer, at index: Int) throws(SQLiteError) {
        try checkBinding(csqlite_bind_blob(handle, Int32(index), bytes.baseAddress, UInt64(bytes.count)))
    }

    /// Binds a copy of `bytes` as a blob; none is an empty blob, not NULL.
    package func bind(_ bytes: RawSpan, at index: Int) throws(SQLiteError) {
        try bytes.withUnsafeBytes { (bytes) throws(SQLiteError) in try bind(bytes, at: index) }
    }

    private func checkBinding(_ code: Int32) throws(SQLiteError) {
        guard code != SQLITE_OK else { return }
        precondition(code != SQLITE_RANGE, "“\(sql)” takes \(parameterCount) values")
        precondition(code != SQLITE_MISUSE, "“\(sql)” was bound between its rows")
        throw connection.failure(code, sql: sql)
    }
}
