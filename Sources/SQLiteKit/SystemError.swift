internal import Glibc

/// A system call on a file that failed.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried, as a verb: "open", "synchronise".
    package let operation: String
    package let path: String
    /// The call's `errno`.
    package let errorNumber: Int32

    /// The current user may not do this, by the file's mode or because the file system is mounted read-only.
    package var isPermission: Bool { [EACCES, EPERM, EROFS].contains(errorNumber) }

    package var description: String {
        "Could not \(operation) \(path): \(describeSystemError(errorNumber)); "
            + "check the file, its directory and the disk."
    }
}

/// The operating system's words for an `errno`, from a buffer of our own: `strerror` shares one between threads.
func describeSystemError(_ number: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        guard let words = buffer.baseAddress, strerror_r(number, words, buffer.count) == 0 else {
            return "system error \(number)"
        }
        return String(cString: words)
    }
}
