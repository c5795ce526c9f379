import Causality
import Changes
import Foundation

/// A replica's private key, beside its file: `<replica>.key`, 64 hexadecimal digits, mode 0600.
package enum KeyFile {
    static func path(of replica: String) -> String { replica + ".key" }

    /// Writes a new key; never over an existing one.
    static func create(_ key: SigningKey, for replica: String) throws {
        let path = path(of: replica)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else {
            let reason =
                errno == EEXIST
                ? "a key lies here without its replica, of an attempt that was cut off or of a file that is elsewhere; "
                    + "put the file back, or move the key away and start again"
                : String(cString: strerror(errno))
            throw ReplicaError.keyFile(path: path, reason: reason)
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        let digits = key.seed.map { String(format: "%02x", $0) }.joined() + "\n"
        try handle.write(contentsOf: Data(digits.utf8))
        // The key is worth nothing lost: it is on disk before anything is signed with it.
        try handle.synchronize()
        try handle.close()
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
            throw ReplicaError.keyFile(path: path, reason: "it cannot be read")
        }
        guard let seed = hexadecimalBytes(text.trimmingCharacters(in: .whitespacesAndNewlines)), seed.count == 32 else {
            throw ReplicaError.keyFile(path: path, reason: "it does not hold 64 hexadecimal digits")
        }
        return try SigningKey(seed: seed)
    }
}
