internal import Glibc

/// Another connection or process held a file's lock for longer than the caller wanted to wait.
package struct FileLockTimeout: Error, Hashable, Sendable, CustomStringConvertible {
    package let path: String
    package let waited: Duration

    package var description: String {
        "\(path) was held by another program or connection for more than \(waited); "
            + "try again, or stop the program that holds it."
    }
}

/// An exclusive lock between everything that opens, writes or checkpoints one database, on a file beside it.
///
/// SQLite's own locks are not enough: 3.7.0-3.51.2 can corrupt a write-ahead log when two connections write or
/// checkpoint at the same instant. The lock belongs to the open file description (`F_OFD_SETLK`), not to the process,
/// so that two instances in one process exclude each other too, and closing some other descriptor of the file does not
/// drop it. The system drops it when its holder dies.
///
/// The file `<database>.lock` is made with mode 0600 and stays: removing it while someone waits would let two hold it.
package final class FileLock {
    /// How long openings and writes wait unless told otherwise: longer than any single transaction should take.
    package static let defaultTimeout: Duration = .seconds(30)
    private static let firstPause: Duration = .microseconds(200)
    private static let longestPause: Duration = .milliseconds(20)

    package let path: String
    /// The database that this lock guards.
    package let databasePath: String
    var descriptor: Int32
    private var isHeld = false

    /// Opens the lock file of a database, and creates it where it is missing.
    ///
    /// - Throws: `SystemError`; `isPermission` where this user may not write it.
    package init(guarding databasePath: String) throws {
        self.databasePath = try FileSystem.canonicalPath(databasePath)
        self.path = self.databasePath + ".lock"
        self.descriptor = try Self.open(path, besides: self.databasePath)
    }

    deinit {
        close(descriptor)
    }

    /// Runs `body` while nobody else holds the lock.
    ///
    /// The lock is not recursive; taking it again through the same instance is a fault of the caller, and through
    /// another instance it times out.
    ///
    /// - Parameter timeout: How long to wait at most, give or take the system's scheduling; `.zero` tries once.
    /// - Throws: `FileLockTimeout`, `SystemError`, and what `body` throws.
    package func withLock<Result: ~Copyable>(
        timeout: Duration = FileLock.defaultTimeout, _ body: () throws -> Result
    ) throws -> Result {
        try acquire(timeout: timeout)
        defer { release() }
        return try body()
    }

    // MARK: - Acquiring and releasing

    /// Tries, pauses and tries again: `F_OFD_SETLKW` has no timeout and ends early only for a signal, whose handler
    /// would belong to the whole process. Pauses are added up instead of reading a clock, so that no clock's jump
    /// matters.
    private func acquire(timeout: Duration) throws {
        precondition(!isHeld, "\(path) was locked twice through one instance")
        var waited: Duration = .zero
        var pause = Self.firstPause
        while true {
            if try tryLock() {
                if try isStillNamed() { break }
                try reopen()
                continue
            }
            guard waited < timeout else { throw FileLockTimeout(path: path, waited: waited) }
            Self.sleep(pause)
            waited += pause
            pause = min(pause * 2, Self.longestPause)
        }
        isHeld = true
    }

    private func release() {
        isHeld = false
        // Unlocking fails only for a bad descriptor, and closing the descriptor unlocks whatever happens.
        var range = Self.wholeFile(Int16(F_UNLCK))
        let result = fcntl(descriptor, Self.setLock, &range)
        precondition(result == 0, "\(path) could not be unlocked: \(describeSystemError(errno))")
    }

    private func tryLock() throws(SystemError) -> Bool {
        while true {
            var range = Self.wholeFile(Int16(F_WRLCK))
            if fcntl(descriptor, Self.setLock, &range) == 0 { return true }
            switch errno {
            case EAGAIN, EACCES: return false
            case EINTR: continue
            default: throw SystemError(operation: "lock", path: path, errorNumber: errno)
            }
        }
    }

    // MARK: - The file

    /// Whether the locked file still has a name. Someone may have tidied it away; the others then lock its successor.
    private func isStillNamed() throws(SystemError) -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw SystemError(operation: "look at", path: path, errorNumber: errno)
        }
        return status.st_nlink > 0
    }

    private func reopen() throws(SystemError) {
        let successor = try Self.open(path, besides: databasePath)
        close(descriptor)
        descriptor = successor
    }

    private static func open(_ path: String, besides databasePath: String) throws(SystemError) -> Int32 {
        let created = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FileSystem.privateMode)
        if created >= 0 {
            giveToOwner(of: databasePath, created)
            return created
        }
        let creationError = errno
        let opened = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard opened < 0 else { return opened }
        if creationError == EEXIST { throw SystemError(operation: "open", path: path, errorNumber: errno) }
        throw SystemError(operation: "create", path: path, errorNumber: creationError)
    }

    /// Where root looks at a service's database first, the service must still be able to lock it; SQLite does the same
    /// for `-wal` and `-shm`.
    private static func giveToOwner(of databasePath: String, _ descriptor: Int32) {
        var status = stat()
        guard geteuid() == 0, stat(databasePath, &status) == 0 else { return }
        // Refused only where root is not allowed to give files away; then the file stays root's, as the database would.
        _ = fchown(descriptor, status.st_uid, status.st_gid)
    }

    // MARK: - What Glibc's module does not offer

    /// `F_OFD_SETLK`, part of Linux's ABI (asm-generic/fcntl.h); the header shows it only under `_GNU_SOURCE`.
    private static let setLock: Int32 = 37

    private static func wholeFile(_ type: Int16) -> flock {
        // Open file description locks demand a process id of 0.
        flock(l_type: type, l_whence: Int16(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0)
    }

    private static func sleep(_ duration: Duration) {
        let parts = duration.components
        var request = timespec(tv_sec: Int(parts.seconds), tv_nsec: Int(parts.attoseconds / 1_000_000_000))
        // A signal ends the pause early, which only means that the lock is tried sooner.
        nanosleep(&request, nil)
    }
}
