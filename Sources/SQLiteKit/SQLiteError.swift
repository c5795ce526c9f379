internal import CSQLite

/// A failure that SQLite reported, with where it happened and what was being done.
///
/// Callers decide by the `is…` helpers, never by the message.
package struct SQLiteError: Error, Hashable, Sendable {
    /// The extended result code, for example `SQLITE_IOERR_FSYNC`.
    package let code: Int32
    /// SQLite's own words for this failure, and the operating system's where it had a part.
    package let message: String
    /// The statement that failed, with its placeholders: bound values never get here.
    package let sql: String?
    /// The database file.
    package let path: String

    package init(code: Int32, message: String, sql: String? = nil, path: String) {
        self.code = code
        self.message = message
        self.sql = sql
        self.path = path
    }

    /// The result code without its extension, for example `SQLITE_IOERR`.
    package var primaryCode: Int32 { code & 0xff }

    /// Another connection is in the way; the same call may succeed later.
    package var isBusy: Bool { primaryCode == SQLITE_BUSY || primaryCode == SQLITE_LOCKED }
    /// The file holds something that SQLite cannot have written, or is no database at all.
    package var isCorrupt: Bool { primaryCode == SQLITE_CORRUPT || primaryCode == SQLITE_NOTADB }
    /// The file holds something that SQLite cannot have written. One that is no database may be another program's.
    package var isDamage: Bool { primaryCode == SQLITE_CORRUPT }
    /// The operating system failed a read, a write or an fsync.
    package var isIOError: Bool { primaryCode == SQLITE_IOERR }
    /// The disk, the quota or the file's page limit is used up.
    package var isFull: Bool { primaryCode == SQLITE_FULL }
    /// The file or its directory may not be written.
    package var isReadOnly: Bool { primaryCode == SQLITE_READONLY }
    /// A value broke a rule of its table; the statement changed nothing.
    package var isConstraint: Bool { primaryCode == SQLITE_CONSTRAINT }
    /// A stored value is not of the kind that was asked for.
    package var isMismatch: Bool { primaryCode == SQLITE_MISMATCH }
    /// The file could not be opened.
    package var cannotOpen: Bool { primaryCode == SQLITE_CANTOPEN }

    /// What this process knows about the disk no longer holds: the file must be reopened and verified before it is
    /// written again.
    package var breaksTrust: Bool { isIOError || isCorrupt }
}

extension SQLiteError: CustomStringConvertible {
    /// One sentence: what failed, where, and what to do.
    package var description: String {
        // What is damaged is the file, whatever was asked of it.
        let statement = isCorrupt ? "" : sql.map { " while running “\($0)”" } ?? ""
        return "\(path): \(message) (SQLite code \(code))\(statement); \(advice)."
    }

    /// The directory may not be written, and the files beside a write-ahead log are not there; a macro that Swift
    /// cannot read.
    private static let readOnlyDirectory = SQLITE_READONLY | 6 << 8

    /// Another file has the name that this one was opened by, or none has; a macro that Swift cannot read.
    private static let moved = SQLITE_READONLY | 4 << 8

    /// - Parameter path: of a file that was moved, removed or replaced while it was open.
    init(movedAwayFrom path: String) {
        self.init(code: Self.moved, message: "the file was moved, removed or replaced while it was open", path: path)
    }

    /// The file that is open is not the one that has its name any more.
    package var isMoved: Bool { code == Self.moved }

    private var advice: String {
        switch primaryCode {
        case SQLITE_READONLY where code == Self.readOnlyDirectory:
            "this user may not write its directory, so read it while its service runs, or read a copy elsewhere"
        case SQLITE_READONLY where code == Self.moved:
            "stop the program that has it open; where another file was put in its place, remove the -wal and -shm beside it, which belong to the one before; then start it again"
        case SQLITE_BUSY, SQLITE_LOCKED: "another program or connection holds it, try again in a moment"
        case SQLITE_FULL: "free some disk space and try again"
        case SQLITE_IOERR: "nothing more is written until the disk has been checked and the file reopened"
        case SQLITE_CORRUPT: "run `amends verify` on it, and restore a backup where it finds damage"
        case SQLITE_NOTADB: "check that this is the right file, or restore a backup"
        case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH: "check who owns the file and its directory"
        case SQLITE_CANTOPEN: "check that the file and its directory exist and may be opened by this user"
        case SQLITE_CONSTRAINT: "the statement changed nothing"
        case SQLITE_MISMATCH: "the value was written by something else, inspect the row"
        case SQLITE_NOMEM: "free some memory and try again"
        default: "this is a fault in the program, report it with this sentence"
        }
    }
}
