import Foundation
import SQLiteKit
import Testing

@Suite struct ReaderTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func aSnapshotDoesNotSeeWhatIsCommittedMeanwhile() throws {
        let writer = try Writer(path: scratch.database, migrator: notes)
        try writer.write { try $0.addNote("before") }
        let reader = try Reader(path: scratch.database, format: notes.format)
        try reader.snapshot { connection throws in
            // Committed before the first question is asked, but after the snapshot was taken.
            try writer.write { try $0.addNote("meanwhile") }
            #expect(try connection.noteTexts() == ["before"])
            try writer.write { try $0.addNote("meanwhile too") }
            #expect(try connection.noteTexts() == ["before"])
        }
        #expect(try reader.snapshot { try $0.noteTexts() } == ["before", "meanwhile", "meanwhile too"])
    }

    @Test func aSnapshotRefusesChangesAndEndsAfterAThrow() throws {
        let writer = try Writer(path: scratch.database, migrator: notes)
        let reader = try Reader(path: scratch.database)
        let failure = #expect(throws: SQLiteError.self) { try reader.snapshot { try $0.addNote("no") } }
        #expect(failure?.isReadOnly == true)
        try writer.write { try $0.addNote("yes") }
        #expect(try reader.snapshot { try $0.noteTexts() } == ["yes"])
    }

    @Test func aMissingFileIsAClearErrorAndNothingIsCreated() throws {
        let failure = #expect(throws: SQLiteError.self) { try Reader(path: scratch.database) }
        #expect(failure?.cannotOpen == true)
        #expect(failure?.description.contains("there is no such file") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.directory) == [])
    }

    @Test func aFileOfAnOlderFormatIsLeftToTheWriter() throws {
        try Writer(path: scratch.database, migrator: notes).close()
        let newer = FileFormat(applicationID: notes.format.applicationID, version: 2, product: "Amends")
        let failure = #expect(throws: FormatError.self) { try Reader(path: scratch.database, format: newer) }
        #expect(failure?.description.contains("(format 1, this program reads 2)") == true)
    }

    @Test func openingWaitsForTheWritersTransaction() throws {
        let writer = try Writer(path: scratch.database, migrator: notes)
        let failure = try writer.write { _ throws in
            #expect(throws: FileLockTimeout.self) { try Reader(path: scratch.database, lockTimeout: .zero) }
        }
        #expect(failure != nil)
        _ = try Reader(path: scratch.database, lockTimeout: .zero)
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, who can take another user's place for one thread"))
    func aDirectoryThatMayNotBeWrittenIsReadWhereSQLiteCan() throws {
        try Writer(path: scratch.database, migrator: notes).close()
        // The service's files belong to the service; its reader may not create any beside them.
        chown(scratch.database, nobody, nobody)
        chmod(scratch.directory, 0o555)
        let writer = try Writer(path: scratch.database, migrator: notes)
        try writer.write { try $0.addNote("for all to read") }
        let texts = try asNobody { try Reader(path: scratch.database).snapshot { try $0.noteTexts() } }
        #expect(texts == ["for all to read"])

        // Without the service there is no log to read beside, and none can be made.
        writer.close()
        let failure = #expect(throws: SQLiteError.self) { try asNobody { try Reader(path: scratch.database) } }
        #expect(failure?.description.contains("read it while its service runs, or read a copy elsewhere") == true)
        #expect(try scratch.names == ["branch.db"])
    }

    private let nobody: uid_t = 65_534

    /// Runs `body` with another user's rights on files. On Linux they belong to the thread, which a test without
    /// `await` keeps.
    private func asNobody<Result>(_ body: () throws -> Result) throws -> Result {
        typealias SetFileSystemUser = @convention(c) (uid_t) -> CInt
        let symbol = try #require(dlsym(nil, "setfsuid"))
        let setFileSystemUser = unsafeBitCast(symbol, to: SetFileSystemUser.self)
        _ = setFileSystemUser(nobody)
        defer { _ = setFileSystemUser(0) }
        return try body()
    }
}
