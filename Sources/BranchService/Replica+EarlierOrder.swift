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
    /// Where the order before a base is gathered until all of it is here.
    private var earlierFolder: String { path + ".history" }

    /// Fetches what scopes that began with a snapshot lack of their order, and puts it in the place of the snapshots. What
    /// has come when the connection breaks is kept, and never fetched again.
    ///
    /// - Throws: `HubClientError`, and what the stores throw.
    func fetchEarlierOrders(
        from client: HubClient, limits: PageLimits, progress: (ApplyOutcome) -> Void
    ) async throws -> EarlierOrders {
        var result = EarlierOrders()
        let bases = try store.read { transaction in
            try transaction.scopes().compactMap { scope in
                try transaction.base(of: scope.id).map { (scope: scope.introduction, base: $0) }
            }
        }
        if bases.isEmpty { return result }
        try FileManager.default.createDirectory(
            atPath: earlierFolder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for (scope, base) in bases {
            do {
                result.entries += try await fetchEarlierOrder(of: scope, base, from: client, limits, progress)
            } catch let error as EarlierOrderError {
                result.refusals.append(
                    ScopeRefusal(scope: scope.scope, refusal: Refusal(.malformed, error.description)))
            }
        }
        // Nothing in it is of use any more: it was taken, or refused.
        try FileManager.default.removeItem(atPath: earlierFolder)
        return result
    }

    private func fetchEarlierOrder(
        of scope: ScopeIntroduction, _ base: SnapshotManifest, from client: HubClient, _ limits: PageLimits,
        _ progress: (ApplyOutcome) -> Void
    ) async throws -> Int {
        let gathered = try SQLiteStore(
            path: earlierFolder + "/\(scope.scope).sqlite", schemas: Replica.schemas, durability: .normal)
        var isOpen = true
        // Where it is closed below, what that throws counts; here something else went wrong before.
        defer { if isOpen { try? gathered.close() } }
        let earlier = try EarlierOrder(gathered, hubKey: try hubKey(), scope: scope, base: base)
        let before = try earlier.position
        while let request = try earlier.request(limits: limits) {
            progress(try earlier.apply(try await client.sync(request), now: now()))
        }
        try store.write { transaction in
            // Another program may have done the same.
            guard try transaction.base(of: scope.scope) == base else { return }
            let unfolded = try transaction.quarantined(of: scope.scope).map(\.dot).filter {
                try transaction.isIncluded($0, of: scope.scope)
            }
            try earlier.check(unfolded: unfolded)
            try gathered.read { try transaction.takeEarlierOrder(of: scope.scope, from: $0) }
            try RecordFolder(transaction).retryQuarantined(of: scope.scope)
        }
        isOpen = false
        try gathered.close()
        return Int(clamping: base.position - before)
    }
}
