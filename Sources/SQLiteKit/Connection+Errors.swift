internal import CSQLite

extension Connection {
    /// Builds the error of the call that just failed, and remembers it where it breaks trust in the disk.
    func failure(_ code: Int32, sql: String? = nil) -> SQLiteError {
        let failure = SQLiteError(code: code, message: message(for: code), sql: sql, path: path)
        if failure.breaksTrust { recordFault(failure) }
        return failure
    }

    /// Throws when SQLite reports anything but success.
    func check(_ code: Int32, sql: @autoclosure () -> String? = nil) throws(SQLiteError) {
        guard code == SQLITE_OK else { throw failure(code, sql: sql()) }
    }

    func recordFault(_ failure: SQLiteError) {
        if fault == nil { fault = failure }
    }

    /// SQLite's words for `code`, with the operating system's where it failed a call.
    func message(for code: Int32) -> String {
        Self.message(for: code, of: handle)
    }

    /// The same for a handle that may be missing, where SQLite had no memory for one.
    static func message(for code: Int32, of handle: OpaquePointer?) -> String {
        let words = String(cString: sqlite3_errmsg(handle))
        let systemError = sqlite3_system_errno(handle)
        // Of other errors the system has no part, and its last number is an old one.
        let isSystemFailure = [SQLITE_IOERR, SQLITE_CANTOPEN].contains(code & 0xff)
        guard isSystemFailure, systemError != 0 else { return words }
        return "\(words): \(describeSystemError(systemError))"
    }
}
