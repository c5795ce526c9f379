import Causality
import Changes
import Replication
import SQLiteStore
import SyncHTTP

extension Replica {
    /// Removes what has come of snapshots that are no scope's base.
    func discardStagedSnapshots() throws {
        for scope in try store.read({ try $0.scopes().map(\.id) }) {
            try SnapshotSteps(store, hubKey: try hubKey(), own: identity.feed, scope: scope).discard()
        }
    }

    /// Begins a scope with the hub's snapshot. What has come of it before is kept and never fetched again.
    ///
    /// - Throws: `HubClientError`, and what the store throws; what was staged stays.
    func takeSnapshot(of scope: ScopeID, from client: HubClient) async throws -> SnapshotOutcome {
        let steps = SnapshotSteps(store, hubKey: try hubKey(), own: identity.feed, scope: scope)
        var machine = try steps.machine()
        var action = machine.begin()
        while true {
            switch action {
            case .askManifest: action = machine.came(manifest: try await client.snapshot(of: scope))
            case .begin(let manifest): action = try steps.begin(manifest, &machine)
            case .ask(let piece, let id):
                action = machine.came(piece: try await client.piece(piece, of: id, scope: scope))
            case .keep(let piece, let bytes): action = try steps.keep(piece, bytes, &machine)
            case .install: action = try steps.install(&machine)
            case .finish(let outcome): return outcome
            }
        }
    }
}
