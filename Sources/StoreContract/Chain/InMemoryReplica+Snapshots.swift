import Causality
import Changes
import Replication

extension InMemoryReplica {
    /// Begins a scope with the hub's snapshot, driven through the machine that ships.
    ///
    /// - Parameter wire: hands over a piece's bytes; throws where the connection breaks.
    package func takeSnapshot(
        of scope: ScopeID, over wire: (SnapshotPiece, [UInt8]) throws -> [UInt8] = { $1 }
    ) throws -> SnapshotOutcome {
        let steps = SnapshotSteps(store, hubKey: hub.key.publicKey, own: identity.feed, scope: scope)
        var machine = try steps.machine()
        var action = machine.begin()
        while true {
            switch action {
            case .askManifest: action = machine.came(manifest: try hub.snapshot(of: scope))
            case .begin(let manifest):
                let read = try SnapshotManifest(manifest.encoded())
                try require("a manifest that was read and written again", read, is: manifest)
                action = try steps.begin(read, &machine)
            case .ask(let piece, let id):
                let bytes = try hub.piece(piece, of: id, scope: scope)
                action = machine.came(piece: try bytes.map { try wire(piece, $0) })
            case .keep(let piece, let bytes): action = try steps.keep(piece, bytes, &machine)
            case .install: action = try steps.install(&machine)
            case .finish(let outcome): return outcome
            }
        }
    }
}
