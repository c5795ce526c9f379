import Causality
import Changes
import Foundation

/// A replica's private key, beside its file: `<replica>.key`, 64 hexadecimal digits, mode 0600.
package enum KeyFile {
    /// Beside the file itself, also where `replica` is a link to it; beside the link where that one alone has a key: a file that was
    /// moved, with a link left in its place, may have left its key.
    static func path(of replica: String) -> String {
        let beside = replica + ".key"
        var status = stat()
        guard lstat(replica, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return beside }
        let own = URL(fileURLWithPath: replica).resolvingSymlinksInPath().path + ".key"
        let files = FileManager.default
        return !files.fileExists(atPath: own) && files.fileExists(atPath: beside) ? beside : own
    }

    static let strayKey =
        "a key lies here without its replica, whose file is elsewhere; put the file back, or move the key away and start again"

    /// Writes a new key, whole or not at all, and never over an existing one.
    ///
    /// - Returns: the key that lies there now: that of an earlier attempt, or of another process, stays.
    static func create(_ key: SigningKey, for replica: String) throws -> SigningKey {
        let path = path(of: replica)
        let new = "\(path).\(getpid()).new"
        let descriptor = open(new, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0 else {
            throw ReplicaError.keyFile(path: path, reason: String(cString: strerror(errno)))
        }
        defer { unlink(new) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        let digits = key.seed.map { String(format: "%02x", $0) }.joined() + "\n"
        try handle.write(contentsOf: Data(digits.utf8))
        // The key is worth nothing lost: it is on disk before anything is signed with it.
        try handle.synchronize()
        try handle.close()
        if link(new, path) == 0 { return key }
        if errno == EEXIST { return try read(for: replica) }
        // Some file systems, those of sticks among them, have no second names.
        guard [EPERM, ENOTSUP, ENOSYS].contains(errno), !exists(for: replica), rename(new, path) == 0 else {
            throw ReplicaError.keyFile(path: path, reason: String(cString: strerror(errno)))
        }
        return key
    }

    /// Whether the replica's key lies beside it. A copy of a file alone, as for a diagnosis, has none.
    package static func exists(for replica: String) -> Bool {
        FileManager.default.fileExists(atPath: path(of: replica))
    }

    /// - Throws: `ReplicaError.keyFile` where there is none that can be read, or it holds no key.
    package static func read(for replica: String) throws -> SigningKey {
        let path = path(of: replica)
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            let reason =
                exists(for: replica)
                ? "it cannot be read: \(error.localizedDescription)"
                : "it is not there; put it back from where it was kept: without it nobody writes as this replica"
            throw ReplicaError.keyFile(path: path, reason: reason)
        }
        guard let seed = hexadecimalBytes(text.trimmingCharacters(in: .whitespacesAndNewlines)), seed.count == 32 else {
            throw ReplicaError.keyFile(path: path, reason: "it does not hold 64 hexadecimal digits")
        }
        return try SigningKey(seed: seed)
    }
}
