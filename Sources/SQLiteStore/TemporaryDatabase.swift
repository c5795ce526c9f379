import Foundation

/// A place for a database that long work keeps beside its memory, gone with the work.
package struct TemporaryDatabase {
    /// In the system's temporary folder; nothing is there yet.
    package let path: String

    /// - Parameter purpose: part of the file's name, for whoever finds one that a crash left.
    package init(for purpose: String) {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("amends-\(purpose)-\(UUID().uuidString)").path
    }

    /// Removes the file and what SQLite keeps beside it; it is closed. One that cannot be removed is the system's to
    /// clean: what was worked out with it stands.
    package func remove() {
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: path + suffix) {
            unlink(path + suffix)
        }
    }
}
