import Causality
import Changes

/// The hub's own pen: it writes the directory in `common` as a replica of its own, and places what it writes at once.
package struct HubAuthor<Transaction: HubTransaction> {
    private let transaction: Transaction
    private let writer: LocalWriter<Transaction>

    package init(_ transaction: Transaction, identity: ReplicaIdentity, random: @escaping (Int) -> [UInt8]) {
        self.transaction = transaction
        writer = LocalWriter(transaction, identity: identity, random: random)
    }

    /// Saves `draft` in `scope`, places it and folds it.
    ///
    /// - Parameter now: the hub's clock, milliseconds since 1970.
    @discardableResult
    package func commit(_ draft: ChangeDraft, in scope: ScopeID, now: Int64) throws -> StoredChange {
        try OrderFolder(transaction).catchUp(scope)
        var change = try writer.commit(draft, in: scope, at: now)
        guard var state = try transaction.scope(scope) else { throw CommitError.unknownScope(scope) }
        let folder = RecordFolder(transaction)
        var clock = try transaction.clock()
        var writer = ByteWriter(reserving: 128)
        // The draft's change, and before it those that carry heads which it could not.
        while let next = try transaction.unplaced(of: scope, after: 0, limit: 1).first {
            let (placement, row) = state.admit(
                EntryReference(dot: next.dot, hash: next.hash), verdict: .ok, now: now, in: &writer)
            change = try folder.place(next, at: placement)
            clock.observe(effective: change.effective)
            try transaction.append(row, of: scope)
        }
        state.foldedPosition = state.position
        try transaction.put(state)
        try transaction.put(clock)
        return change
    }
}

/// Folds what a hub has placed and not yet folded: the hub accepts without folding and catches up when somebody asks.
package struct OrderFolder<Transaction: ReplicaTransaction> {
    private let transaction: Transaction

    package init(_ transaction: Transaction) { self.transaction = transaction }

    /// Folds the scope's entries up to its position.
    ///
    /// - Returns: how many entries were folded.
    @discardableResult
    package func catchUp(_ scope: ScopeID, limit: Int = .max) throws -> Int {
        guard var state = try transaction.scope(scope) else { throw CommitError.unknownScope(scope) }
        let folder = RecordFolder(transaction)
        var clock = try transaction.clock()
        var folded = 0
        while state.foldedPosition < state.position, folded < limit {
            let rows = try transaction.entries(of: scope, after: state.foldedPosition, limit: min(500, limit - folded))
            guard !rows.isEmpty else { break }
            for row in rows {
                switch row.entry {
                case .change(let reference, _, _):
                    if let change = try transaction.change(at: reference.dot, of: scope), change.isFolded {
                        try folder.fold(change)
                        clock.observe(effective: change.effective)
                    }
                case .verdict(let dot, _):
                    if let change = try transaction.change(at: dot, of: scope) {
                        try folder.refoldRecords(touchedBy: change)
                    }
                case .lost, .clock: break
                }
                state.foldedPosition = row.position
                folded += 1
            }
        }
        if folded > 0 {
            try transaction.put(state)
            try transaction.put(clock)
        }
        return folded
    }
}
