internal import CSQLite
internal import Glibc

/// Reading the columns of the current row, counted from 0.
///
/// A value of another kind than was asked for throws `isMismatch`: SQLite would turn it into a zero or an empty text
/// and say nothing. Reading without a row, or past the last column, is a fault of the caller.
extension Statement {
    package enum ColumnType: Sendable {
        case integer, real, text, blob, null
    }

    package var columnCount: Int { Int(sqlite3_column_count(handle)) }

    package func columnName(_ index: Int) -> String {
        guard let name = sqlite3_column_name(handle, Int32(index)) else {
            preconditionFailure("“\(sql)” has no column \(index)")
        }
        return String(cString: name)
    }

    package func columnType(_ index: Int) -> ColumnType {
        precondition(index >= 0 && index < sqlite3_data_count(handle), "“\(sql)” has no row, or no column \(index)")
        return switch sqlite3_column_type(handle, Int32(index)) {
        case SQLITE_INTEGER: .integer
        case SQLITE_FLOAT: .real
        case SQLITE_TEXT: .text
        case SQLITE_BLOB: .blob
        default: .null
        }
    }

    package func isNull(_ index: Int) -> Bool { columnType(index) == .null }

    // MARK: - Reading integers

    /// - Throws: `SQLiteError.isMismatch` where the value is no integer.
    package func int64(_ index: Int) throws(SQLiteError) -> Int64 {
        try expect(SQLITE_INTEGER, index)
        return sqlite3_column_int64(handle, Int32(index))
    }

    /// - Throws: `SQLiteError.isMismatch` where the value is no integer.
    package func int(_ index: Int) throws(SQLiteError) -> Int { Int(try int64(index)) }

    /// - Throws: `SQLiteError.isMismatch` where the value is neither 0 nor 1.
    package func bool(_ index: Int) throws(SQLiteError) -> Bool {
        switch try int64(index) {
        case 0: return false
        case 1: return true
        case let value: throw mismatch(index, "holds \(value), which is neither 0 nor 1")
        }
    }

    // MARK: - Reading texts and blobs

    /// The exact text, which may hold U+0000.
    ///
    /// - Throws: `SQLiteError.isMismatch` where the value is no text, or not valid UTF-8: repairing it would change
    ///   what someone wrote.
    /// - Complexity: O(n).
    package func text(_ index: Int) throws(SQLiteError) -> String {
        try expect(SQLITE_TEXT, index)
        // The pointer first: asking for it may convert the value, and with it its length.
        let start = sqlite3_column_text(handle, Int32(index))
        let bytes = UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, Int32(index))))
        // Decoding repairs and comparing finds the repair: less than half the instructions of `String(validating:as:)`,
        // which in 6.3 looks its generic types up at every call.
        var text = String(decoding: bytes, as: UTF8.self)
        guard text.withUTF8({ Self.isEqual($0, bytes) }) else {
            throw mismatch(index, "holds text that is not valid UTF-8")
        }
        return text
    }

    /// - Throws: `SQLiteError.isMismatch` where the value is no blob.
    /// - Complexity: O(n); `withBytes` copies nothing.
    package func bytes(_ index: Int) throws(SQLiteError) -> [UInt8] { Array(try blob(index)) }

    /// Lends a blob where SQLite holds it, without copying.
    ///
    /// - Throws: `SQLiteError.isMismatch` where the value is no blob; what `body` throws.
    @inlinable
    package func withBytes<Result: ~Copyable>(_ index: Int, _ body: (RawSpan) throws -> Result) throws -> Result {
        try body(try blob(index).bytes)
    }

    /// Lends a text's UTF-8 where SQLite holds it, without copying.
    ///
    /// - Throws: `SQLiteError.isMismatch` where the value is no text, or not valid UTF-8; what `body` throws.
    package func withTextBytes<Result>(_ index: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result
    {
        try expect(SQLITE_TEXT, index)
        let start = sqlite3_column_text(handle, Int32(index))
        let bytes = UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, Int32(index))))
        guard Self.isUTF8(bytes) else { throw mismatch(index, "holds text that is not valid UTF-8") }
        return try body(UnsafeRawBufferPointer(bytes))
    }

    private static func isUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        // Names and codes are nearly always ASCII.
        if bytes.allSatisfy({ $0 < 0x80 }) { return true }
        do {
            _ = try UTF8Span(validating: bytes.span)
            return true
        } catch {
            return false
        }
    }

    // MARK: - Reading what may be NULL

    package func optionalInt64(_ index: Int) throws(SQLiteError) -> Int64? { isNull(index) ? nil : try int64(index) }

    package func optionalText(_ index: Int) throws(SQLiteError) -> String? { isNull(index) ? nil : try text(index) }

    package func optionalBytes(_ index: Int) throws(SQLiteError) -> [UInt8]? { isNull(index) ? nil : try bytes(index) }

    // MARK: - Checking

    /// The blob's bytes, valid until the statement moves.
    @usableFromInline
    func blob(_ index: Int) throws(SQLiteError) -> UnsafeRawBufferPointer {
        try expect(SQLITE_BLOB, index)
        let start = sqlite3_column_blob(handle, Int32(index))
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, Int32(index))))
    }

    private static func isEqual(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
        guard a.count == b.count else { return false }
        guard let start = a.baseAddress, let otherStart = b.baseAddress else { return true }
        return memcmp(start, otherStart, a.count) == 0
    }

    private func expect(_ type: Int32, _ index: Int) throws(SQLiteError) {
        guard sqlite3_column_type(handle, Int32(index)) != type else { return }
        // Also stops the caller who has no row: SQLite says NULL there.
        throw mismatch(index, "holds \(columnType(index)), not what the program expects")
    }

    private func mismatch(_ index: Int, _ finding: String) -> SQLiteError {
        SQLiteError(
            code: SQLITE_MISMATCH, message: "column \(columnName(index)) \(finding)", sql: sql, path: connection.path)
    }
}
