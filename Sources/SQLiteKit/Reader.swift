internal import CSQLite

/// A connection that reads snapshots of a file, beside its writer and in any number.
///
/// It opens the file without the right to write it and never checkpoints. A snapshot that is kept open keeps the
/// write-ahead log from starting anew, so it should last as long as one question.
///
/// A reader is not `Sendable`; each thread or actor has its own.
package final class Reader {
    package let path: String
    private let connection: Connection

    /// Opens a file that exists, and reads its header while no other program opens or writes it.
    ///
    /// In a directory that this user may not write, SQLite needs the `-shm` and `-wal` files to be there already: while
    /// the service runs they are.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - format: The format whose tables the caller reads; nil for a tool that reads any.
    ///   - cacheKiB: Upper bound of the page cache.
    ///   - lockTimeout: How long to wait for a writer's transaction; opening a reader inside one times out.
    /// - Throws: `SQLiteError.cannotOpen` where there is no file: nothing is created. `FormatError` where the file is
    ///   not of `format`. `FileLockTimeout`, `SystemError`.
    package init(
        path: String, format: FileFormat? = nil, cacheKiB: Int = Connection.defaultCacheKiB,
        lockTimeout: Duration = FileLock.defaultTimeout
    ) throws {
        let path = try FileSystem.canonicalPath(path)
        guard try FileSystem.exists(path) else {
            throw SQLiteError(code: SQLITE_CANTOPEN, message: "there is no such file", path: path)
        }
        func open() throws -> Connection {
            let connection = try Connection(path: path, access: .readOnly, cacheKiB: cacheKiB)
            // SQLite opens the log, and recovers it after a crash, at the first read.
            if let format { try format.requireCurrent(connection) } else { _ = try connection.userVersion }
            return connection
        }
        if let lock = try Self.lock(guarding: path) {
            self.connection = try lock.withLock(timeout: lockTimeout, open)
        } else {
            self.connection = try open()
        }
        self.path = path
    }

    /// Runs `body` on one consistent state of the file, that of the moment when it begins.
    ///
    /// - Throws: What `body` throws; `SQLiteError`.
    package func snapshot<Result: ~Copyable>(_ body: (Connection) throws -> Result) throws -> Result {
        try connection.transaction(.deferred) {
            // The first read takes the snapshot, so it comes before anything that `body` may wait for.
            _ = try connection.userVersion
            return try body(connection)
        }
    }

    /// Gives the file back. Nothing else may be called afterwards.
    package func close() {
        connection.close()
    }

    /// Nil where this user may not write the lock file: nor can they then write what the lock guards.
    private static func lock(guarding path: String) throws -> FileLock? {
        do {
            return try FileLock(guarding: path)
        } catch let error as SystemError where error.isPermission {
            return nil
        }
    }
}
