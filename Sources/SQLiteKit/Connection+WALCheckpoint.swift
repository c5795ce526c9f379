internal import CSQLite

/// What a checkpoint of the write-ahead log did.
package struct WALCheckpoint: Hashable, Sendable {
    /// A reader or writer was in the way, so that not everything asked for was done.
    package let isBusy: Bool
    /// Pages in the log, or -1 where the file has no log.
    package let logPages: Int
    /// Pages of the log that the database file now holds.
    package let checkpointedPages: Int

    package init(isBusy: Bool, logPages: Int, checkpointedPages: Int) {
        self.isBusy = isBusy
        self.logPages = logPages
        self.checkpointedPages = checkpointedPages
    }

    /// The database file holds all that was committed, so that the next write starts the log anew.
    package var isComplete: Bool { !isBusy && logPages == checkpointedPages }
}

extension Connection {
    package enum WALCheckpointMode: Sendable {
        /// As much as readers allow, without waiting.
        case passive
        /// Waits for readers of older snapshots, then moves everything.
        case full
        /// Like `full`, then waits until no reader needs the log: the next write starts it anew.
        case restart
        /// Like `restart`, then cuts the log to nothing.
        case truncate
    }

    /// Moves committed pages from the write-ahead log into the database file and makes both durable.
    ///
    /// Only the one writer may call this, under the file's lock: SQLite up to 3.51.2 can corrupt the log when two
    /// connections checkpoint or write at the same instant.
    ///
    /// - Throws: `SQLiteError`; being busy is a result, not an error.
    /// - Complexity: O(pages in the log), and two fsyncs.
    @discardableResult
    package func walCheckpoint(_ mode: WALCheckpointMode) throws(SQLiteError) -> WALCheckpoint {
        precondition(!isInTransaction, "checkpoint inside a transaction of \(path)")
        let modeCode =
            switch mode {
            case .passive: SQLITE_CHECKPOINT_PASSIVE
            case .full: SQLITE_CHECKPOINT_FULL
            case .restart: SQLITE_CHECKPOINT_RESTART
            case .truncate: SQLITE_CHECKPOINT_TRUNCATE
            }
        var logPages: Int32 = -1
        var checkpointedPages: Int32 = -1
        let code = sqlite3_wal_checkpoint_v2(handle, "main", modeCode, &logPages, &checkpointedPages)
        if code != SQLITE_BUSY { try check(code) }
        if logPages >= 0 { walPages = Int(logPages) }
        return WALCheckpoint(
            isBusy: code == SQLITE_BUSY, logPages: Int(logPages), checkpointedPages: Int(checkpointedPages))
    }
}
