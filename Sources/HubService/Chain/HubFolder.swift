import Causality
import Changes
import Foundation
import ReplicaSettings
import Replication
import SyncHTTP

/// A hub's data folder: a folder for each chain, named by its id, with `hub.sqlite` and `hub.key`.
///
/// Folders have mode 0700 and files 0600. The key is the 32 bytes of its seed.
package struct HubFolder<Store: HubStore & SendableMetatype>: ChainSource where Store.Transaction: CaseCounting {
    package let path: String
    private let schemas: [Schema]
    private let environment: HubEnvironment
    private let openStore: @Sendable (String) throws -> Store
    private let openStoreReader: @Sendable (String) throws -> Store?

    /// - Parameters:
    ///   - openReader: opens the database at a path once more, to read it beside its writer; nil where that cannot be.
    ///   - openStore: opens or makes the database at a path.
    package init(
        _ path: String, schemas: [Schema], environment: HubEnvironment,
        openReader: @escaping @Sendable (String) throws -> Store? = { _ in nil },
        openStore: @escaping @Sendable (String) throws -> Store
    ) {
        openStoreReader = openReader
        self.path = path
        self.schemas = schemas
        self.environment = environment
        self.openStore = openStore
    }

    // MARK: - Making

    /// Makes a chain. It is there whole or not at all: it is made beside and renamed.
    package func create(_ name: String) throws -> (chain: ChainID, adminToken: String) {
        try FolderFiles.makePrivate(path)
        if try names().contains(name) {
            throw HubFault(
                .branchExists, "\(path) holds a chain of that name already; give another one another name")
        }
        let draft = "\(path)/.new-\(hexadecimal(environment.random(8)))"
        try FolderFiles.makePrivate(draft)
        do {
            let (chain, token) = try fill(draft, name)
            try FolderFiles.move(draft, to: folder(chain))
            try FolderFiles.synchronise(path)
            return (chain, token)
        } catch {
            do { try FileManager.default.removeItem(atPath: draft) } catch let remains {
                throw HubFault(.unavailable, "\(error); \(draft) stays behind: \(remains.localizedDescription)")
            }
            throw error
        }
    }

    /// The store is let go of when this returns.
    private func fill(_ folder: String, _ name: String) throws -> (ChainID, String) {
        let seed = environment.random(32)
        try FolderFiles.create(seed, at: HubFolder.keyPath(folder))
        let database = HubFolder.databasePath(folder)
        let (chain, token) = try HubChain.create(
            name, in: try openStore(database), key: try SigningKey(seed: seed), schemas: schemas,
            environment: environment)
        try FolderFiles.restrict(database)
        return (chain.info.chain, token)
    }

    // MARK: - Finding

    /// Of the chains that can be read.
    private func names() throws -> [String] {
        try chains().compactMap { chain in
            let database = HubFolder.databasePath(folder(chain))
            guard FileManager.default.fileExists(atPath: database) else { return nil }
            do {
                guard let store = try openStoreReader(database) else { return nil }
                let info = try store.read { try $0.setting(.hubChain) }
                try store.close()
                return try info.map { try ChainInfo($0).name.string }
            } catch {
                // A chain that is damaged, or of another version, is no reason to make no other: serving it says what is wrong.
                return nil
            }
        }
    }

    package func chains() throws -> [ChainID] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw HubFault(.notFound, "there is no folder \(path); “amends-hub init” makes one")
        }
        guard isFolder.boolValue else { throw HubFault(.notFound, "\(path) is no folder, and so no hub's data") }
        return try FileManager.default.contentsOfDirectory(atPath: path)
            .compactMap { ChainID(hexadecimal: $0) }.filter(contains).sorted()
    }

    /// Also a chain of which one of the two files is missing: that it cannot be opened is to be told.
    package func contains(_ chain: ChainID) -> Bool {
        [HubFolder.keyPath(folder(chain)), HubFolder.databasePath(folder(chain))].contains {
            FileManager.default.fileExists(atPath: $0)
        }
    }

    package func open(_ chain: ChainID) throws -> HubChain<Store> {
        let folder = folder(chain)
        let seed = try FolderFiles.readPrivate(HubFolder.keyPath(folder))
        guard seed.count == 32 else {
            throw HubFault(
                .unavailable, "\(HubFolder.keyPath(folder)) is not a key: it has \(seed.count) bytes, not 32")
        }
        // A database that is missing is not made anew: its chain would begin again under the same key.
        let database = HubFolder.databasePath(folder)
        var status = stat()
        guard stat(database, &status) == 0 else {
            throw HubFault(.unavailable, "\(database) is missing; restore it from a backup")
        }
        // Opening it would make a new one of it.
        guard status.st_size > 0 else {
            throw HubFault(.unavailable, "\(database) is empty: whatever it held is gone; restore it from a backup")
        }
        let opened = try HubChain(
            opening: try openStore(database), key: try SigningKey(seed: seed), schemas: schemas,
            environment: environment)
        guard opened.info.chain == chain else {
            throw HubFault(.unavailable, "\(folder) holds another chain than its name says: \(opened.info.chain)")
        }
        return opened
    }

    package func openReader(_ chain: ChainID) throws -> Store? {
        try openStoreReader(HubFolder.databasePath(folder(chain)))
    }

    package func snapshotFolder(_ chain: ChainID) -> String? { "\(folder(chain))/snapshots" }

    private func folder(_ chain: ChainID) -> String { "\(path)/\(chain)" }
    private static func keyPath(_ folder: String) -> String { "\(folder)/hub.key" }
    private static func databasePath(_ folder: String) -> String { "\(folder)/hub.sqlite" }
}

/// The few calls that set modes and reach the disk.
enum FolderFiles {
    /// Makes a folder with mode 0700 where there is none.
    static func makePrivate(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    static func restrict(_ path: String) throws {
        guard chmod(path, 0o600) == 0 else { throw failure("set the mode of", path) }
    }

    /// A new file with mode 0600, on disk when this returns.
    static func create(_ bytes: [UInt8], at path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("make", path) }
        defer { close(file) }
        guard bytes.withUnsafeBytes({ write(file, $0.baseAddress, $0.count) }) == bytes.count, fsync(file) == 0
        else { throw failure("write", path) }
    }

    /// - Throws: also when others than the owner may read it.
    static func readPrivate(_ path: String) throws -> [UInt8] {
        var status = stat()
        guard stat(path, &status) == 0 else { throw failure("read", path) }
        guard status.st_mode & 0o077 == 0 else {
            throw HubFault(.unavailable, "others than its owner may read \(path); set its mode to 0600")
        }
        guard let bytes = FileManager.default.contents(atPath: path) else { throw failure("read", path) }
        return [UInt8](bytes)
    }

    static func move(_ path: String, to other: String) throws {
        guard rename(path, other) == 0 else { throw failure("rename", path) }
    }

    /// Makes a folder's entries durable.
    static func synchronise(_ path: String) throws {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failure("open", path) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failure("write", path) }
    }

    private static func failure(_ verb: String, _ path: String) -> HubFault {
        HubFault(.unavailable, "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
