internal import CSQLite

/// What a commit waits for.
package enum Durability: Sendable {
    /// Until the disk has it: a power cut loses nothing that was committed.
    case full
    /// Until the operating system has it: a power cut may lose the last commits, whole, in order; a crash of the
    /// program loses nothing.
    case normal
}

/// Where content that is deleted is overwritten with zeros.
package enum Overwriting: Sendable {
    /// Also in pages that become free, which are written for it.
    case everywhere
    /// In pages that stay in use; one that becomes free keeps its bytes until it is used again.
    case usedPages
}

extension Connection {
    /// Chooses what deleting leaves in the file; how SQLite was built decides nothing.
    package func setOverwriting(_ overwriting: Overwriting) throws(SQLiteError) {
        switch overwriting {
        case .everywhere: try execute(script: "PRAGMA secure_delete = ON")
        case .usedPages: try execute(script: "PRAGMA secure_delete = FAST")
        }
    }

    /// Chooses what commits wait for from the next transaction on.
    ///
    /// Calling this inside a transaction is a fault of the caller: SQLite would ignore it.
    package func setDurability(_ durability: Durability) throws(SQLiteError) {
        precondition(!isInTransaction, "durability changed inside a transaction of \(path)")
        switch durability {
        case .full: try execute(script: "PRAGMA synchronous = FULL")
        case .normal: try execute(script: "PRAGMA synchronous = NORMAL")
        }
    }

    /// Turns checks of foreign keys on or off; they are on unless a migration rebuilds a table.
    package func setForeignKeys(_ areChecked: Bool) throws(SQLiteError) {
        precondition(!isInTransaction, "foreign keys switched inside a transaction of \(path)")
        try execute(script: areChecked ? "PRAGMA foreign_keys = ON" : "PRAGMA foreign_keys = OFF")
    }

    /// Which program's file this is, from the file's header; 0 in a new file.
    package var applicationID: Int32 {
        get throws { Int32(truncatingIfNeeded: try singleInteger("PRAGMA application_id")) }
    }

    package func setApplicationID(_ applicationID: Int32) throws(SQLiteError) {
        try execute(script: "PRAGMA application_id = \(applicationID)")
    }

    /// The format's version, from the file's header: how many migrations were applied.
    package var userVersion: Int32 {
        get throws { Int32(truncatingIfNeeded: try singleInteger("PRAGMA user_version")) }
    }

    /// Writes the version. A write of the same value still commits a page.
    package func setUserVersion(_ version: Int32) throws(SQLiteError) {
        try execute(script: "PRAGMA user_version = \(version)")
    }

    /// Whether the schema holds nothing yet.
    package var isEmpty: Bool {
        get throws { try singleInteger("SELECT EXISTS (SELECT 1 FROM sqlite_schema)") == 0 }
    }

    /// The first column of the only row of a statement without parameters.
    func singleInteger(_ sql: StaticString) throws -> Int64 {
        try withStatement(sql) { statement in
            let hasRow = try statement.step()
            precondition(hasRow, "“\(sql)” gave no row")
            return try statement.int64(0)
        }
    }
}
