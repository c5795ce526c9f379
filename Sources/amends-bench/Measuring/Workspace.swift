import Foundation

/// A folder of its own for the run's files; gone when the run ends.
final class Workspace {
    private let url: URL
    private var count = 0

    /// - Parameter folder: where to make it; the system's temporary folder unless given.
    init(in folder: String?) throws {
        let parent = folder.map { URL(fileURLWithPath: $0) } ?? FileManager.default.temporaryDirectory
        url = parent.appendingPathComponent("amends-bench-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(
            at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    func remove() { try? FileManager.default.removeItem(at: url) }

    /// A path that nothing has yet.
    func path(_ name: String) -> String {
        count += 1
        return url.appendingPathComponent("\(count)-\(name)").path
    }

    /// Removes a database and what lies beside it.
    func discard(_ path: String) throws {
        for suffix in ["", "-wal", "-shm", ".lock"] where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.removeItem(atPath: path + suffix)
        }
    }

    /// A copy of a closed database.
    func copy(_ path: String, as name: String) throws -> String {
        let target = self.path(name)
        try FileManager.default.copyItem(atPath: path, toPath: target)
        return target
    }

    static func size(of path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }
}
