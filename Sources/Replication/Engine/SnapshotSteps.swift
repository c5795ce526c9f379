import Causality
import Changes

/// What a driver of `SnapshotMachine` does at the replica's store: each step a transaction.
package struct SnapshotSteps<Store: ReplicaStore> {
    private let store: Store
    private let hubKey: PublicKey
    private let own: FeedID
    private let scope: ScopeID

    /// - Parameter own: this replica's feed.
    package init(_ store: Store, hubKey: PublicKey, own: FeedID, scope: ScopeID) {
        self.store = store
        self.hubKey = hubKey
        self.own = own
        self.scope = scope
    }

    /// A machine that goes on with what was staged before.
    package func machine() throws -> SnapshotMachine {
        try store.read { transaction in
            guard let held = try transaction.snapshot(of: scope), !held.isBase else { return SnapshotMachine() }
            return SnapshotMachine(
                staged: held.manifest,
                missing: try SnapshotReceiver(transaction, hubKey: hubKey).missing(of: scope))
        }
    }

    /// - Throws: what the store throws.
    package func begin(
        _ manifest: SnapshotManifest, _ machine: inout SnapshotMachine
    ) throws -> SnapshotMachine.Action {
        do {
            let missing = try store.write { transaction in
                let receiver = SnapshotReceiver(transaction, hubKey: hubKey)
                try receiver.begin(manifest, of: scope)
                return try receiver.missing(of: scope)
            }
            return machine.began(missing: missing)
        } catch let error as SnapshotError {
            return machine.failed(SnapshotSteps.outcome(of: error))
        }
    }

    /// - Throws: what the store throws.
    package func keep(
        _ piece: SnapshotPiece, _ bytes: [UInt8], _ machine: inout SnapshotMachine
    ) throws -> SnapshotMachine.Action {
        do {
            try store.write { try SnapshotReceiver($0, hubKey: hubKey).add(bytes, as: piece, of: scope) }
            return machine.kept()
        } catch let error as SnapshotError {
            return machine.refusedPiece(error.description)
        }
    }

    /// - Throws: what the store throws.
    package func install(_ machine: inout SnapshotMachine) throws -> SnapshotMachine.Action {
        do {
            let records = try store.write { transaction in
                let records = try SnapshotReceiver(transaction, hubKey: hubKey).install(scope)
                try transaction.resume(own, of: scope)
                return records
            }
            return machine.installed(records: records)
        } catch let error as SnapshotError {
            // What is staged is of no use, whatever it is.
            try discard()
            return machine.failed(SnapshotSteps.outcome(of: error))
        }
    }

    /// Removes what was staged, where it is not the base.
    package func discard() throws {
        let isStaged = try store.read { try $0.snapshot(of: scope).map { !$0.isBase } ?? false }
        if isStaged { try store.write { try $0.removeSnapshot(of: scope) } }
    }

    private static func outcome(of error: SnapshotError) -> SnapshotOutcome {
        if case .notEmpty = error { return .declined }
        return .refused(error.description)
    }
}
