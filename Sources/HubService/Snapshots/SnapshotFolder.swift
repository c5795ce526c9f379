import Causality
import Changes
import Foundation
import Replication

/// Where a hub keeps the snapshots of a chain, one a scope: a folder beside the database, or memory.
///
/// They hold no personal part. Whatever is lost or damaged here is made again from the database.
struct SnapshotFolder: Sendable {
    /// Mode 0700.
    let path: String

    /// The snapshot that is kept of a scope; nil where there is none, or it cannot be read.
    func manifest(of scope: ScopeID) -> SnapshotManifest? {
        guard let bytes = FileManager.default.contents(atPath: file("manifest", of: scope)) else { return nil }
        // A damaged one is as good as none: another is made.
        return try? SnapshotManifest([UInt8](bytes))
    }

    /// A chunk, where it is there and has the hash that the manifest says.
    func chunk(_ number: Int, of manifest: SnapshotManifest) -> [UInt8]? {
        guard manifest.chunks.indices.contains(number),
            let data = FileManager.default.contents(atPath: file("chunk-\(number)", of: manifest.scope))
        else { return nil }
        let bytes = [UInt8](data)
        return Hash256.sha256(bytes) == manifest.chunks[number].hash ? bytes : nil
    }

    /// Removes what is kept of a scope.
    func remove(_ scope: ScopeID) throws {
        let folder = folder(of: scope)
        if FileManager.default.fileExists(atPath: folder) { try FileManager.default.removeItem(atPath: folder) }
    }

    /// Keeps what `make` gives, all of it or nothing: it is written beside and renamed.
    ///
    /// - Parameter make: is given what takes the chunks, and returns the manifest.
    func keep(
        _ scope: ScopeID, _ make: ((Int, [UInt8]) throws -> Void) throws -> SnapshotManifest
    ) throws -> SnapshotManifest {
        try FolderFiles.makePrivate(path)
        let draft = "\(path)/.new-\(scope)"
        if FileManager.default.fileExists(atPath: draft) { try FileManager.default.removeItem(atPath: draft) }
        try FolderFiles.makePrivate(draft)
        do {
            let manifest = try make { number, bytes in
                try FolderFiles.create(bytes, at: "\(draft)/chunk-\(number)")
            }
            try FolderFiles.create(manifest.encoded(), at: "\(draft)/manifest")
            try remove(scope)
            try FolderFiles.move(draft, to: folder(of: scope))
            return manifest
        } catch {
            try FileManager.default.removeItem(atPath: draft)
            throw error
        }
    }

    private func folder(of scope: ScopeID) -> String { "\(path)/\(scope)" }
    private func file(_ name: String, of scope: ScopeID) -> String { "\(folder(of: scope))/\(name)" }
}
