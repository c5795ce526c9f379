import Foundation

/// A database that long work keeps beside its memory. It has no name as soon as it is open, so that nothing of it stays behind, whatever
/// ends the program.
package enum TemporaryDatabase {
    /// Opens one in the system's temporary folder.
    ///
    /// - Parameters:
    ///   - purpose: part of the name that it has for a moment.
    ///   - open: creates the file at a path where none is, and all that SQLite keeps beside it.
    package static func open<Value>(for purpose: String, _ open: (_ path: String) throws -> Value) rethrows -> Value {
        let path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("amends-\(purpose)-\(UUID().uuidString)").path
        // One that cannot be removed is the system's to clean: what is worked out with it stands.
        defer { for suffix in ["", "-wal", "-shm", ".lock"] { unlink(path + suffix) } }
        return try open(path)
    }
}
