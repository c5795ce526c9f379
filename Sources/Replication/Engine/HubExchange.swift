import Causality
import Changes

/// The hub's whole answer to one request: takes the pushes, then reads the pages.
///
/// Each push is one transaction, so that one scope's failure does not hold back another; a request that is sent again
/// finds its changes placed and gets the same pages.
package struct HubExchange<Store: HubStore> {
    private let store: Store
    private let key: SigningKey
    private let incarnation: ShortHash
    private let schemas: [Schema]

    package init(_ store: Store, key: SigningKey, incarnation: ShortHash, schemas: [Schema]) {
        self.store = store
        self.key = key
        self.incarnation = incarnation
        self.schemas = schemas
    }

    /// What an exchange did, for metrics and for waking others.
    package struct Outcome: Sendable {
        package var response: SyncResponse
        /// Scopes that have grown.
        package var grown: [ScopeID] = []
        package var placed = 0
        package var refused: [ScopeID: Refusal] = [:]
    }

    /// - Parameters:
    ///   - carrier: the certificate of the replica that opened the session.
    ///   - now: the hub's clock, milliseconds since 1970.
    /// - Throws: what the store throws; refusals are part of the answer.
    package func answer(_ request: SyncRequest, carrier: Certificate, now: Int64) throws -> Outcome {
        var outcome = Outcome(response: SyncResponse(hubTime: now, incarnation: incarnation))
        var staged: [StagedAnswer] = []
        for push in request.pushes {
            do {
                let accepted = try store.write {
                    try HubAcceptance($0, schemas: schemas, now: now).accept(push, carrier: carrier)
                }
                outcome.placed += accepted.placed
                if accepted.placed > 0 { outcome.grown.append(push.scope) }
                if let head = accepted.staged { staged.append(StagedAnswer(scope: push.scope, head: head)) }
            } catch let refusal as Refusal {
                outcome.refused[push.scope] = refusal
            }
        }
        let refused = outcome.refused
        outcome.response = try store.read { transaction in
            try pages(request, carrier: carrier, refused: refused, now: now, transaction)
        }
        outcome.response.staged = staged.sorted { $0.scope < $1.scope }
        return outcome
    }

    private func pages(
        _ request: SyncRequest, carrier: Certificate, refused: [ScopeID: Refusal], now: Int64,
        _ transaction: Store.Transaction
    ) throws -> SyncResponse {
        var response = SyncResponse(hubTime: now, incarnation: incarnation)
        let readable = try transaction.scopes().filter { carrier.rights(in: $0.id).contains(.read) }
        let listed = Set(request.hellos.map(\.scope))
        let unlisted = readable.filter { !listed.contains($0.id) }
        switch request.coverage {
        case .rest(let digest):
            response.wantsHellos =
                digest
                != ScopeHello.digest(unlisted.map { (scope: $0.id, position: $0.position, history: $0.history) })
        case .stretch:
            response.newScopes = unlisted.filter { request.coverage.contains($0.id) }
                .prefix(Limit.scopesPerMessage.value).map(\.introduction)
        }
        var limits: PageLimits? = request.limits
        let pager = HubPager(
            transaction, key: key, incarnation: incarnation, now: now, pieceBytes: request.limits.bytes)
        for hello in request.hellos {
            if let refusal = refused[hello.scope] {
                response.answers.append(ScopeAnswer(scope: hello.scope, outcome: .refused(refusal)))
                continue
            }
            do {
                guard carrier.rights(in: hello.scope).contains(.read) else {
                    throw Refusal(.noGrant, "this machine may not read the scope \(hello.scope)")
                }
                if let page = try pager.page(after: hello, receiver: carrier.replica, limits: &limits) {
                    response.answers.append(ScopeAnswer(scope: hello.scope, outcome: .page(page)))
                }
            } catch let refusal as Refusal {
                response.answers.append(ScopeAnswer(scope: hello.scope, outcome: .refused(refusal)))
            }
        }
        // A push into a scope that was not greeted still gets its refusal.
        for (scope, refusal) in refused.sorted(by: { $0.key < $1.key }) where !listed.contains(scope) {
            response.answers.append(ScopeAnswer(scope: scope, outcome: .refused(refusal)))
        }
        response.answers.sort { $0.scope < $1.scope }
        return response
    }
}
