internal import CSQLite
internal import Glibc

/// One connection to one database file, with this project's settings.
///
/// A connection is not `Sendable` and takes no locks of its own: whoever owns it (an actor, a thread, a test) is its
/// isolation, which is why SQLite runs without its per-call mutex.
///
/// Every connection checks foreign keys, trusts no function named in a schema, refuses double-quoted strings and writes
/// to SQLite's own tables (`DEFENSIVE`), waits a bounded time for another connection, and never checkpoints by itself.
/// A connection that can write uses a write-ahead log.
package final class Connection {
    package enum Access: Sendable {
        /// Reads and writes; creates a missing file with mode 0600.
        case readWriteCreate
        /// Reads and writes a file that exists.
        case readWrite
        /// Reads and writes a file that exists, in the journal mode that it has: for looking at a file that may be
        /// another program's. Unlike `readOnly` it can undo what a crash left half-written.
        case readWriteAsFound
        /// Opens the file without the right to write it, so that not even a fault in this program can. SQLite may still
        /// create or repair the `-shm` file that it needs to find its way in the write-ahead log.
        case readOnly
    }

    /// How long SQLite waits for another connection before it reports `isBusy`, unless told otherwise.
    package static let defaultBusyTimeout: Duration = .seconds(5)
    /// Pages of cache, in KiB, that a connection keeps unless told otherwise: more gained nothing measurable.
    package static let defaultCacheKiB = 6 * 1_024

    /// The file, absolute and without symbolic links.
    package let path: String
    package let access: Access

    /// The first error after which nothing this connection believes about the disk can be trusted.
    ///
    /// Recorded even when a caller swallows the error, so that no transaction commits over it.
    package internal(set) var fault: SQLiteError?

    /// Pages in the write-ahead log after this connection's last commit.
    package internal(set) var walPages = 0

    /// Whether the last connection to close checkpoints and removes the write-ahead log.
    ///
    /// Off: a checkpoint belongs to the one writer, under its lock, and closing is no exception.
    package var checkpointsOnClose = false {
        didSet { setFlag(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !checkpointsOnClose) }
    }

    private var openHandle: OpaquePointer?
    var cache = StatementCache()

    /// The C handle; using a connection after `close()` is a fault of the caller.
    var handle: OpaquePointer {
        guard let openHandle else { preconditionFailure("the connection to \(path) was used after close()") }
        return openHandle
    }

    /// Opens a database file.
    ///
    /// - Parameters:
    ///   - path: The file. Its directory must exist.
    ///   - access: What this connection may do.
    ///   - cacheKiB: Upper bound of the page cache.
    ///   - busyTimeout: How long to wait for another connection, in whole milliseconds.
    /// - Throws: `SQLiteError`: `cannotOpen` where the file is missing or may not be opened, `isCorrupt` where it is no
    ///   database. `SystemError` where the path cannot be resolved or the file not created.
    package init(
        path: String, access: Access, cacheKiB: Int = Connection.defaultCacheKiB,
        busyTimeout: Duration = Connection.defaultBusyTimeout
    ) throws {
        precondition(cacheKiB > 0, "a page cache of \(cacheKiB) KiB")
        Self.prepareProcess
        self.path = try FileSystem.canonicalPath(path)
        self.access = access
        if access == .readWriteCreate {
            // SQLite would create it with 0644 less the umask; -wal and -shm take their mode from this file.
            try FileSystem.createPrivateFile(self.path)
        }
        try open()
        do {
            try configure(cacheKiB: cacheKiB, busyTimeout: busyTimeout)
        } catch {
            close()
            throw error
        }
    }

    deinit {
        if openHandle != nil { close() }
    }

    /// Finalises the cached statements and gives the file back.
    ///
    /// Every statement from `prepare(_:)` must be gone and no `withStatement` may be running.
    package func close() {
        let handle = self.handle
        cache.finalizeAll()
        let code = sqlite3_close(handle)
        precondition(code == SQLITE_OK, "the connection to \(path) was closed while a statement of it was in use")
        openHandle = nil
    }

    // MARK: - Opening

    private func open() throws(SQLiteError) {
        let mode = access == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE
        let code = sqlite3_open_v2(path, &openHandle, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code != SQLITE_OK else { return }
        let failure = SQLiteError(code: code, message: Self.message(for: code, of: openHandle), path: path)
        // SQLite hands out a handle for its message even when it could not open the file.
        sqlite3_close(openHandle)
        openHandle = nil
        throw failure
    }

    private func configure(cacheKiB: Int, busyTimeout: Duration) throws(SQLiteError) {
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, Int32(busyTimeout / .milliseconds(1)))
        setFlag(SQLITE_DBCONFIG_DEFENSIVE, true)
        setFlag(SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)
        setFlag(SQLITE_DBCONFIG_ENABLE_FKEY, true)
        setFlag(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        // "name" is an identifier; read as a string, a misspelt column would compare with its own name.
        setFlag(SQLITE_DBCONFIG_DQS_DML, false)
        setFlag(SQLITE_DBCONFIG_DQS_DDL, false)
        try execute(script: "PRAGMA cache_size = -\(cacheKiB); PRAGMA cell_size_check = ON")
        switch access {
        case .readWriteCreate, .readWrite: try useWriteAheadLog()
        case .readWriteAsFound, .readOnly: break
        }
    }

    private func useWriteAheadLog() throws(SQLiteError) {
        let mode = try singleText("PRAGMA journal_mode = WAL")
        guard mode == "wal" else {
            throw SQLiteError(
                code: SQLITE_CANTOPEN, message: "this file system cannot hold a write-ahead log (got “\(mode)”)",
                path: path)
        }
        try execute(script: "PRAGMA journal_size_limit = \(CheckpointPolicy.keptWALBytes)")
        try setDurability(.full)
        try setOverwriting(.everywhere)
        // Replaces the hook that checkpoints automatically.
        let connection = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_wal_hook(
            handle,
            { connection, _, _, pages in
                guard let connection else { return SQLITE_OK }
                Unmanaged<Connection>.fromOpaque(connection).takeUnretainedValue().walPages = Int(pages)
                return SQLITE_OK
            },
            connection)
    }

    private func setFlag(_ option: Int32, _ isOn: Bool) {
        let code = csqlite_db_config_flag(handle, option, isOn ? 1 : 0)
        precondition(
            code == SQLITE_OK, "SQLite \(String(cString: sqlite3_libversion())) does not know option \(option)")
    }

    /// Allocation statistics take a process-wide mutex at every allocation, and nothing here reads them. Has no effect
    /// where another library of the process used SQLite first.
    private static let prepareProcess: Void = {
        precondition(sqlite3_threadsafe() != 0, "this SQLite was built without thread safety")
        _ = csqlite_config_memory_statistics(0)
    }()
}
