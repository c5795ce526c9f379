import Foundation
import SQLiteKit
import Testing

@Suite struct WriterTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func fill(_ writer: Writer, commits: Int) throws {
        for number in 0..<commits {
            try writer.write { try $0.addNote(String(repeating: "x", count: 3_000) + "\(number)") }
        }
    }

    @Test func theLogIsCheckpointedAtItsLimit() throws {
        let writer = try Writer(path: scratch.database, migrator: notes, checkpointLimitPages: 16)
        try fill(writer, commits: 200)
        let logBytes = try scratch.bytes(scratch.database + "-wal").count
        #expect(logBytes < 32 * 4_200, "\(logBytes)")
        #expect(try scratch.bytes(scratch.database).count > 100 * 4_096)
    }

    @Test func aReaderLetsTheLogGrowButStopsNobody() throws {
        let writer = try Writer(path: scratch.database, migrator: notes, checkpointLimitPages: 16)
        let reader = try Reader(path: scratch.database)
        try reader.snapshot { connection throws in
            try fill(writer, commits: 100)
            #expect(try connection.noteTexts() == [])
            #expect(try writer.walCheckpoint(.passive).isComplete == false)
        }
        #expect(try scratch.bytes(scratch.database + "-wal").count > 100 * 4_096)
        #expect(try writer.walCheckpoint(.truncate).isComplete)
        #expect(try scratch.bytes(scratch.database + "-wal").isEmpty)
        #expect(writer.checkpointFailure == nil)
    }

    /// Found by a trial: a hub whose file was replaced by a backup went on acknowledging what nobody would find.
    @Test func aFileThatWasReplacedTakesNothingMore() throws {
        let writer = try Writer(path: scratch.database, migrator: notes)
        try writer.write { try $0.addNote("one") }
        try FileManager.default.moveItem(atPath: scratch.database, toPath: scratch.database + ".away")
        for _ in 0..<2 {
            let error = #expect(throws: SQLiteError.self) { try writer.write { try $0.addNote("two") } }
            #expect(error?.description.contains("moved, removed or replaced") == true)
            #expect(error?.description.contains("start it again") == true)
        }
        try FileManager.default.moveItem(atPath: scratch.database + ".away", toPath: scratch.database)
        try writer.write { try $0.addNote("three") }
        #expect(try writer.read { try $0.noteTexts() } == ["one", "three"])
    }

    @Test func twoWritersTakeTurns() throws {
        let one = try Writer(path: scratch.database, migrator: notes)
        let two = try Writer(path: scratch.database, migrator: notes, lockTimeout: .zero)
        try one.write { connection throws in
            try connection.addNote("one")
            #expect(throws: FileLockTimeout.self) { try two.write { try $0.addNote("too soon") } }
        }
        try two.write { try $0.addNote("two") }
        #expect(try one.read { try $0.noteTexts() } == ["one", "two"])
    }

    @Test func readingRefusesChangesAndWritingWorksAfterwards() throws {
        let writer = try Writer(path: scratch.database, migrator: notes)
        let failure = #expect(throws: SQLiteError.self) { try writer.read { try $0.addNote("no") } }
        #expect(failure?.isReadOnly == true)
        try writer.write { try $0.addNote("yes") }
        #expect(try writer.read { try $0.noteTexts() } == ["yes"])
    }

    @Test func closingLeavesOneFile() throws {
        let writer = try Writer(path: scratch.database, migrator: notes)
        try writer.write { try $0.addNote("kept") }
        writer.close()
        #expect(try scratch.names == ["branch.db"])
        #expect(try Reader(path: scratch.database).snapshot { try $0.noteTexts() } == ["kept"])
    }

    @Test func aWriterThatIsLetGoLosesNothing() throws {
        try Writer(path: scratch.database, migrator: notes).write { try $0.addNote("kept") }
        #expect(try scratch.names == ["branch.db", "branch.db-shm", "branch.db-wal"])
        #expect(try Reader(path: scratch.database).snapshot { try $0.noteTexts() } == ["kept"])
    }

    @Test func deferredDurabilityEndsWithACommitThatWaits() throws {
        let writer = try Writer(path: scratch.database, migrator: notes)
        func synchronous() throws -> Int64 { try writer.read { try $0.integer("PRAGMA synchronous") } }
        let pagesBefore = try writer.read { $0.walPages }
        #expect(try synchronous() == 2)
        let inside = try writer.withDeferredDurability { try synchronous() }
        #expect(inside == 1)
        #expect(try synchronous() == 2)
        #expect(try writer.read { $0.walPages } == pagesBefore + 1)
    }

    @Test func deferredDurabilityEndsTheSameAfterAThrow() throws {
        struct Stop: Error {}
        let writer = try Writer(path: scratch.database, migrator: notes)
        #expect(throws: Stop.self) {
            try writer.withDeferredDurability {
                try writer.write { try $0.addNote("kept") }
                throw Stop()
            }
        }
        #expect(try writer.read { try $0.integer("PRAGMA synchronous") } == 2)
        #expect(try writer.read { try $0.noteTexts() } == ["kept"])
    }

    @Test func aFileThatIsFullInsideATransactionIsNoFailure() throws {
        let writer = try Writer(path: scratch.database, migrator: notes)
        try writer.write { try $0.execute(script: "PRAGMA max_page_count = 8") }
        let failure = #expect(throws: SQLiteError.self) {
            try writer.write { connection throws in
                for _ in 0..<10 { try connection.addNote(String(repeating: "x", count: 4_000)) }
            }
        }
        #expect(failure?.isFull == true)
        try writer.write { try $0.addNote("fits") }
        #expect(try writer.read { try $0.noteTexts() } == ["fits"])
    }
}
