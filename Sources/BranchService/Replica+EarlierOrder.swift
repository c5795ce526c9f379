import Causality
import Changes
import Foundation
import Replication
import SQLiteKit
import SQLiteStore
import SyncHTTP

/// What fetching the whole history of scopes that began with a snapshot came to.
struct EarlierOrders {
    /// Entries that came.
    var entries = 0
    var refusals: [ScopeRefusal] = []
}

extension Replica {
    /// Where the order before a base is gathered until all of it is here: a file for each scope.
    private var earlierFolder: String { path + ".history" }

    private func earlierFile(_ scope: ScopeID) -> String { earlierFolder + "/\(scope).sqlite" }

    /// The snapshots on which scopes stand.
    private func bases() throws -> [(scope: ScopeIntroduction, base: SnapshotManifest)] {
        try store.read { transaction in
            try transaction.scopes().compactMap { scope in
                try transaction.base(of: scope.id).map { (scope: scope.introduction, base: $0) }
            }
        }
    }

    /// Fetches what scopes that began with a snapshot lack of their order, and puts it in the place of the snapshots. What
    /// has come when the connection breaks is kept, and never fetched again.
    ///
    /// - Throws: `HubClientError`, and what the replica's own store throws.
    func fetchEarlierOrders(
        from client: HubClient, limits: PageLimits, progress: (ApplyOutcome) -> Void
    ) async throws -> EarlierOrders {
        var result = EarlierOrders()
        for (scope, base) in try bases() {
            try FileManager.default.createDirectory(
                atPath: earlierFolder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            do {
                result.entries += try await fetchEarlierOrder(of: scope, base, from: client, limits, progress)
            } catch let error as EarlierOrderError {
                // It is of no use, whatever it is.
                try discardEarlier { $0 == scope.scope }
                result.refusals.append(
                    ScopeRefusal(scope: scope.scope, refusal: Refusal(.malformed, error.description)))
            }
        }
        return result
    }

    /// Removes what was gathered for scopes that have no snapshot any more, however that came about.
    func discardEarlierLeftovers() throws {
        guard FileManager.default.fileExists(atPath: earlierFolder) else { return }
        let wanted = Set(try bases().map(\.scope.scope))
        try discardEarlier { !wanted.contains($0) }
    }

    private func discardEarlier(where isUseless: (ScopeID) -> Bool) throws {
        let scopes = try store.read { try $0.scopes().map(\.id) }
        let kept = Set(scopes.filter { !isUseless($0) }.map(\.description))
        do {
            // `<scope>.sqlite`, and what SQLite and its lock put beside it.
            for name in try FileManager.default.contentsOfDirectory(atPath: earlierFolder)
            where !kept.contains(where: { name.hasPrefix($0 + ".") }) {
                try remove(earlierFolder + "/" + name)
            }
            if try FileManager.default.contentsOfDirectory(atPath: earlierFolder).isEmpty { try remove(earlierFolder) }
        } catch CocoaError.fileReadNoSuchFile {
            // Another program has removed the folder.
        }
    }

    /// Removes what is there; another program may be removing the same.
    private func remove(_ path: String) throws {
        do { try FileManager.default.removeItem(atPath: path) } catch CocoaError.fileNoSuchFile {}
    }

    private func fetchEarlierOrder(
        of scope: ScopeIntroduction, _ base: SnapshotManifest, from client: HubClient, _ limits: PageLimits,
        _ progress: (ApplyOutcome) -> Void
    ) async throws -> Int {
        let unfolded = try store.read { transaction in
            try transaction.quarantined(of: scope.scope).map(\.dot).filter {
                try transaction.isIncluded($0, of: scope.scope)
            }
        }
        let (gathered, entries) = try await gather(scope, base, unfolded, from: client, limits, progress)
        try store.write { transaction in
            // Another program may have done the same.
            guard try transaction.base(of: scope.scope) == base else { return }
            let filled = try gathered.read { try transaction.takeEarlierOrder(of: scope.scope, from: $0) }
            let folder = RecordFolder(transaction)
            for dot in filled {
                if let change = try transaction.change(at: dot, of: scope.scope) {
                    try folder.refoldRecords(touchedBy: change)
                }
            }
            try folder.retryQuarantined(of: scope.scope)
            try transaction.noteStamp(ofLast: identity.feed, of: scope.scope)
        }
        try gathered.close()
        try discardEarlier { $0 == scope.scope }
        return entries
    }

    /// Fetches all of it, and looks through all of it.
    ///
    /// - Returns: the store in which it is, and how many entries came.
    /// - Throws: `HubClientError`; `EarlierOrderError`, also where the store beside is damaged: there is another copy at
    ///   the hub.
    private func gather(
        _ scope: ScopeIntroduction, _ base: SnapshotManifest, _ unfolded: [Dot], from client: HubClient,
        _ limits: PageLimits, _ progress: (ApplyOutcome) -> Void
    ) async throws -> (SQLiteStore, entries: Int) {
        do {
            let gathered = try SQLiteStore(
                path: earlierFile(scope.scope), schemas: Replica.schemas, durability: .normal)
            let earlier = try EarlierOrder(gathered, hubKey: try hubKey(), scope: scope, base: base)
            var entries = 0
            while let request = try earlier.request(limits: limits) {
                let outcome = try earlier.apply(try await client.sync(request), now: now())
                entries += outcome.entries
                progress(outcome)
            }
            try earlier.check(unfolded: unfolded)
            return (gathered, entries)
        } catch let error where error is HubClientError || error is EarlierOrderError || error is CancellationError {
            throw error
        } catch {
            throw EarlierOrderError.differs(scope.scope, "what was gathered of it cannot be used: \(error)")
        }
    }
}
