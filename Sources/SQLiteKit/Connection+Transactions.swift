internal import CSQLite

/// A transaction that failed and could not be rolled back either.
package struct RollbackError: Error, CustomStringConvertible {
    /// Why the transaction was given up.
    package let cause: any Error
    /// Why the rollback failed.
    package let rollback: SQLiteError

    package var description: String {
        "\(rollback) The transaction had been given up because of: \(cause)"
    }
}

extension Connection {
    package enum TransactionKind: Sendable {
        /// Takes the write lock at once, so that nothing fails half-way for want of it.
        case immediate
        /// Takes a snapshot at the first read, and the write lock at the first write.
        case deferred
        /// Takes a snapshot at the first read; what it writes is undone, and an error.
        case reading
    }

    /// Whether a transaction is open.
    package var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Runs `body` in a transaction: all of it is committed, or none.
    ///
    /// A transaction inside a transaction is a fault of the caller; `savepoint(_:)` nests.
    ///
    /// - Throws: What `body` throws, after a rollback. `SQLiteError` where the transaction could not begin or commit,
    ///   or where `body` wrote and swallowed an error that breaks trust in the disk; one that `isReadOnly` where `body` wrote
    ///   in a `reading` transaction. `RollbackError` where the rollback failed too.
    package func transaction<Result: ~Copyable>(_ kind: TransactionKind, _ body: () throws -> Result) throws -> Result {
        try begin(kind)
        do {
            let result = try body()
            // `PRAGMA query_only` would have every prepared statement prepared anew.
            if kind == .reading { try refuseChanges() }
            try commit()
            return result
        } catch {
            try rollBack(after: error)
            throw error
        }
    }

    /// Runs `body` so that its changes alone are undone when it throws, inside an open transaction.
    ///
    /// Savepoints nest: SQLite takes the innermost of equal names, so one name serves all.
    ///
    /// - Throws: What `body` throws, after its changes were undone; `SQLiteError`, `RollbackError` as in a transaction.
    package func savepoint<Result: ~Copyable>(_ body: () throws -> Result) throws -> Result {
        try beginSavepoint()
        do {
            let result = try body()
            try releaseSavepoint()
            return result
        } catch {
            try rollBackSavepoint(after: error)
            throw error
        }
    }

    // MARK: - Beginning and ending

    private func begin(_ kind: TransactionKind) throws {
        precondition(!isInTransaction, "a transaction inside a transaction of \(path)")
        switch kind {
        case .immediate: try execute("BEGIN IMMEDIATE")
        case .deferred, .reading: try execute("BEGIN DEFERRED")
        }
    }

    /// Refuses to go on with a file that was moved, removed or replaced while it was open: what is written into it now, nobody who
    /// opens that name will find. One that was written over in place is not noticed.
    ///
    /// - Complexity: one look at the name.
    func refuseMoved() throws(SQLiteError) {
        var isMoved: Int32 = 0
        let code = sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &isMoved)
        guard code == SQLITE_OK, isMoved != 0 else { return }
        throw SQLiteError(movedAwayFrom: path)
    }

    private var hasWritten: Bool { sqlite3_txn_state(handle, nil) == SQLITE_TXN_WRITE }

    private func refuseChanges() throws(SQLiteError) {
        guard hasWritten else { return }
        throw SQLiteError(
            code: SQLITE_READONLY, message: "a transaction that reads has written, and was undone", path: path)
    }

    /// Commits, unless something was written over a fault that the body swallowed.
    ///
    /// A commit that the disk failed is a fault even when it only ran out of space: its last frame may lie in the log
    /// already, so that nobody knows whether the transaction comes back after a crash.
    private func commit() throws {
        // What only read has nothing to commit, and SQLite would repeat an error there that the body has dealt with.
        guard hasWritten else { return try execute("ROLLBACK") }
        if let fault { throw fault }
        do {
            try execute("COMMIT")
        } catch let failure as SQLiteError {
            if failure.isFull || failure.breaksTrust { recordFault(failure) }
            throw failure
        }
    }

    private func rollBack(after cause: any Error) throws {
        // After some errors (a full disk, an I/O error, no memory) SQLite has rolled back already.
        guard isInTransaction else { return }
        do {
            try execute("ROLLBACK")
        } catch let failure as SQLiteError {
            recordFault(failure)
            throw RollbackError(cause: cause, rollback: failure)
        }
    }

    private func beginSavepoint() throws {
        precondition(isInTransaction, "a savepoint outside a transaction of \(path)")
        try execute("SAVEPOINT step")
    }

    private func releaseSavepoint() throws {
        try execute("RELEASE step")
    }

    private func rollBackSavepoint(after cause: any Error) throws {
        guard isInTransaction else { return }
        do {
            try execute("ROLLBACK TO step")
            try execute("RELEASE step")
        } catch let failure as SQLiteError {
            recordFault(failure)
            throw RollbackError(cause: cause, rollback: failure)
        }
    }
}
