import Foundation
import SQLiteKit
import Testing

@Suite struct MigratorTests {
    struct Bug: Error {}

    static let id: Int32 = notes.format.applicationID
    static let first = Migration(
        "notes", script: "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")
    static let second = Migration(
        "replies", script: "CREATE TABLE reply (note INTEGER NOT NULL REFERENCES note ON DELETE CASCADE) STRICT")
    static let third = Migration(
        "notes by author",
        script: """
            CREATE TABLE note2 (id INTEGER PRIMARY KEY, author TEXT NOT NULL, text TEXT NOT NULL) STRICT;
            INSERT INTO note2 SELECT id, 'unknown', text FROM note;
            DROP TABLE note;
            ALTER TABLE note2 RENAME TO note;
            """)
    static func migrator(_ migrations: Migration...) -> Migrator {
        Migrator(applicationID: id, product: "Amends", migrations: migrations)
    }
    static let old = migrator(first, second)
    static let new = migrator(first, second, third)

    let scratch: Scratch
    let copy: String

    init() throws {
        scratch = try Scratch()
        copy = scratch.database + ".before-2-to-3"
    }

    /// A file of format 2 with a note and a reply to it.
    private func makeOldFile() throws {
        let writer = try Writer(path: scratch.database, migrator: Self.old)
        try writer.write { connection throws in
            try connection.addNote("hello")
            try connection.execute("INSERT INTO reply VALUES (1)")
        }
        writer.close()
    }

    private func expectUntouchedOldFile() throws {
        let reader = try Reader(path: scratch.database, format: Self.old.format)
        try reader.snapshot { connection throws in
            #expect(try connection.noteTexts() == ["hello"])
            #expect(try connection.integer("SELECT count(*) FROM reply") == 1)
            #expect(try connection.integer("SELECT count(*) FROM pragma_table_info('note')") == 2)
        }
    }

    private func expectMigratedFile() throws {
        let reader = try Reader(path: scratch.database, format: Self.new.format)
        try reader.snapshot { connection throws in
            #expect(try connection.noteTexts() == ["hello"])
            #expect(try connection.integer("SELECT count(*) FROM reply") == 1)
            #expect(try connection.integer("SELECT count(*) FROM note WHERE author = 'unknown'") == 1)
            #expect(try connection.integer("SELECT count(*) FROM migration") == 3)
        }
        reader.close()
        #expect(try scratch.names.filter { $0.contains("before") } == [])
    }

    // MARK: - Opening

    @Test func aNewFileGetsEverythingAndNoCopy() throws {
        let writer = try Writer(path: scratch.database, migrator: Self.new)
        try writer.read { connection throws in
            #expect(try connection.applicationID == Self.id)
            #expect(try connection.userVersion == 3)
            #expect(try connection.integer("PRAGMA foreign_keys") == 1)
        }
        #expect(try scratch.names.filter { $0.contains("before") } == [])
    }

    @Test func anOldFileIsMigratedWithItsReferencesAndTheCopyGoes() throws {
        try makeOldFile()
        try Writer(path: scratch.database, migrator: Self.new).close()
        try expectMigratedFile()
    }

