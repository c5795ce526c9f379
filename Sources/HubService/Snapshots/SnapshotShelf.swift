import Causality
import Changes
import Foundation
import Replication
import SyncHTTP
import Synchronization

/// The snapshots of one chain: made when somebody asks, each once for all who ask, and kept for a day.
package final class SnapshotShelf<Store: HubStore & SendableMetatype>: Sendable where Store.Transaction: CaseCounting {
    private let host: ChainHost<Store>
    private let maker: SnapshotMaking<Store>
    private let folder: SnapshotFolder?
    private let environment: HubEnvironment
    private let state = Mutex(State())

    private struct Kept: Sendable {
        let manifest: SnapshotManifest
        /// Where there is no folder.
        let chunks: [[UInt8]]
    }

    private struct State {
        var kept: [ScopeID: Kept] = [:]
        var making: [ScopeID: Task<SnapshotManifest, any Error>] = [:]
    }

    init(
        _ chain: ChainID, host: ChainHost<Store>, folder: String?, environment: HubEnvironment,
        openReader: @escaping @Sendable () throws -> Store?
    ) {
        self.host = host
        self.folder = folder.map { SnapshotFolder(path: $0) }
        self.environment = environment
        maker = SnapshotMaking(chain, openReader: openReader)
    }

    /// The snapshot that is kept of a scope, or one that is made now.
    ///
    /// - Parameters:
    ///   - leastEntries: a shorter order is not worth one.
    ///   - chunkBytes: about how large a chunk of one that is made becomes before it is compressed.
    /// - Returns: nil where the order is shorter, or the scope cannot be had so.
    /// - Throws: what the store throws.
    func manifest(
        of scope: ScopeID, leastEntries: UInt64, chunkBytes: Int
    ) async throws -> SnapshotManifest? {
        let position = try await host.run { chain in
            try chain.store.read { try $0.scope(scope)?.position }
        }
        guard let position, position >= leastEntries else { return nil }
        if let kept = kept(scope), try await isCurrent(kept) { return kept }
        let (task, isFirst) = state.withLock { state in
            if let running = state.making[scope] { return (running, false) }
            let task = Task { try await self.make(scope, chunkBytes: chunkBytes) }
            state.making[scope] = task
            return (task, true)
        }
        defer { if isFirst { state.withLock { $0.making[scope] = nil } } }
        do { return try await task.value } catch is SnapshotRefusal { return nil }
    }

    /// A chunk of the snapshot of this id; nil where it is not kept any more.
    func chunk(_ number: Int, of id: ShortHash, scope: ScopeID) -> [UInt8]? {
        guard let manifest = kept(scope), manifest.id == id, manifest.chunks.indices.contains(number) else {
            return nil
        }
        if let folder {
            if let bytes = folder.chunk(number, of: manifest) { return bytes }
            // It is damaged or gone: whoever asks begins again, with another one.
            state.withLock { $0.kept[scope] = nil }
            do { try folder.remove(scope) } catch { return nil }
            return nil
        }
        return state.withLock { state in
            guard let kept = state.kept[scope], kept.chunks.indices.contains(number) else { return nil }
            return kept.chunks[number]
        }
    }

    /// The personal parts that belong to a chunk, as they stand now; nil where the chunk is not kept any more.
    ///
    /// - Throws: `.notFound` where the chunk is of the order.
    func parts(_ number: Int, of id: ShortHash, scope: ScopeID) async throws -> [UInt8]? {
        guard let manifest = kept(scope), manifest.id == id, manifest.chunks.indices.contains(number) else {
            return nil
        }
        guard manifest.chunks[number].first != nil else {
            throw HubFault(.notFound, "the chunk is of the order, which has no personal parts")
        }
        guard let bytes = chunk(number, of: id, scope: scope) else { return nil }
        let block = try SnapshotBlock(compressed: bytes)
        return try await host.run { chain in
            try chain.store.read { try $0.snapshotParts(of: block, scope: scope) }
        }
    }

    // MARK: - Keeping

    private func kept(_ scope: ScopeID) -> SnapshotManifest? {
        if let known = state.withLock({ $0.kept[scope]?.manifest }) { return known }
        guard let manifest = folder?.manifest(of: scope), manifest.scope == scope else { return nil }
        state.withLock { $0.kept[scope] = Kept(manifest: manifest, chunks: []) }
        return manifest
    }

    /// Whether a snapshot is this hub's, not too old, of the history that the scope has now (after a restore it may be of another
    /// one), and of most of it: one that was made while a branch sent years of work for the first time is of a beginning.
    private func isCurrent(_ manifest: SnapshotManifest) async throws -> Bool {
        let age = environment.now() - manifest.receipt.hubTime
        guard age < SnapshotLimits.keptMilliseconds, age > -SnapshotLimits.keptMilliseconds else { return false }
        return try await host.run { chain in
            do { try manifest.verify(chain.hubKey) } catch { return false }
            return try chain.store.read { transaction in
                guard let scope = try transaction.scope(manifest.scope),
                    scope.position / SnapshotLimits.greatestGrowth <= manifest.position
                else { return false }
                return try transaction.history(of: manifest.scope, at: manifest.position) == manifest.receipt.history
            }
        }
    }

    private func make(_ scope: ScopeID, chunkBytes: Int) async throws -> SnapshotManifest {
        // Step by step, so that exchanges get their turn in between.
        try await host.fold()
        let (key, incarnation) = try await host.run { ($0.identity.key, $0.info.incarnation) }
        let order = SnapshotOrderForm(
            scope: scope, key: key, incarnation: incarnation, now: environment.now(), chunkBytes: chunkBytes)
        let (folder, maker) = (folder, maker)
        if let made = try await maker.make(order, into: folder) {
            state.withLock { $0.kept[scope] = Kept(manifest: made.manifest, chunks: made.chunks) }
            return made.manifest
        }
        // A store that only its owner can read.
        let made = try await host.run { chain in
            try chain.store.read { try order.make($0, into: folder) }
        }
        state.withLock { $0.kept[scope] = Kept(manifest: made.manifest, chunks: made.chunks) }
        return made.manifest
    }
}

