import Causality
import Changes

/// Applies a hub's answer at a replica: each scope's page in a transaction of its own, with its cursor.
package struct AnswerApplier<Store: ReplicaStore> {
    private let store: Store
    private let hubKey: PublicKey
    private let own: FeedID?

    /// - Parameter own: this replica's feed; nil where the store is nobody's.
    package init(_ store: Store, hubKey: PublicKey, own: FeedID?) {
        self.store = store
        self.hubKey = hubKey
        self.own = own
    }

    /// - Returns: what moved. A scope whose page cannot be taken is named in `refusals`; the others go on.
    /// - Throws: what the store throws.
    ///
    /// - Parameter now: the machine's clock, milliseconds since 1970: how long staged pieces are kept.
    package func apply(_ response: SyncResponse, now: Int64) throws -> ApplyOutcome {
        var outcome = ApplyOutcome()
        outcome.wantsHellos = response.wantsHellos
        for answer in response.answers {
            switch answer.outcome {
            case .refused(let refusal):
                outcome.refusals.append(ScopeRefusal(scope: answer.scope, refusal: refusal))
            case .page(let page):
                do {
                    func receive(_ transaction: Store.Transaction) throws -> PageOutcome {
                        try PageReceiver(transaction, hubKey: hubKey, own: own).apply(page, of: answer.scope)
                    }
                    // Whoever asks for the rest hears of it soon, and the records are written with it.
                    let result = page.hasMore ? try store.writeBehind(receive) : try store.write(receive)
                    outcome.entries += result.entries
                    outcome.received += result.received
                    outcome.placed += result.placed
                    outcome.hasMore = outcome.hasMore || page.hasMore
                    if let piece = page.piece { outcome.staged += try stage(piece, of: answer.scope, now: now) }
                } catch let error as PageError {
                    outcome.refusals.append(
                        ScopeRefusal(scope: answer.scope, refusal: Refusal(.malformed, error.description)))
                } catch let error as CodecError {
                    outcome.refusals.append(
                        ScopeRefusal(scope: answer.scope, refusal: Refusal(.malformed, error.description)))
                }
            }
        }
        if !response.newScopes.isEmpty {
            outcome.introduced = try store.write { transaction in
                try introduce(response.newScopes, transaction)
            }
        }
        outcome.unsent = try store.readBehind { transaction in
            try transaction.scopes().reduce(0) { try $0 + transaction.unplacedCount(of: $1.id) }
        }
        return outcome
    }

    /// Stages a piece of the scope's next change. What was staged of another change is of no use any more.
    ///
    /// - Returns: 1 when the piece was new.
    private func stage(_ piece: ChangePiece, of scope: ScopeID, now: Int64) throws -> Int {
        try store.write { transaction in
            for head in try transaction.staged(of: scope) where head.dot != piece.dot {
                try transaction.removeStaged(at: head.dot, of: scope)
            }
            let before = try transaction.staged(at: piece.dot, of: scope)?.bytes.count ?? 0
            let head = try Staging(transaction).add(piece, of: scope, now: now)
            return head.length > before ? 1 : 0
        }
    }

    private func introduce(_ scopes: [ScopeIntroduction], _ transaction: Store.Transaction) throws -> Int {
        var count = 0
        for introduction in scopes
        where try transaction.scope(introduction.scope) == nil
            && introduction == ScopeIntroduction(name: introduction.name, seed: introduction.seed)
        {
            try transaction.put(ScopeState(introduction))
            count += 1
        }
        return count
    }
}