    @Test func aNewerFileIsRefusedAndNotAByteChanges() throws {
        try Writer(path: scratch.database, migrator: Self.new).close()
        let bytes = try scratch.bytes(scratch.database)
        let failure = #expect(throws: FormatError.self) { try Writer(path: scratch.database, migrator: Self.old) }
        #expect(
            failure?.description == "\(scratch.database) was written by a newer version of Amends "
                + "(format 3, this program knows 2). Use the newer program; nothing was changed.")
        #expect(throws: FormatError.self) { try Reader(path: scratch.database, format: Self.old.format) }
        #expect(try scratch.bytes(scratch.database) == bytes)
    }

    @Test func aNewerFileIsRefusedByWhatItsLogSays() throws {
        // The newer version is in the log only, as after a crash of the newer program.
        try makeOldFile()
        let newer = try Connection(path: scratch.database, access: .readWrite)
        try Self.new.migrate(newer)
        newer.close()
        let bytes = try scratch.bytes(scratch.database)
        let log = try scratch.bytes(scratch.database + "-wal")
        #expect(throws: FormatError.self) { try Writer(path: scratch.database, migrator: Self.old) }
        #expect(try scratch.bytes(scratch.database) == bytes)
        #expect(try scratch.bytes(scratch.database + "-wal") == log)
    }

    @Test func anotherProgramsFileIsRefusedAndNotAByteChanges() throws {
        let other = try Connection(path: scratch.database, access: .readWriteCreate)
        try other.execute(script: "PRAGMA journal_mode = DELETE; CREATE TABLE bookmark (url TEXT)")
        other.close()
        let bytes = try scratch.bytes(scratch.database)
        let failure = #expect(throws: FormatError.self) { try Writer(path: scratch.database, migrator: Self.old) }
        #expect(failure?.description.contains("is not a file of Amends") == true)
        #expect(try scratch.bytes(scratch.database) == bytes)
        #expect(try scratch.names == ["branch.db"])
    }

    @Test func aFileWithAnotherHistoryIsRefused() throws {
        try makeOldFile()
        let other = Self.migrator(Self.first, Migration("drafts", script: "SELECT 1"), Self.third)
        let failure = #expect(throws: FormatError.self) { try Writer(path: scratch.database, migrator: other) }
        #expect(failure?.description.contains("“replies” where this program has “drafts” (number 2)") == true)
        try expectUntouchedOldFile()
    }

    @Test func aFileThatACrashLeftHalfCreatedIsOpened() throws {
        let crashed = scratch.directory + "/crashed.db"
        let connection = try Connection(path: crashed, access: .readWriteCreate, cacheKiB: 8)
        try connection.execute(script: "PRAGMA journal_mode = DELETE; PRAGMA cache_spill = 1; CREATE TABLE t (x)")
        try connection.execute(script: "DROP TABLE t")
        #expect(throws: Bug.self) {
            try connection.transaction(.immediate) {
                try connection.execute("CREATE TABLE half (x TEXT)")
                for _ in 0..<100 {
                    try connection.execute("INSERT INTO half VALUES (?)", String(repeating: "x", count: 3_000))
                }
                // The state of the disk in the middle, as a power cut would leave it.
                for suffix in ["", "-journal"] {
                    try FileManager.default.copyItem(atPath: crashed + suffix, toPath: scratch.database + suffix)
                }
                throw Bug()
            }
        }
        connection.close()
        #expect(try scratch.bytes(scratch.database).count > 4_096 * 4)
        let writer = try Writer(path: scratch.database, migrator: notes)
        try writer.write { try $0.addNote("works") }
    }

    // MARK: - Failing

    @Test func aFailedMigrationKeepsTheFileAndTheCopy() throws {
        try makeOldFile()
        let broken = Self.migrator(Self.first, Self.second, Self.third, Migration("broken") { _ in throw Bug() })
        let failure = #expect(throws: FormatError.self) { try Writer(path: scratch.database, migrator: broken) }
        #expect(failure?.description.contains("“broken” failed and was undone") == true)
        try expectUntouchedOldFile()
        #expect(try scratch.mode(scratch.database + ".before-2-to-4") == 0o600)

        // The older program goes on, and a later version mends it and tidies up.
        let writer = try Writer(path: scratch.database, migrator: Self.old)
        try writer.write { try $0.execute("UPDATE note SET text = 'hello'") }
        writer.close()
        let mended = Self.migrator(Self.first, Self.second, Self.third, Migration("mended") { _ in })
        try Writer(path: scratch.database, migrator: mended).close()
        #expect(try scratch.names == ["branch.db"])
    }

    @Test func aMigrationThatBreaksReferencesIsUndone() throws {
        try makeOldFile()
        let careless = Self.migrator(Self.first, Self.second, Migration("tidy", script: "DELETE FROM note"))
        let failure = #expect(throws: FormatError.self) { try Writer(path: scratch.database, migrator: careless) }
        #expect(failure?.description.contains("left references in “reply”") == true)
        try expectUntouchedOldFile()
    }

    // MARK: - Crashing between the steps

    @Test func aCrashAfterTheCopyIsRepeatedFromTheCopy() throws {
        try makeOldFile()
        #expect(try Self.new.prepare(path: scratch.database) == copy)
        #expect(try scratch.mode(copy) == 0o600)
        #expect(try scratch.names.filter { $0.contains("before") } == ["branch.db.before-2-to-3"])
        try expectUntouchedOldFile()
        #expect(try Reader(path: copy, format: Self.old.format).snapshot { try $0.noteTexts() } == ["hello"])

        try Writer(path: scratch.database, migrator: Self.new).close()
        try expectMigratedFile()
    }

    @Test func aCrashInTheMiddleOfTheCopyLeavesNothingBehind() throws {
        try makeOldFile()
        try Data("half".utf8).write(to: URL(fileURLWithPath: copy + ".partial"))
        try Writer(path: scratch.database, migrator: Self.new).close()
        try expectMigratedFile()
    }

    @Test func aCrashAfterTheMigrationRemovesTheCopyAtTheNextOpening() throws {
        try makeOldFile()
        try Self.new.prepare(path: scratch.database)
        let connection = try Connection(path: scratch.database, access: .readWrite)
        try Self.new.migrate(connection)
        connection.close()
        #expect(try scratch.names.contains("branch.db.before-2-to-3"))

        try Writer(path: scratch.database, migrator: Self.new).close()
        try expectMigratedFile()
    }

    @Test func theCopyStaysWhileTheMigratedFileIsDamaged() throws {
        try makeOldFile()
        try Self.new.prepare(path: scratch.database)
        let connection = try Connection(path: scratch.database, access: .readWrite)
        try Self.new.migrate(connection)
        try connection.transaction(.immediate) {
            for _ in 0..<2_000 { try connection.execute("INSERT INTO note (author, text) VALUES ('a', 'text')") }
        }
        try connection.walCheckpoint(.truncate)
        connection.close()
        let file = try #require(FileHandle(forUpdatingAtPath: scratch.database))
        try file.seek(toOffset: 8 * 4_096)
        file.write(Data(repeating: 0xA5, count: 4_096))
        try file.close()
        let failure = #expect(throws: FormatError.self) { try Writer(path: scratch.database, migrator: Self.new) }
        #expect(failure?.description.contains("Restore the copy that was kept beside it") == true)
        #expect(try scratch.names.contains("branch.db.before-2-to-3"))
    }

    @Test func aDamagedFileIsNotMigrated() throws {
        try makeOldFile()
        let writer = try Writer(path: scratch.database, migrator: Self.old)
        try writer.write { connection throws in
            for number in 0..<2_000 { try connection.addNote("note \(number)") }
        }
        writer.close()
        let file = try #require(FileHandle(forUpdatingAtPath: scratch.database))
        try file.seek(toOffset: 8 * 4_096)
        file.write(Data(repeating: 0xA5, count: 4_096))
        try file.close()
        let bytes = try scratch.bytes(scratch.database)
        #expect(throws: (any Error).self) { try Writer(path: scratch.database, migrator: Self.new) }
        #expect(try scratch.bytes(scratch.database) == bytes)
        #expect(try scratch.names.filter { $0.contains("before") } == [])
    }
}
