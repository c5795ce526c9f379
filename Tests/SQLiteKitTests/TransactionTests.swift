import SQLiteKit
import Testing

@Suite struct TransactionTests {
    struct ChangeOfMind: Error {}

    let scratch: Scratch
    let connection: Connection

    init() throws {
        scratch = try Scratch()
        connection = try Connection(path: scratch.database, access: .readWriteCreate)
        try notes.migrate(connection)
    }

    @Test func aThrowUndoesAll() throws {
        #expect(throws: ChangeOfMind.self) {
            try connection.transaction(.immediate) {
                try connection.addNote("one")
                throw ChangeOfMind()
            }
        }
        #expect(!connection.isInTransaction)
        #expect(try connection.noteTexts() == [])
        try connection.transaction(.deferred) { try connection.addNote("two") }
        #expect(try connection.noteTexts() == ["two"])
    }

    @Test func aSavepointUndoesOnlyItsOwnAndNests() throws {
        try connection.transaction(.immediate) {
            try connection.addNote("kept")
            try connection.savepoint {
                try connection.addNote("kept too")
                #expect(throws: ChangeOfMind.self) {
                    try connection.savepoint {
                        try connection.addNote("dropped")
                        throw ChangeOfMind()
                    }
                }
            }
        }
        #expect(try connection.noteTexts() == ["kept", "kept too"])
    }

    @Test func aCommitThatBreaksAForeignKeyUndoesAll() throws {
        try connection.execute(
            script: """
                CREATE TABLE reply (note INTEGER NOT NULL REFERENCES note DEFERRABLE INITIALLY DEFERRED) STRICT
                """)
        let failure = #expect(throws: SQLiteError.self) {
            try connection.transaction(.immediate) { try connection.execute("INSERT INTO reply VALUES (?)", 99) }
        }
        #expect(failure?.isConstraint == true)
        #expect(!connection.isInTransaction)
        #expect(connection.fault == nil)
    }

    @Test func aSecondWriterIsBusyAndUnharmed() throws {
        let other = try Connection(path: scratch.database, access: .readWrite)
        try other.execute(script: "PRAGMA busy_timeout = 0")
        try connection.transaction(.immediate) {
            let failure = #expect(throws: SQLiteError.self) { try other.transaction(.immediate) {} }
            #expect(failure?.isBusy == true)
        }
        try other.transaction(.immediate) { try other.addNote("later") }
        #expect(try connection.noteTexts() == ["later"])
    }

    @Test func aRolledBackTransactionDoesNotComeBackByACommit() throws {
        // The caller rolls back inside and swallows everything: the commit must not pass for one.
        #expect(throws: SQLiteError.self) {
            try connection.transaction(.immediate) {
                try connection.addNote("lost")
                try connection.execute(script: "ROLLBACK")
            }
        }
        #expect(try connection.noteTexts() == [])
    }
}
