import Causality
import ChainDirectory
import Changes
import Foundation
import ReplicaSettings
import Replication
import SQLiteKit
import SQLiteStore
import ServiceRecovery
import SyncHTTP

/// A branch's replica: its file, its key, and what one does with them.
///
/// Not `Sendable`: one task or actor owns it. Several processes may each have one open on the same file.
package final class Replica {
    package let path: String
    package let store: SQLiteStore
    package let identity: ReplicaIdentity
    private let clock: @Sendable () -> Int64
    let random: @Sendable (Int) -> [UInt8]
    /// How much a request to the hub carried last; nil before the first.
    var pushPace: PushPace?

    /// The schemas that this version shows in tables.
    package static let schemas = [CaseSchema.schema, DirectorySchema.schema, IncidentWorkloadSchema.schema]

    private init(
        path: String, store: SQLiteStore, identity: ReplicaIdentity, clock: @escaping @Sendable () -> Int64,
        random: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.path = path
        self.store = store
        self.identity = identity
        self.clock = clock
        self.random = random
    }

    // MARK: - Opening

    /// Makes a replica of a new branch that no hub has seen: its scope, its key, its provisional mark.
    ///
    /// - Throws: `.exists` where there is a file already.
    package static func create(
        path: String, name: String, clock: @escaping @Sendable () -> Int64 = systemClock,
        random: @escaping @Sendable (Int) -> [UInt8] = systemRandom
    ) throws -> Replica {
        let replica = try createEmpty(path: path, name: name, clock: clock, random: random)
        let scope = ScopeIntroduction(
            name: Text("branch/" + hexadecimal(random(16))), seed: ChainID(random(16)))
        try replica.store.write { transaction in
            // Another process may have finished the same file meanwhile.
            guard try holdsNothing(transaction) else { throw ReplicaError.exists(path: path) }
            try transaction.put(ScopeState(scope))
            try transaction.put(scope.scope.bytes, for: .homeScope)
            let draw = random(2)
            let index = (Int(draw[0]) << 8 | Int(draw[1])) % DeviceMark.count
            try transaction.put(text: DeviceMark(index: index).description, for: .deviceMark)
        }
        return replica
    }

    /// Makes a file with a key and a name and no scope yet: what `join` begins with. What an earlier attempt left that was cut off
    /// is finished.
    static func createEmpty(
        path: String, name: String, clock: @escaping @Sendable () -> Int64,
        random: @escaping @Sendable (Int) -> [UInt8]
    ) throws -> Replica {
        if FileManager.default.fileExists(atPath: path) {
            guard try isUnfinished(path) else { throw ReplicaError.exists(path: path) }
        } else if KeyFile.exists(for: path) {
            throw ReplicaError.keyFile(path: KeyFile.path(of: path), reason: KeyFile.strayKey)
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        // The file before the key: a key alone might be that of a file that is elsewhere, and nobody could tell.
        let store = try SQLiteStore(path: path, schemas: schemas)
        try store.write { transaction in
            guard try holdsNothing(transaction) else { throw ReplicaError.exists(path: path) }
            try transaction.put(text: name, for: .replicaName)
        }
        let identity = ReplicaIdentity(key: try KeyFile.create(try SigningKey(seed: random(32)), for: path))
        try store.write { try $0.put(identity.replica.bytes, for: .replica) }
        return Replica(path: path, store: store, identity: identity, clock: clock, random: random)
    }

    /// Whether a file is what making one left when it was cut off: nobody has recorded anything in it.
    static func isUnfinished(_ path: String) throws -> Bool {
        // With a key beside it, or a log that may still be in use elsewhere, there was something in it once.
        if try checkRegular(path) == 0 {
            return try !KeyFile.exists(for: path)
                && (!FileManager.default.fileExists(atPath: path + "-wal") || checkRegular(path + "-wal") == 0)
        }
        do {
            let store = try SQLiteStore(reading: path, schemas: schemas)
            let isEmpty = try store.read { try holdsNothing($0) }
            try store.close()
            return isEmpty
        } catch FormatError.older(_, _, found: let format, _) {
            return format == 0 && !KeyFile.exists(for: path)
        }
    }

    private static func holdsNothing(_ transaction: SQLiteTransaction) throws -> Bool {
        let home: ScopeID? = try transaction.identifier(.homeScope)
        return try home == nil && transaction.setting(.certificate) == nil && transaction.scopes().isEmpty
    }

    /// Opens a replica to read and write.
    package static func open(
        path: String, clock: @escaping @Sendable () -> Int64 = systemClock,
        random: @escaping @Sendable (Int) -> [UInt8] = systemRandom
    ) throws -> Replica {
        try checkPresent(path)
        let identity = ReplicaIdentity(key: try KeyFile.read(for: path))
        let store = try SQLiteStore(path: path, schemas: schemas)
        try check(identity, of: store)
        try retryQuarantined(in: store)
        return Replica(path: path, store: store, identity: identity, clock: clock, random: random)
    }

    /// - Throws: `.missing` where there is no file, `.empty` where there is nothing in it, `.file` where that cannot be told.
    package static func checkPresent(_ path: String) throws {
        if try checkRegular(path) == 0 { throw ReplicaError.empty(path: path) }
    }

    /// - Returns: how many bytes the file has.
    private static func checkRegular(_ path: String) throws -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT { throw ReplicaError.missing(path: path) }
            throw ReplicaError.file(path: path, reason: String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ReplicaError.file(path: path, reason: "it is a folder or a device, and no replica's file")
        }
        return Int(status.st_size)
    }

    /// A key of another replica would write as that one, and begin with numbers that are given.
    ///
    /// - Throws: `.foreignKey` where the file is another replica's.
    private static func check(_ identity: ReplicaIdentity, of store: SQLiteStore) throws {
        let isOwn = try store.read { transaction in
            if let bytes = try transaction.setting(.certificate) {
                // One that is damaged is for `verify` to name, and stops nobody's work.
                guard let certificate = try? Certificate(bytes) else { return true }
                return certificate.replica == identity.replica
            }
            // One that never joined holds its own changes alone.
            guard let home: ScopeID = try transaction.identifier(.homeScope) else { return true }
            let feeds = try transaction.feeds(of: home)
            if feeds.isEmpty {
                guard let bytes = try transaction.setting(.replica), bytes.count == 16 else { return true }
                return bytes == identity.replica.bytes
            }
            return feeds.contains { $0.feed == identity.feed }
        }
        guard isOwn else { throw ReplicaError.foreignKey(path: store.path) }
    }

    /// What an older version could not fold, this one may.
    private static func retryQuarantined(in store: SQLiteStore) throws {
        let scopes = try store.read { transaction in
            try transaction.scopes().map(\.id).filter { try !transaction.quarantined(of: $0).isEmpty }
        }
        guard !scopes.isEmpty else { return }
        try store.write { transaction in
            for scope in scopes { try RecordFolder(transaction).retryQuarantined(of: scope) }
        }
    }

    /// Opens the file to read it, key or no key. Nothing is recorded; what was cut off before it was shown is shown from now on.
    package static func openStore(reading path: String) throws -> SQLiteStore {
        try checkPresent(path)
        return try SQLiteStore.openCaughtUp(reading: path, schemas: schemas)
    }

    package func close() throws { try store.close() }

    // MARK: - Writing

    /// Milliseconds since 1970 by this machine's clock.
    package func now() -> Int64 { clock() }

    package func randomBytes(_ count: Int) -> [UInt8] { random(count) }

    /// The scope in which this replica records.
    package func homeScope() throws -> ScopeID {
        try store.read { try self.homeScope($0) }
    }

    func homeScope(_ transaction: SQLiteTransaction) throws -> ScopeID {
        guard let scope: ScopeID = try transaction.identifier(.homeScope) else {
            // What has a scope was used, and is not to be thrown away.
            guard try transaction.scopes().isEmpty else { throw DamagedSetting(.homeScope) }
            throw ReplicaError.unfinished(path: path)
        }
        return scope
    }

    /// Saves what `body` drafts, in one transaction; on disk when this returns.
    ///
    /// - Parameter body: is given the pen; each `commit` of it is one change.
    package func write<Result>(_ body: (Pen) throws -> Result) throws -> Result {
        try store.write { transaction in
            let pen = Pen(
                transaction: transaction, home: try homeScope(transaction),
                writer: LocalWriter(transaction, identity: identity, random: random), now: clock(),
                feed: identity.feed)
            return try body(pen)
        }
    }

    /// What a write transaction of a replica offers.
    package struct Pen {
        package let transaction: SQLiteTransaction
        package let home: ScopeID
        package let writer: LocalWriter<SQLiteTransaction>
        package let now: Int64
        let feed: FeedID

        @discardableResult
        package func commit(_ draft: ChangeDraft, in scope: ScopeID? = nil) throws -> StoredChange {
            try writer.commit(draft, in: scope ?? home, at: now)
        }

        /// Saves a draft that was encoded ahead for the home scope.
        @discardableResult
        func commit(_ draft: EncodedDraft) throws -> StoredChange { try writer.commit(draft, in: home, at: now) }

        /// The number of a case that the next change of this replica opens.
        package func nextCaseNumber() throws -> CaseNumber {
            guard let mark = try transaction.text(.deviceMark) else { throw DamagedSetting(.deviceMark) }
            let code = try transaction.text(.branchCode).map { try BranchCode(validating: $0) }
            let sequence = try transaction.feed(feed, of: home)?.sequence ?? 0
            return CaseNumber(branch: code, mark: try DeviceMark(validating: mark), sequence: sequence + 1)
        }
    }
}

/// Milliseconds since 1970 by the system's clock.
package let systemClock: @Sendable () -> Int64 = { Int64((Date().timeIntervalSince1970 * 1_000).rounded(.down)) }
