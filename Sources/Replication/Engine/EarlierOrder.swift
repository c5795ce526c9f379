import Causality
import Changes

/// Why what came of the order before a base is not to be taken. Nothing of the replica has changed.
package enum EarlierOrderError: Error, Hashable, Sendable, CustomStringConvertible {
    case refused(ScopeRefusal)
    /// The hub had no more to say, and the base is not reached.
    case ended(ScopeID, at: UInt64)
    /// What came is another history than the one on which the base stands, or comes to other records.
    case differs(ScopeID, String)

    package var description: String {
        switch self {
        case .refused(let refusal): refusal.refusal.reason.string
        case .ended(let scope, let position):
            "the hub has nothing of scope \(scope) beyond position \(position), which its own snapshot includes"
        case .differs(let scope, let what):
            "the whole history of scope \(scope) does not come to the hub's own snapshot: \(what)"
        }
    }

    package var scope: ScopeID {
        switch self {
        case .refused(let refusal): refusal.scope
        case .ended(let scope, _), .differs(let scope, _): scope
        }
    }
}

/// Fetches the order of a scope that began with a snapshot, from the first entry up to its base, into a store beside the
/// replica's: verified and folded there as by a replica that takes the whole order, and cut off at any time without loss.
///
///     while let request = try earlier.request(limits: limits) { try earlier.apply(try await hub.sync(request), now: now) }
///     try earlier.check(unfolded: quarantined)
package struct EarlierOrder<Store: ReplicaStore> {
    private let store: Store
    private let hubKey: PublicKey
    private let scope: ScopeIntroduction
    private let base: SnapshotManifest

    /// - Parameter store: what came before, or nothing; no changes are made in it.
    package init(_ store: Store, hubKey: PublicKey, scope: ScopeIntroduction, base: SnapshotManifest) throws {
        self.store = store
        self.hubKey = hubKey
        self.scope = scope
        self.base = base
        try store.write { transaction in
            if try transaction.scope(scope.scope) == nil { try transaction.put(ScopeState(scope)) }
        }
    }

    /// How many entries are here.
    package var position: UInt64 {
        get throws { try store.readBehind { try $0.scope(scope.scope)?.position } ?? 0 }
    }

    /// What the hub is asked next; nil where all has come.
    package func request(limits: PageLimits) throws -> SyncRequest? {
        try store.readBehind { transaction in
            guard let state = try transaction.scope(scope.scope), state.position < base.position else { return nil }
            let left = Int(clamping: base.position - state.position)
            return SyncRequest(
                limits: PageLimits(changes: min(limits.changes, left), bytes: limits.bytes),
                hellos: [
                    // As one who holds nothing: own changes are to come whole, too.
                    ScopeHello(
                        scope: state.id, position: state.position, history: state.history, ownHead: nil,
                        staged: try transaction.staged(of: state.id).first)
                ],
                // Of no other scope is anything to be said.
                coverage: .stretch(after: scope.scope, through: scope.scope))
        }
    }

    /// Takes an answer.
    ///
    /// - Parameter now: the machine's clock, milliseconds since 1970.
    /// - Throws: `EarlierOrderError`, what the store throws.
    @discardableResult
    package func apply(_ response: SyncResponse, now: Int64) throws -> ApplyOutcome {
        var response = response
        response.newScopes = []
        response.answers.removeAll { $0.scope != scope.scope }
        let outcome = try AnswerApplier(store, hubKey: hubKey, own: nil).apply(response, now: now)
        if let refusal = outcome.refusals.first { throw EarlierOrderError.refused(refusal) }
        guard outcome.entries > 0 || outcome.staged > 0 else {
            throw EarlierOrderError.ended(scope.scope, at: try position)
        }
        return outcome
    }

    /// Whether what came is the history on which the base stands, and comes to its records: every entry and the change that
    /// it places are read once more, for they may have lain here for days.
    ///
    /// - Parameter unfolded: the changes that the base includes and the hub could not fold.
    /// - Throws: `EarlierOrderError`, what the store throws.
    /// - Complexity: O(bytes of the order).
    package func check(unfolded: [Dot]) throws {
        try store.read { transaction in
            var position: UInt64 = 0
            var history = HistoryHash(chain: scope.seed, scope: scope.scope)
            while position < base.position {
                let rows = try transaction.entries(of: scope.scope, after: position, limit: EarlierOrder.step)
                guard !rows.isEmpty else { break }
                for row in rows { history = history.appending(row.entry.encoded()) }
                position += UInt64(rows.count)
            }
            guard position == base.position, history == base.receipt.history else {
                throw EarlierOrderError.differs(scope.scope, "its history hash is another one")
            }
            let here = Set(try transaction.quarantined(of: scope.scope).map(\.dot))
            guard here.isSubset(of: unfolded) else {
                throw EarlierOrderError.differs(
                    scope.scope, "this version cannot fold \(here.subtracting(unfolded).count) changes of it")
            }
            // Where this version folds more than the hub did, the records are other ones, and rightly.
            let isSame = here.count == unfolded.count
            guard try !isSame || transaction.fingerprint(of: scope.scope).hash == base.fingerprint else {
                throw EarlierOrderError.differs(scope.scope, "its records have another fingerprint")
            }
        }
    }

    /// Entries that are read at a time.
    private static var step: Int { 1_000 }
}
