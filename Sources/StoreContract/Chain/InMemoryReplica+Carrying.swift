import Causality
import Changes
import Replication

/// Why one replica could not take what another carried to it; nothing has changed.
package struct CannotCarry: Error {}

extension InMemoryReplica {
    /// Brings everything that this replica holds unplaced in a scope to another one, without the hub: what a bundle
    /// does.
    ///
    /// - Parameter isAttested: whether the authors' words come along.
    /// - Throws: `CannotCarry` when the other one lacks something that the changes build on.
    package func carry(_ scope: ScopeID, to other: InMemoryReplica<Store>, isAttested: Bool = true) throws {
        var carried: [StoredChange] = []
        var parts: [[[UInt8]?]] = []
        var attestations: [Attestation] = []
        try store.write { transaction in
            carried = try transaction.unplaced(of: scope, after: 0, limit: .max)
            parts = try carried.map { try transaction.parts(of: $0.dot, scope: scope) }
            guard isAttested else { return }
            if let own = carried.last(where: { $0.dot.feed == identity.feed }) {
                try transaction.put(
                    Attestation(scope: scope, sequence: own.dot.sequence, hash: own.hash, key: identity.key))
            }
            for change in carried {
                let attestation = try transaction.attestation(
                    of: ReplicaID(change.dot.feed), scope: scope, covering: change.dot.sequence)
                if let attestation, !attestations.contains(attestation) { attestations.append(attestation) }
            }
        }
        try other.store.write { transaction in
            guard let introduction = try transaction.scope(scope)?.introduction else { throw CannotCarry() }
            for (change, parts) in zip(carried, parts) {
                try other.take(change, parts, introduction, transaction)
            }
            for attestation in attestations where attestation.replica != other.identity.replica {
                try transaction.put(attestation)
            }
        }
    }

    private func take(
        _ change: StoredChange, _ parts: [[UInt8]?], _ scope: ScopeIntroduction, _ transaction: Store.Transaction
    ) throws {
        if let held = try transaction.change(at: change.dot, of: scope.scope) {
            guard held.hash == change.hash else { throw CannotCarry() }
            return
        }
        guard change.dot.feed != identity.feed, let operations = change.operations else { throw CannotCarry() }
        for reference in change.header.context
        where try transaction.change(at: reference.dot, of: scope.scope)?.hash.short != reference.hash {
            throw CannotCarry()
        }
        var feed =
            try transaction.feed(change.dot.feed, of: scope.scope)
            ?? FeedState(feed: change.dot.feed, start: change.header.previous)
        guard change.dot.sequence == feed.sequence + 1, change.header.previous == feed.hash else { throw CannotCarry() }
        try transaction.note(change.dot, context: change.header.context, scope: scope.scope)
        let carried = Change(header: change.header, operations: operations)
        let stored = try transaction.append(
            carried, records: try carried.recordIDs(), parts: parts, placement: nil)
        feed.sequence = change.dot.sequence
        feed.hash = change.hash
        try transaction.put(feed, of: scope.scope)
        var clock = try transaction.clock()
        clock.observe(unplaced: stored.header.stamp)
        try transaction.put(clock)
        try RecordFolder(transaction).fold(stored)
    }
}
