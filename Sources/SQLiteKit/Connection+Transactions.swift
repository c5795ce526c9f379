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
    }

    /// Whether a transaction is open.
    package var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Runs `body` in a transaction: all of it is committed, or none.
    ///
    /// A transaction inside a transaction is a fault of the caller; `savepoint(_:)` nests.
    ///
    /// - Throws: What `body` throws, after a rollback. `SQLiteError` where the transaction could not begin or commit, or
    ///   where `body` swallowed an error that breaks trust in the disk. `RollbackError` where the rollback failed too.
    @inlinable
    package func transaction<Result: ~Copyable>(_ kind: TransactionKind, _ body: () throws -> Result) throws -> Result {
        try begin(kind)
        let result: Result
        do {
            result = try body()
            try commit()
        } catch {
            try rollBack(after: error)
            throw error
        }
        return result
    }

    /// Runs `body` so that its changes alone are undone when it throws, inside an open transaction.
    ///
    /// Savepoints nest: SQLite takes the innermost of equal names, so one name serves all.
    ///
    /// - Throws: What `body` throws, after its changes were undone; `SQLiteError`, `RollbackError` as in a transaction.
    @inlinable
    package func savepoint<Result: ~Copyable>(_ body: () throws -> Result) throws -> Result {
        try beginSavepoint()
        let result: Result
        do {
            result = try body()
            try releaseSavepoint()
        } catch {
            try rollBackSavepoint(after: error)
            throw error
        }
        return result
    }

    // MARK: - Beginning and ending

    @usableFromInline
    func begin(_ kind: TransactionKind) throws {
        precondition(!isInTransaction, "a transaction inside a transaction of \(path)")
        switch kind {
        case .immediate: try execute("BEGIN IMMEDIATE")
        case .deferred: try execute("BEGIN DEFERRED")
        }
    }

    /// Commits. A commit that the disk failed is a fault even when it only ran out of space: its last frame may lie in the
    /// log already, so that nobody knows whether the transaction comes back after a crash.
    @usableFromInline
    func commit() throws {
        if let fault { throw fault }
        do {
            try execute("COMMIT")
        } catch let failure as SQLiteError {
            if failure.isFull || failure.breaksTrust { recordFault(failure) }
            throw failure
        }
    }

    @usableFromInline
    func rollBack(after cause: any Error) throws {
        // After some errors (a full disk, an I/O error, no memory) SQLite has rolled back already.
        guard isInTransaction else { return }
        do {
            try execute("ROLLBACK")
        } catch let failure as SQLiteError {
            recordFault(failure)
            throw RollbackError(cause: cause, rollback: failure)
        }
    }

    @usableFromInline
    func beginSavepoint() throws {
        precondition(isInTransaction, "a savepoint outside a transaction of \(path)")
        try execute("SAVEPOINT step")
    }

    @usableFromInline
    func releaseSavepoint() throws {
        try execute("RELEASE step")
    }

    @usableFromInline
    func rollBackSavepoint(after cause: any Error) throws {
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
