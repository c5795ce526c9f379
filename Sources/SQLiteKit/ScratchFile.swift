internal import Glibc

/// Bytes that are to leave memory for a while: appended, and read back where they lie.
///
/// The file lies beside a database, on the same disk and with the same rights, and loses its name as soon as it is made: the system
/// drops it with its only descriptor, also where the process dies. Nothing waits for the disk.
package final class ScratchFile {
    /// The database beside which it lies.
    private let path: String
    private let descriptor: Int32
    /// Its last bytes, which are not written yet.
    private var tail: [UInt8] = []
    private var written = 0

    /// So many bytes are written at a time.
    private static let stepBytes = 1 << 18

    /// - Parameter path: of a database.
    /// - Throws: `SystemError`.
    package init(beside path: String) throws(SystemError) {
        self.path = path
        descriptor = try ScratchFile.open(beside: path)
    }

    private static func open(beside path: String) throws(SystemError) -> Int32 {
        var name = Array("\(path).scratch-XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        guard descriptor >= 0 else {
            throw SystemError(operation: "create a scratch file beside", path: path, errorNumber: errno)
        }
        guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0, unlink(name) == 0 else {
            let failure = errno
            close(descriptor)
            throw SystemError(operation: "unlink the scratch file beside", path: path, errorNumber: failure)
        }
        return descriptor
    }

    deinit { close(descriptor) }

    package var count: Int { written + tail.count }

    /// - Throws: `SystemError`; all that was appended before can still be read.
    package func append(_ bytes: [UInt8]) throws(SystemError) {
        tail.append(contentsOf: bytes)
        guard tail.count >= ScratchFile.stepBytes else { return }
        var done = 0
        while done < tail.count {
            let count = tail.withUnsafeBytes { rest in
                pwrite(descriptor, rest.baseAddress! + done, rest.count - done, off_t(written + done))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw SystemError(operation: "write the scratch file beside", path: path, errorNumber: errno)
            }
            done += count
        }
        written += done
        tail.removeAll(keepingCapacity: tail.capacity <= 2 * ScratchFile.stepBytes)
    }

    /// - Parameter range: of what was appended; bytes that were appended at once lie within one step.
    /// - Throws: `SystemError`.
    package func read(_ range: Range<Int>) throws(SystemError) -> [UInt8] {
        precondition(range.upperBound <= count, "nothing was appended there")
        if range.lowerBound >= written { return Array(tail[range.lowerBound - written..<range.upperBound - written]) }
        var failure: Int32?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, done in
            while done < range.count {
                let count = pread(
                    descriptor, buffer.baseAddress! + done, range.count - done, off_t(range.lowerBound + done))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    failure = count < 0 ? errno : EIO
                    return
                }
                done += count
            }
        }
        if let failure {
            throw SystemError(operation: "read the scratch file beside", path: path, errorNumber: failure)
        }
        return bytes
    }
}
