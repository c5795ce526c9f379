import Foundation
import SQLiteKit
import Testing

@Suite struct ConnectionTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func everyFileIsItsOwnersAlone() throws {
        let writer = try Writer(path: scratch.database, migrator: notes)
        try writer.write { try $0.addNote("a telephone number") }
        for suffix in ["", "-wal", "-shm", ".lock"] {
            #expect(try scratch.mode(scratch.database + suffix) == 0o600, "\(suffix)")
        }
    }

    @Test func theSettingsHold() throws {
        let connection = try Connection(path: scratch.database, access: .readWriteCreate)
        #expect(try connection.integer("PRAGMA foreign_keys") == 1)
        #expect(try connection.integer("PRAGMA trusted_schema") == 0)
        #expect(try connection.integer("PRAGMA synchronous") == 2)
        #expect(try connection.integer("PRAGMA busy_timeout") == 5_000)
        #expect(try connection.integer("PRAGMA cache_size") == Int64(-Connection.defaultCacheKiB))
        try connection.setDurability(.normal)
        #expect(try connection.integer("PRAGMA synchronous") == 1)
        // DEFENSIVE: the schema's own table stays out of reach.
        try connection.execute(script: "PRAGMA writable_schema = ON")
        #expect(throws: SQLiteError.self) { try connection.execute(script: "DELETE FROM sqlite_schema") }
    }

    @Test func nothingCheckpointsByItself() throws {
        let connection = try Connection(path: scratch.database, access: .readWriteCreate)
        try notes.migrate(connection)
        for number in 0..<1_200 { try connection.addNote("\(number)") }
        #expect(connection.walPages > 1_000)
        connection.close()
        #expect(try scratch.names == ["branch.db", "branch.db-shm", "branch.db-wal"])
        let last = try Connection(path: scratch.database, access: .readWrite)
        #expect(try last.noteTexts().count == 1_200)
        last.checkpointsOnClose = true
        last.close()
        #expect(try scratch.names == ["branch.db"])
    }

    @Test func aMissingFileIsAClearErrorAndNotCreated() throws {
        for access in [Connection.Access.readWrite, .readOnly, .readWriteAsFound] {
            let failure = #expect(throws: SQLiteError.self) { try Connection(path: scratch.database, access: access) }
            #expect(failure?.cannotOpen == true)
            #expect(failure?.message.contains("No such file") == true)
        }
        #expect(try scratch.names == [])
    }

    @Test func aMissingDirectoryIsAClearError() throws {
        let failure = #expect(throws: SystemError.self) {
            try Connection(path: scratch.directory + "/nowhere/branch.db", access: .readWriteCreate)
        }
        #expect(failure?.description.contains("nowhere/branch.db: No such file or directory") == true)
    }

    @Test func aFileThatIsNoDatabaseIsNotTouched() throws {
        let letter = Data("Dear customer, we are sorry that your parcel arrived late. ".utf8)
        try letter.write(to: URL(fileURLWithPath: scratch.database))
        let failure = #expect(throws: SQLiteError.self) { try Writer(path: scratch.database, migrator: notes) }
        #expect(failure?.isCorrupt == true)
        #expect(try scratch.bytes(scratch.database) == letter)
    }

    @Test func namesThatLookLikeURIsAreNames() throws {
        let path = scratch.directory + "/file:a?mode=memory"
        try notes.migrate(try Connection(path: path, access: .readWriteCreate))
        #expect(try scratch.names.contains("file:a?mode=memory"))
    }

    @Test func aLinkAndItsFileAreOneDatabase() throws {
        let link = scratch.directory + "/link.db"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: scratch.database)
        let writer = try Writer(path: scratch.database, migrator: notes)
        #expect(try FileLock(guarding: link).path == FileLock(guarding: scratch.database).path)
        #expect(try Reader(path: link).path == writer.path)
    }

    @Test func aReadOnlyConnectionChangesNothing() throws {
        try Writer(path: scratch.database, migrator: notes).close()
        let connection = try Connection(path: scratch.database, access: .readOnly)
        let failure = #expect(throws: SQLiteError.self) { try connection.addNote("no") }
        #expect(failure?.isReadOnly == true)
    }

    @Test func damageIsReportedAndRemembered() throws {
        let writer = try Writer(path: scratch.database, migrator: notes)
        try writer.write { connection in
            for number in 0..<2_000 { try connection.addNote("note \(number)") }
        }
        #expect(try writer.read { try $0.integrityReport() } == [])
        #expect(try writer.read { try $0.quickReport() } == [])
        writer.close()
        let file = try #require(FileHandle(forUpdatingAtPath: scratch.database))
        try file.seek(toOffset: 4 * 4_096)
        file.write(Data(repeating: 0xA5, count: 4_096))
        try file.close()
        let connection = try Connection(path: scratch.database, access: .readOnly)
        #expect(try !connection.integrityReport().isEmpty)
        let failure = #expect(throws: SQLiteError.self) { try connection.noteTexts() }
        #expect(failure?.isCorrupt == true)
        #expect(connection.fault?.isCorrupt == true)
        // The fault does not keep anyone from looking at the rest.
        let reader = try Reader(path: scratch.database)
        #expect(try !reader.snapshot { try $0.integrityReport() }.isEmpty)
        #expect(try !reader.snapshot { try $0.quickReport() }.isEmpty)
    }
}
