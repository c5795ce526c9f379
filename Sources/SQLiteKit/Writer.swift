/// The one connection that writes and checkpoints a file, under the lock that every process keeps to.
///
/// ```swift
/// let writer = try Writer(path: path, migrator: migrator)
/// try writer.write { connection in
///     try connection.execute("INSERT INTO note (text) VALUES (?)", text)
/// }
/// ```
///
/// A writer is not `Sendable`; the actor that owns it is its isolation. It has three ends: `close()`, its own `deinit`,
/// and a failing disk, after which every call throws `WriterError.mustReopen`.
package final class Writer {
    package let path: String
    private let connection: Connection
    private let lock: FileLock
    private let lockTimeout: Duration
    private let durability: Durability
    private var checkpointPolicy: CheckpointPolicy
    private var failure: WriterError?
    private var isDeferringDurability = false

    /// Why the last checkpoint that a commit made due did not happen, for whoever watches the log grow.
    package private(set) var checkpointFailure: SQLiteError?

    /// Opens a file for writing, creates or migrates it, and verifies it where the disk failed its last writer.
    ///
    /// - Parameters:
    ///   - path: The file. Its directory must exist.
    ///   - migrator: The program's formats.
    ///   - durability: What commits wait for.
    ///   - checkpointLimitPages: Pages in the write-ahead log that make a checkpoint due.
    ///   - cacheKiB: Upper bound of the page cache.
    ///   - lockTimeout: How long this and every later call waits for other writers; for readers, where they matter, at
    ///     most `Connection.defaultBusyTimeout`.
    /// - Throws: `FormatError` where the file is not for this program; `WriterError.damaged` and `.verificationBlocked`
    ///   after a failure; `FileLockTimeout`; `SQLiteError`; `SystemError`.
    package init(
        path: String, migrator: Migrator, durability: Durability = .full,
        checkpointLimitPages: Int = CheckpointPolicy.defaultLimitPages,
        cacheKiB: Int = Connection.defaultCacheKiB, lockTimeout: Duration = FileLock.defaultTimeout
    ) throws {
        let lock = try FileLock(guarding: path)
        self.connection = try lock.withLock(timeout: lockTimeout) {
            try migrator.prepare(path: lock.databasePath)
            let connection = try Connection(
                path: lock.databasePath, access: .readWriteCreate, cacheKiB: cacheKiB,
                busyTimeout: min(lockTimeout, Connection.defaultBusyTimeout))
            do {
                if try lock.isMarkedFailed { try Self.verifyAfterFailure(connection) }
                try lock.clearFailureMark()
                try migrator.migrate(connection)
                try migrator.removeCopies(besides: connection)
                try connection.setDurability(durability)
            } catch {
                if connection.fault != nil { Self.mark(lock) }
                throw error
            }
            return connection
        }
        self.path = lock.databasePath
        self.lock = lock
        self.lockTimeout = lockTimeout
        self.durability = durability
        self.checkpointPolicy = CheckpointPolicy(limitPages: checkpointLimitPages)
    }

    // MARK: - Writing and reading

    /// Runs `body` in a transaction under the lock. When this returns, the transaction is as durable as this writer
    /// makes them; inside `withDeferredDurability` it is durable when that returns.
    ///
    /// A full disk inside `body` is an ordinary error: the pages that were written ahead carry no commit, the
    /// transaction is rolled back, and a later one may find space. On the commit itself it is a failure: the frame that
    /// commits may lie in the log already, and only a reopening settles whether it counts.
    ///
    /// - Throws: What `body` throws, with nothing changed. `WriterError.mustReopen` after a failure. `SQLiteError`, also where the file
    ///   was moved or replaced meanwhile; `RollbackError`, `FileLockTimeout`, `SystemError`.
    /// - Complexity: Beside `body`, one fsync; at times a checkpoint.
    package func write<Result: ~Copyable>(_ body: (Connection) throws -> Result) throws -> Result {
        try underLock { connection in
            let result = try connection.transaction(.immediate) {
                let result = try body(connection)
                try connection.refuseMoved()
                return result
            }
            checkpointIfDue()
            return result
        }
    }

    /// Runs `body` in a transaction that holds the lock as short as can be: a checkpoint that is due is left to a later
    /// one, and so is the wait for the disk. A machine that loses its power may come up without it, whole as before.
    ///
    /// For what tidies up: nothing that `body` writes may be acknowledged to anyone.
    ///
    /// - Throws: As `write`.
    package func tidy<Result: ~Copyable>(_ body: (Connection) throws -> Result) throws -> Result {
        try underLock { connection in
            guard durability == .full, !isDeferringDurability else {
                return try connection.transaction(.immediate) { try body(connection) }
            }
            try connection.setDurability(.normal)
            do {
                let result = try connection.transaction(.immediate) { try body(connection) }
                try connection.setDurability(.full)
                return result
            } catch {
                try connection.setDurability(.full)
                throw error
            }
        }
    }

    /// Runs `body` on the writing connection, whose cache is warm, without the lock.
    ///
    /// - Throws: `SQLiteError.isReadOnly` where `body` changed something, which is undone; what `body` throws.
    package func read<Result: ~Copyable>(_ body: (Connection) throws -> Result) throws -> Result {
        if let failure { throw failure }
        do {
            return try connection.transaction(.reading) { try body(connection) }
        } catch {
            noteFault()
            throw error
        }
    }

    /// Moves the write-ahead log into the file now, under the lock.
    @discardableResult
    package func walCheckpoint(_ mode: Connection.WALCheckpointMode) throws -> WALCheckpoint {
        try underLock { connection in
            let checkpoint = try connection.walCheckpoint(mode)
            checkpointPolicy.record(checkpoint)
            return checkpoint
        }
    }

    /// Commits without waiting for the disk until `body` is done, then waits once for all of it.
    ///
    /// For bulk work: nothing that `body` writes may be acknowledged to anyone before this returns. Calling it inside
    /// itself is a fault of the caller.
    ///
    /// - Throws: What `body` throws; what it had committed stays, and is durable too unless the barrier failed, which
    ///   stops the writer. What `write` throws, for the barrier.
    package func withDeferredDurability<Result: ~Copyable>(_ body: () throws -> Result) throws -> Result {
        precondition(!isDeferringDurability, "durability of \(path) was deferred twice")
        if let failure { throw failure }
        try connection.setDurability(.normal)
        isDeferringDurability = true
        let result: Result
        do {
            result = try body()
        } catch {
            isDeferringDurability = false
            if failure == nil { try endDeferredDurability() }
            throw error
        }
        try endDeferredDurability()
        return result
    }

    /// Closes the file, and empties and removes the write-ahead log where no other connection needs it.
    ///
    /// A writer that failed leaves the log alone, and so does one that cannot move it into the file now, on a full disk or beside
    /// another's lock: what was committed is in the log, and is no less saved. Nothing else may be called afterwards.
    package func close() {
        guard failure == nil else { return connection.close() }
        do {
            try underLock { connection in
                do throws(SQLiteError) {
                    // Closing says nothing of a checkpoint that failed, so one goes before it.
                    try connection.walCheckpoint(.passive)
                    connection.checkpointsOnClose = true
                } catch {
                    checkpointFailure = error
                }
                connection.close()
            }
        } catch {
            // Another holds the lock, or the disk has failed one of those who write: the log stays for the next one.
            connection.close()
        }
    }

    // MARK: - Keeping to the lock

    /// Runs `body` under the lock, unless the disk has failed this writer or another; notes when it does.
    private func underLock<Result: ~Copyable>(_ body: (Connection) throws -> Result) throws -> Result {
        if let failure { throw failure }
        return try lock.withLock(timeout: lockTimeout) {
            guard try !lock.isMarkedFailed else {
                let failure = WriterError.mustReopen(path: path, cause: nil)
                self.failure = failure
                throw failure
            }
            defer { noteFault() }
            return try body(connection)
        }
    }

    /// A checkpoint after a commit cannot undo the commit, so its failure is not the caller's: a failing disk stops the
    /// next write, and a full one leaves the pages in the log until the next attempt.
    private func checkpointIfDue() {
        guard checkpointPolicy.isDue(walPages: connection.walPages) else { return }
        do {
            checkpointPolicy.record(try connection.walCheckpoint(.passive))
            checkpointFailure = nil
        } catch {
            checkpointFailure = error
            checkpointPolicy.recordFailure(walPages: connection.walPages)
        }
    }

    /// One commit under `FULL`: its fsync of the log covers every commit before it. Where it throws, `FULL` stays,
    /// which is slower and never wrong.
    private func endDeferredDurability() throws {
        isDeferringDurability = false
        try connection.setDurability(.full)
        try write { try $0.setUserVersion(try $0.userVersion) }
        try connection.setDurability(durability)
    }

    // MARK: - Failing for good

    /// Stops this writer, and through the mark every other one, where the disk failed.
    private func noteFault() {
        guard failure == nil, let fault = connection.fault else { return }
        failure = .mustReopen(path: path, cause: fault)
        Self.mark(lock)
    }

    private static func mark(_ lock: FileLock) {
        do {
            try lock.markFailed()
        } catch {
            // The disk takes not even this byte. This writer stops all the same, and the next opening of a disk in that
            // state fails by itself.
        }
    }

    /// Makes durable whatever a failed writer left, and reads all of it.
    ///
    /// Truncating the log writes its pages anew into the file, so that their fsync is of pages the kernel takes for
    /// dirty; and a commit whose outcome was unknown is in the file afterwards, or gone for good. Pages that an incomplete
    /// checkpoint had moved before are not written again: for those the hashes of the layers above are the proof.
    private static func verifyAfterFailure(_ connection: Connection) throws {
        let checkpoint = try connection.walCheckpoint(.truncate)
        guard checkpoint.isComplete else { throw WriterError.verificationBlocked(path: connection.path) }
        let report = try connection.integrityReport()
        guard report.isEmpty else { throw WriterError.damaged(path: connection.path, report: report) }
    }
}
