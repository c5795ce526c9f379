import Causality
import ChainDirectory
import Changes
import Foundation
import ReplicaSettings
import Replication
import SQLiteStore

extension Replica {
    /// Writes a bundle of all that this replica has, mode 0600: a file to carry to another replica of the chain.
    ///
    /// - Returns: how many bytes it has.
    /// - Throws: `.notJoined`, `Refusal`, and what the store or the file system throws; no half-written file remains.
    @discardableResult
    package func createBundle(at path: String) throws -> Int {
        let bundle = try store.write { transaction in
            guard let chain: ChainID = try transaction.identifier(.chain) else { throw ReplicaError.notJoined }
            return try BundleMaker(transaction, identity: identity) { replica in
                try self.certificate(of: replica, transaction)
            }.make(chain: chain)
        }
        let bytes = bundle.encoded()
        let partial = path + ".partial"
        // What an earlier attempt left behind is in nobody's use.
        if FileManager.default.fileExists(atPath: partial) { try FileManager.default.removeItem(atPath: partial) }
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
        return bytes.count
    }

    /// Applies a bundle that another replica of the chain made.
    ///
    /// - Throws: `CodecError` where the bytes are not a bundle, `Refusal` where it is not to be trusted; nothing has
    ///   changed then. What the store throws.
    package func applyBundle(at path: String) throws -> BundleReceiver<SQLiteStore>.Outcome {
        let bytes: [UInt8]
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            guard let size = attributes[.size] as? Int, size <= Limit.bytesPerBundle.value else {
                throw CodecError.limit(.bytesPerBundle, at: 0)
            }
            bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch let error as CocoaError {
            throw ReplicaError.file(path: path, reason: error.localizedDescription)
        }
        let bundle = try SyncBundle(bytes)
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

    /// The hub's certificate of a replica: this one's own, or one that the directory lists.
    func certificate(of replica: ReplicaID, _ transaction: SQLiteTransaction) throws -> Certificate? {
        if replica == identity.replica {
            return try transaction.setting(.certificate).map { try Certificate($0) }
        }
        guard let common = try transaction.scopes().first(where: { $0.introduction.name == "common" }) else {
            return nil
        }
        let record = MachineEntry.origin(replica).recordID(in: common.id, change: ShortHash(high: 0, low: 0))
        return try transaction.record(record, of: common.id).flatMap { MachineEntry($0.state) }?.certificate
    }
}
