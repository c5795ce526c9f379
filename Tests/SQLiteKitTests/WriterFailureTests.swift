import Foundation
import SQLiteKit
import Testing

/// Real failures of real disks, as far as a container gives them.
@Suite struct WriterFailureTests {
    /// A limit on the size of files makes every longer write fail, which SQLite reports as an I/O error. The limit
    /// holds for a whole process, so this one has its own.
    @Test func afterAnIOErrorNothingIsWrittenUntilTheFileWasReopened() async {
        await #expect(processExitsWith: .success) {
            let scratch = try Scratch()
            let writer = try Writer(path: scratch.database, migrator: notes)
            let bystander = try Writer(path: scratch.database, migrator: notes)
            try writer.write { try $0.addNote("kept") }

            signal(SIGXFSZ, SIG_IGN)
            let logBytes = rlim_t(try scratch.bytes(scratch.database + "-wal").count)
            let unlimited = rlim_t.max
            var limit = rlimit(rlim_cur: logBytes + 100, rlim_max: unlimited)
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let failure = #expect(throws: SQLiteError.self) { try writer.write { try $0.addNote("lost") } }
            #expect(failure?.isIOError == true)
            limit.rlim_cur = unlimited
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)

            // The disk works again, and still neither this writer nor another one goes on.
            for refused in [writer, bystander] {
                #expect(throws: WriterError.self) { try refused.write { try $0.addNote("refused") } }
                #expect(throws: WriterError.self) { try refused.walCheckpoint(.passive) }
                #expect(throws: WriterError.self) { try refused.withDeferredDurability {} }
            }

            let successor = try Writer(path: scratch.database, migrator: notes)
            try successor.write { try $0.addNote("after") }
            #expect(try successor.read { try $0.noteTexts() } == ["kept", "after"])
            #expect(throws: WriterError.self) { try writer.write { try $0.addNote("refused for good") } }
            writer.close()
        }
    }

    @Test func aReaderOfAnOldSnapshotPutsOffTheVerification() async {
        await #expect(processExitsWith: .success) {
            let scratch = try Scratch()
            let writer = try Writer(path: scratch.database, migrator: notes)
            let reader = try Reader(path: scratch.database)
            // Leaves the mark that a failed writer leaves.
            let mark = try #require(FileHandle(forUpdatingAtPath: scratch.database + ".lock"))
            try reader.snapshot { _ in
                try writer.write { try $0.addNote("newer than the snapshot") }
                mark.write(Data("!".utf8))
                let failure = #expect(throws: WriterError.self) {
                    try Writer(path: scratch.database, migrator: notes, lockTimeout: .zero)
                }
                #expect(failure?.description.contains("a reader keeps an old snapshot") == true)
            }
            let successor = try Writer(path: scratch.database, migrator: notes)
            #expect(try successor.read { try $0.noteTexts() } == ["newer than the snapshot"])
        }
    }

    @Test(.enabled(if: SmallDisk.isPossible, "needs root's right to mount a small tmpfs"))
    func aFullDiskOnTheCommitStopsTheWriter() throws {
        let disk = try SmallDisk(kiB: 1_024)
        let ballast = disk.directory + "/ballast"
        try Data(repeating: 1, count: 64 * 1_024).write(to: URL(fileURLWithPath: ballast))
        let writer = try Writer(path: disk.directory + "/branch.db", migrator: notes, cacheKiB: 64 * 1_024)
        try writer.write { try $0.addNote("kept") }
        let failure = #expect(throws: SQLiteError.self) {
            try writer.write { connection in
                for _ in 0..<400 { try connection.addNote(String(repeating: "x", count: 4_000)) }
            }
        }
        #expect(failure?.isFull == true)
        #expect(failure?.sql == "COMMIT")
        #expect(throws: WriterError.self) { try writer.write { try $0.addNote("refused") } }

        // Verifying needs room for the pages in the log.
        let stillFull = #expect(throws: SQLiteError.self) {
            try Writer(path: disk.directory + "/branch.db", migrator: notes)
        }
        #expect(stillFull?.isFull == true)
        try makeRoom(ballast)
        let successor = try Writer(path: disk.directory + "/branch.db", migrator: notes)
        try successor.write { try $0.addNote("after") }
        #expect(try successor.read { try $0.noteTexts() } == ["kept", "after"])
    }

    /// Empties a file: one that is removed keeps its room while a process that another test starts has it open for a moment.
    private func makeRoom(_ path: String) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.truncate(atOffset: 0)
        try file.close()
    }

    /// A clerk was told that a case was not saved, entered it again, and had it twice.
    @Test(.enabled(if: SmallDisk.isPossible, "needs root's right to mount a small tmpfs"))
    func aFullDiskAtTheEndLeavesTheLogAndLosesNothing() throws {
        let disk = try SmallDisk(kiB: 1_024)
        let path = disk.directory + "/branch.db"
        let writer = try Writer(path: path, migrator: notes)
        try writer.write { connection in
            for _ in 0..<60 { try connection.addNote(String(repeating: "x", count: 4_000)) }
        }
        let ballast = URL(fileURLWithPath: disk.directory + "/ballast")
        var size = 1_024 * 1_024
        while size >= 4_096 {
            // As much as there is room for.
            do {
                try Data(repeating: 1, count: size).write(to: ballast)
                break
            } catch { size -= 4_096 }
        }
        writer.close()
        #expect(try Data(contentsOf: URL(fileURLWithPath: path + "-wal")).count > 60 * 4_000)
        try makeRoom(ballast.path)
        let successor = try Writer(path: path, migrator: notes)
        #expect(try successor.read { try $0.noteTexts() }.count == 60)
        successor.close()
        #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
    }

    @Test(.enabled(if: SmallDisk.isPossible, "needs root's right to mount a small tmpfs"))
    func aFullDiskInsideATransactionDoesNotStopTheWriter() throws {
        let disk = try SmallDisk(kiB: 1_024)
        // A small cache spills pages into the log before the commit.
        let writer = try Writer(path: disk.directory + "/branch.db", migrator: notes, cacheKiB: 64)
        try writer.write { try $0.addNote("kept") }
        let failure = #expect(throws: SQLiteError.self) {
            try writer.write { connection in
                for _ in 0..<400 { try connection.addNote(String(repeating: "x", count: 4_000)) }
            }
        }
        #expect(failure?.isFull == true)
        #expect(failure?.sql != "COMMIT")
        try writer.write { try $0.addNote("after") }
        #expect(try writer.read { try $0.noteTexts() } == ["kept", "after"])
    }
}

/// A file system of a few pages.
private final class SmallDisk {
    static let isPossible: Bool = {
        do {
            _ = try SmallDisk(kiB: 64)
            return true
        } catch {
            print("No small tmpfs here: \(error)")
            return false
        }
    }()

    private let scratch: Scratch
    var directory: String { scratch.directory }

    init(kiB: Int) throws {
        scratch = try Scratch()
        guard mount("tmpfs", scratch.directory, "tmpfs", 0, "size=\(kiB)k") == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
    }

    deinit {
        umount2(directory, CInt(MNT_DETACH))
    }
}