/// What a snapshot is made with.
private struct SnapshotOrderForm: Sendable {
    let scope: ScopeID
    let key: SigningKey
    let incarnation: ShortHash
    let now: Int64
    let chunkBytes: Int

    /// - Returns: the chunks only where there is no folder for them.
    func make(
        _ transaction: some ReplicaTransaction, into folder: SnapshotFolder?
    ) throws -> (manifest: SnapshotManifest, chunks: [[UInt8]]) {
        let maker = SnapshotMaker(
            transaction, key: key, incarnation: incarnation, now: now, chunkBytes: chunkBytes)
        if let folder { return (try folder.keep(scope) { try maker.make(of: scope, put: $0) }, []) }
        var chunks: [[UInt8]] = []
        let manifest = try maker.make(of: scope) { _, bytes in chunks.append(bytes) }
        return (manifest, chunks)
    }
}

/// Reads one consistent state beside the chain's writer, off the cooperative pool: exchanges go on meanwhile.
private actor SnapshotMaking<Store: HubStore & SendableMetatype> {
    private let executor: SerialDispatchExecutor
    private let openReader: @Sendable () throws -> Store?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ chain: ChainID, openReader: @escaping @Sendable () throws -> Store?) {
        executor = SerialDispatchExecutor(label: "amends.snapshots.\(chain)")
        self.openReader = openReader
    }

    /// - Returns: nil where the store cannot be read beside its owner.
    func make(
        _ form: SnapshotOrderForm, into folder: SnapshotFolder?
    ) throws -> (manifest: SnapshotManifest, chunks: [[UInt8]])? {
        guard let store = try openReader() else { return nil }
        return try store.read { try form.make($0, into: folder) }
    }
}
