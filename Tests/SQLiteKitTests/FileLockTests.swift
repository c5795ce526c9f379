import Foundation
import SQLiteKit
import Synchronization
import Testing

@Suite struct FileLockTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func twoInstancesInOneProcessExcludeEachOther() throws {
        let one = try FileLock(guarding: scratch.database)
        let two = try FileLock(guarding: scratch.database)
        try one.withLock {
            let failure = #expect(throws: FileLockTimeout.self) { try two.withLock(timeout: .zero) {} }
            #expect(failure?.path == two.path)
        }
        try two.withLock(timeout: .zero) {}
    }

    @Test func aThrowReleases() throws {
        struct Failure: Error {}
        let one = try FileLock(guarding: scratch.database)
        let two = try FileLock(guarding: scratch.database)
        #expect(throws: Failure.self) { try one.withLock { throw Failure() } }
        try two.withLock(timeout: .zero) {}
    }

    @Test func closingAnotherDescriptorOfTheFileDoesNotRelease() throws {
        let one = try FileLock(guarding: scratch.database)
        let two = try FileLock(guarding: scratch.database)
        try one.withLock { () throws in
            #expect(try scratch.bytes(one.path).count <= 1)
            #expect(throws: FileLockTimeout.self) { try two.withLock(timeout: .zero) {} }
        }
    }

    @Test func aFileThatWasTidiedAwayIsNotTakenForTheLock() throws {
        let one = try FileLock(guarding: scratch.database)
        try FileManager.default.removeItem(atPath: one.path)
        let two = try FileLock(guarding: scratch.database)
        let failure = try two.withLock {
            #expect(throws: FileLockTimeout.self) { try one.withLock(timeout: .zero) {} }
        }
        #expect(failure?.path == one.path)
        try one.withLock(timeout: .zero) {}
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, who can give files away"))
    func whatRootMakesBelongsToTheDatabasesOwner() throws {
        try Data().write(to: URL(fileURLWithPath: scratch.database))
        chown(scratch.database, 65_534, 65_534)
        let lock = try FileLock(guarding: scratch.database)
        #expect(try FileManager.default.attributesOfItem(atPath: lock.path)[.ownerAccountID] as? Int == 65_534)
    }

    @Test func whoWaitsGetsTheLockAtItsRelease() throws {
        let path = scratch.database
        let lock = try FileLock(guarding: path)
        let order = Mutex<[String]>([])
        let isWaiting = DispatchSemaphore(value: 0)
        let isDone = DispatchSemaphore(value: 0)
        try lock.withLock {
            Thread.detachNewThread {
                isWaiting.signal()
                do {
                    try FileLock(guarding: path).withLock { order.withLock { $0.append("second") } }
                } catch {
                    order.withLock { $0.append("\(error)") }
                }
                isDone.signal()
            }
            isWaiting.wait()
            order.withLock { $0.append("first") }
        }
        isDone.wait()
        #expect(order.withLock { $0 } == ["first", "second"])
    }

    /// Perl is part of every Debian, and knows nothing of this code.
    private static let holder = """
        open(F, "+<", $ARGV[0]) or die; my $lock = pack("s s x4 q q l x4", 1, 0, 0, 0, 0); fcntl(F, 37, $lock) or die;
        $| = 1; print "held\\n"; <STDIN>;
        """
    private static let perl = "/usr/bin/perl"

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: perl), "needs \(perl) for a second process"))
    func anotherProcessExcludesUntilItEndsOrDies() throws {
        let lock = try FileLock(guarding: scratch.database)
        for isKilled in [false, true] {
            let process = Process()
            let input = Pipe()
            let output = Pipe()
            process.executableURL = URL(fileURLWithPath: Self.perl)
            process.arguments = ["-e", Self.holder, lock.path]
            process.standardInput = input
            process.standardOutput = output
            try process.run()
            #expect(output.fileHandleForReading.availableData == Data("held\n".utf8))
            #expect(throws: FileLockTimeout.self) { try lock.withLock(timeout: .milliseconds(1)) {} }
            if isKilled {
                kill(process.processIdentifier, SIGKILL)
            } else {
                try input.fileHandleForWriting.close()
            }
            process.waitUntilExit()
            try lock.withLock(timeout: .zero) {}
        }
    }
}
