import Foundation

/// A folder that is there while it is held.
package final class TemporaryFolder {
    package let path: String

    package init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("amends-prove-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    package func file(_ name: String) -> String { path + "/" + name }

    /// Copies a database that nobody has open over another one.
    package func copy(_ source: String, to name: String) throws -> String {
        let target = file(name)
        for suffix in ["", "-wal", "-shm", ".lock"] where FileManager.default.fileExists(atPath: target + suffix) {
            try FileManager.default.removeItem(atPath: target + suffix)
        }
        try FileManager.default.copyItem(atPath: source, toPath: target)
        return target
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch {
            // The system's to clean; what was tried stands.
            FileHandle.standardError.write(Data("\(path) was left behind: \(error)\n".utf8))
        }
    }
}
