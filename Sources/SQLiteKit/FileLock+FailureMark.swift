internal import Glibc

/// One byte in the lock file that outlives a writer: "the disk failed me".
///
/// After a failed fsync the kernel takes the pages for clean although the disk may not have them, so that a later fsync
/// succeeds and proves nothing. That state lasts as long as the kernel's page cache: longer than a process, not longer
/// than the machine is up. The mark lives in the same page cache, so it needs no fsync of its own: where it is lost, so
/// is what it warns of. Looking at it and clearing it need the lock; setting it does not.
extension FileLock {
    /// The mark's byte at the start of the file; an empty file is unmarked.
    private static let mark = UInt8(ascii: "!")
    private static let noMark = UInt8(ascii: "-")

    /// Whether a writer of this database failed and nobody has verified the file since.
    var isMarkedFailed: Bool {
        get throws(SystemError) {
            var byte = Self.noMark
            guard pread(descriptor, &byte, 1, 0) >= 0 else {
                throw SystemError(operation: "read", path: path, errorNumber: errno)
            }
            return byte == Self.mark
        }
    }

    /// Makes every later writer verify the file first.
    func markFailed() throws(SystemError) { try write(Self.mark) }

    /// Says that the file was verified. Also gives the byte its place on the disk, so that marking needs no space.
    func clearFailureMark() throws(SystemError) { try write(Self.noMark) }

    private func write(_ byte: UInt8) throws(SystemError) {
        var byte = byte
        guard pwrite(descriptor, &byte, 1, 0) == 1 else {
            throw SystemError(operation: "mark", path: path, errorNumber: errno)
        }
    }
}
