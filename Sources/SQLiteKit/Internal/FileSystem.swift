internal import Glibc

/// The few file operations that SQLite leaves to its caller.
///
/// None of them opens a database that a connection of this process may have open: closing such a descriptor would drop
/// every POSIX lock that SQLite holds on the file in this process (fcntl(2)).
enum FileSystem {
    /// Owner may read and write, nobody else: these files hold names and telephone numbers.
    static let privateMode: mode_t = 0o600

    /// The absolute path of `path` without symbolic links; the last component need not exist.
    ///
    /// Two names of one file would give two lock files. An absolute path can also not be taken for a `file:` URI or for
    /// `:memory:`.
    static func canonicalPath(_ path: String) throws(SystemError) -> String {
        if path.isEmpty { throw SystemError(operation: "open", path: path, errorNumber: ENOENT) }
        if path.utf8.contains(0) { throw SystemError(operation: "open", path: path, errorNumber: EINVAL) }
        if let resolved = resolve(path) { return resolved }
        guard errno == ENOENT else { throw SystemError(operation: "open", path: path, errorNumber: errno) }
        let (directory, name) = split(path)
        guard !name.isEmpty, let resolved = resolve(directory) else {
            throw SystemError(operation: "find the directory of", path: path, errorNumber: ENOENT)
        }
        return resolved == "/" ? "/\(name)" : "\(resolved)/\(name)"
    }

    /// Creates an empty file with mode 0600, unless something has that name already.
    static func createPrivateFile(_ path: String) throws(SystemError) {
        let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, privateMode)
        if descriptor >= 0 {
            close(descriptor)
        } else if errno != EEXIST {
            throw SystemError(operation: "create", path: path, errorNumber: errno)
        }
    }

    /// Whether something has this name. Unlike `access` it asks nothing about permissions.
    static func exists(_ path: String) throws(SystemError) -> Bool {
        var status = stat()
        if lstat(path, &status) == 0 { return true }
        guard errno == ENOENT else { throw SystemError(operation: "look at", path: path, errorNumber: errno) }
        return false
    }

    /// Removes a file that may already be gone.
    static func removeIfPresent(_ path: String) throws(SystemError) {
        guard unlink(path) != 0, errno != ENOENT else { return }
        throw SystemError(operation: "remove", path: path, errorNumber: errno)
    }

    /// Gives a file a new name in the same directory, in place of what had that name.
    static func rename(_ path: String, to newPath: String) throws(SystemError) {
        guard Glibc.rename(path, newPath) != 0 else { return }
        throw SystemError(operation: "rename", path: path, errorNumber: errno)
    }

    /// Waits until the disk has the file's contents. No connection of this process may have the file open.
    static func synchronise(file path: String) throws(SystemError) {
        try synchronise(path, flags: O_RDONLY | O_CLOEXEC)
    }

    /// Waits until the disk has the names in the directory that holds `path`.
    static func synchroniseDirectory(of path: String) throws(SystemError) {
        try synchronise(split(path).directory, flags: O_RDONLY | O_CLOEXEC | O_DIRECTORY)
    }

    private static func synchronise(_ path: String, flags: Int32) throws(SystemError) {
        let descriptor = open(path, flags)
        guard descriptor >= 0 else { throw SystemError(operation: "open", path: path, errorNumber: errno) }
        let failure = fsync(descriptor) == 0 ? nil : errno
        close(descriptor)
        if let failure { throw SystemError(operation: "synchronise", path: path, errorNumber: failure) }
    }

    private static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        let directory = slash == path.startIndex ? "/" : String(path[..<slash])
        return (directory, String(path[path.utf8.index(after: slash)...]))
    }
}
