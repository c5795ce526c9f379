import Causality
import ChainDirectory
import Changes
import Foundation
import ReplicaSettings
import Replication
import SQLiteStore

/// What was written into a bundle.
package struct CreatedBundle: Sendable {
    package let byteCount: Int
    package let scopes: [SyncBundle.BundledScope]
}

extension Replica {
    /// Writes a bundle of all that this replica has, mode 0600: a file to carry to another replica of the chain. It takes the
    /// place of an older bundle or an empty file, and of nothing else.
    ///
    /// - Throws: `.notJoined`, `.file`, `Refusal`, and what the store throws; no half-written file remains.
    @discardableResult
    package func createBundle(at path: String) throws -> CreatedBundle {
        try checkReplaceable(path)
        let bundle = try store.write { transaction in
            guard let chain: ChainID = try transaction.identifier(.chain) else { throw ReplicaError.notJoined }
            return try BundleMaker(transaction, identity: identity) { replica in
                try self.certificate(of: replica, transaction)
            }.make(chain: chain)
        }
        let bytes = bundle.encoded()
        let partial = "\(path).\(hexadecimal(random(4))).partial"
        let descriptor = Foundation.open(partial, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else {
            throw ReplicaError.file(path: partial, reason: String(cString: strerror(errno)))
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(bytes))
            try handle.synchronize()
            try handle.close()
            guard rename(partial, path) == 0 else {
                throw ReplicaError.file(path: path, reason: String(cString: strerror(errno)))
            }
        } catch {
            unlink(partial)
            throw error
        }
        return CreatedBundle(byteCount: bytes.count, scopes: bundle.scopes)
    }

    /// - Throws: `.file` where a bundle would take the place of the replica's own files, or of anything that is no bundle.
    private func checkReplaceable(_ path: String) throws {
        // One of them may not exist yet: its folder does.
        let url = URL(fileURLWithPath: path)
        let folder = url.deletingLastPathComponent().resolvingSymlinksInPath()
        let target = folder.appendingPathComponent(url.lastPathComponent).path
        if ["", ".key", ".lock", "-wal", "-shm", "-journal"].contains(where: { target == store.path + $0 }) {
            throw ReplicaError.file(path: path, reason: "it is a file of the replica itself; name another")
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ReplicaError.file(path: path, reason: "it is no regular file; name another")
        }
        if status.st_size == 0 { return }
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw ReplicaError.file(path: path, reason: "it cannot be read; name another")
        }
        let start = try handle.read(upToCount: SyncBundle.magic.count).map([UInt8].init)
        try handle.close()
        guard start == SyncBundle.magic else {
            throw ReplicaError.file(path: path, reason: "there is a file that is no bundle; name another, or remove it")
        }
    }

    /// Applies a bundle that another replica of the chain made.
    ///
    /// - Throws: `CodecError` where the bytes are not a bundle, `Refusal` where it is not to be trusted; nothing has
    ///   changed then. What the store throws.
    package func applyBundle(at path: String) throws -> BundleReceiver<SQLiteStore>.Outcome {
        let bytes: [UInt8]
        do {
            var status = stat()
            guard stat(path, &status) == 0 else {
                throw ReplicaError.file(path: path, reason: String(cString: strerror(errno)))
            }
            guard status.st_mode & S_IFMT == S_IFREG else {
                throw ReplicaError.file(path: path, reason: "it is a folder or a device, and no bundle")
            }
            guard status.st_size <= Limit.bytesPerBundle.value else {
                throw CodecError.limit(.bytesPerBundle, at: 0)
            }
            bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch let error as CocoaError {
            throw ReplicaError.file(path: path, reason: error.localizedDescription)
        }
        let bundle: SyncBundle
        do { bundle = try SyncBundle(bytes) } catch {
            throw ReplicaError.file(
                path: path, reason: "it is no bundle, or not all of one (\(error)); copy it again; nothing was changed")
        }
        let hubKey = try hubKey()
        let (chain, own) = try store.read { transaction in
            (
                try transaction.identifier(.chain) as ChainID?,
                try self.certificate(of: identity.replica, transaction)
            )
        }
        guard let chain, let own else { throw ReplicaError.notJoined }
        return try BundleReceiver(store, hubKey: hubKey, own: own).apply(bundle, chain: chain)
    }

    /// The hub's certificate of a replica: this one's own, one that the directory lists, or one that came with a bundle.
    func certificate(of replica: ReplicaID, _ transaction: SQLiteTransaction) throws -> Certificate? {
        if replica == identity.replica {
            return try transaction.setting(.certificate).map { try Certificate($0) }
        }
        if let common = try transaction.scopes().first(where: { $0.introduction.name == "common" }) {
            let record = MachineEntry.origin(replica).recordID(in: common.id)
            let listed = try transaction.record(record, of: common.id).flatMap { MachineEntry($0.state) }
            if let listed { return listed.certificate }
        }
        return try transaction.setting(.certificate(of: replica)).map { try Certificate($0) }
    }
}
