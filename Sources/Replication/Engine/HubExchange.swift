import Causality
import Changes

/// The hub's whole answers to requests: takes the pushes, then reads the pages.
///
/// The pushes of all requests that are given at once are taken in one transaction, so that one wait for the disk
/// covers them; every answer is made after it has committed. What is wrong with one push holds back no other: the
/// transaction is given up, those before it are taken again without it, and those after it in another. A request
/// that is sent again finds its changes placed and gets the same pages.
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

    /// One request, and whose it is.
    package struct Member: Sendable {
        package let request: SyncRequest
        /// The certificate of the replica that opened the session.
        package let carrier: Certificate
        /// What of it need not be looked at again.
        package let checked: CheckedRequest

        package init(
            _ request: SyncRequest, carrier: Certificate, checked: CheckedRequest = CheckedRequest()
        ) {
            self.request = request
            self.carrier = carrier
            self.checked = checked
        }
    }

    /// - Parameters:
    ///   - carrier: the certificate of the replica that opened the session.
    ///   - now: the hub's clock, milliseconds since 1970.
    /// - Throws: what the store throws; refusals are part of the answer.
    package func answer(_ request: SyncRequest, carrier: Certificate, now: Int64) throws -> Outcome {
        try answer([Member(request, carrier: carrier)], now: now)[0].get()
    }

    /// Answers requests of several replicas together.
    ///
    /// - Parameter now: the hub's clock, milliseconds since 1970.
    /// - Returns: for each member its outcome, all of it on disk, or what the store threw: then nothing of it is
    ///   acknowledged.
    package func answer(_ members: [Member], now: Int64) -> [Result<Outcome, any Error>] {
        let empty = Outcome(response: SyncResponse(hubTime: now, incarnation: incarnation))
        var results = members.map { _ in Result<Outcome, any Error>.success(empty) }
        let units = members.indices.flatMap { index in
            members[index].request.pushes.map { Unit(member: index, push: $0) }
        }
        var taken = members.map { _ in [ScopeID: HubAcceptance<Store.Transaction>.Outcome]() }
        take(units[...], of: members, now: now, &results, &taken)
        do {
            try store.read { transaction in
                for (index, member) in members.enumerated() {
                    guard case .success(var outcome) = results[index] else { continue }
                    do {
                        outcome.response = try pages(
                            member.request, carrier: member.carrier, refused: outcome.refused, taken: taken[index],
                            now: now, transaction)
                        outcome.response.staged = taken[index].compactMap { scope, taken in
                            taken.staged.map { StagedAnswer(scope: scope, head: $0) }
                        }.sorted { $0.scope < $1.scope }
                        results[index] = .success(outcome)
                    } catch {
                        results[index] = .failure(error)
                    }
                }
            }
        } catch {
            return members.map { _ in .failure(error) }
        }
        return results
    }

    // MARK: - Taking pushes

    private struct Unit {
        let member: Int
        let push: ScopePush
    }

    private enum Attempt {
        case committed([HubAcceptance<Store.Transaction>.Outcome])
        /// Nothing remains of any; it was this one's doing.
        case obstacle(at: Int, any Error)
        /// The transaction failed by itself; nothing of any may be acknowledged.
        case failed(any Error)
    }

    /// Takes as many units as can be in one transaction.
    ///
    /// - Complexity: each unit is taken at most once more for each obstacle behind it and in front of the one before.
    private func take(
        _ units: ArraySlice<Unit>, of members: [Member], now: Int64, _ results: inout [Result<Outcome, any Error>],
        _ taken: inout [[ScopeID: HubAcceptance<Store.Transaction>.Outcome]]
    ) {
        var rest = units
        while !rest.isEmpty {
            switch attempt(rest, of: members, now: now) {
            case .committed(let accepted):
                for (unit, accepted) in zip(rest, accepted) {
                    note(accepted, of: unit, &results)
                    taken[unit.member][unit.push.scope] = accepted
                }
                return
            case .failed(let error):
                for unit in rest { results[unit.member] = .failure(error) }
                return
            case .obstacle(let index, let error):
                take(rest[..<index], of: members, now: now, &results, &taken)
                let unit = rest[index]
                if let refusal = error as? Refusal {
                    if case .success(var outcome) = results[unit.member] {
                        outcome.refused[unit.push.scope] = refusal
                        results[unit.member] = .success(outcome)
                    }
                } else {
                    results[unit.member] = .failure(error)
                }
                rest =
                    rest[(index + 1)...].filter { unit in
                        if case .success = results[unit.member] { true } else { false }
                    }[...]
            }
        }
    }

    private func attempt(_ units: ArraySlice<Unit>, of members: [Member], now: Int64) -> Attempt {
        var accepted: [HubAcceptance<Store.Transaction>.Outcome] = []
        accepted.reserveCapacity(units.count)
        var current: Int?
        do {
            try store.write { transaction in
                for index in units.indices {
                    current = index
                    let member = members[units[index].member]
                    accepted.append(
                        try HubAcceptance(transaction, schemas: schemas, now: now, checked: member.checked)
                            .accept(units[index].push, carrier: member.carrier))
                }
                current = nil
            }
            return .committed(accepted)
        } catch {
            return current.map { .obstacle(at: $0, error) } ?? .failed(error)
        }
    }

    private func note(
        _ accepted: HubAcceptance<Store.Transaction>.Outcome, of unit: Unit,
        _ results: inout [Result<Outcome, any Error>]
    ) {
        guard case .success(var outcome) = results[unit.member] else { return }
        outcome.placed += accepted.placed
        if accepted.placed > 0 { outcome.grown.append(unit.push.scope) }
        results[unit.member] = .success(outcome)
    }

    // MARK: - Reading pages

    private func pages(
        _ request: SyncRequest, carrier: Certificate, refused: [ScopeID: Refusal],
        taken: [ScopeID: HubAcceptance<Store.Transaction>.Outcome], now: Int64, _ transaction: Store.Transaction
    ) throws -> SyncResponse {
        var response = SyncResponse(hubTime: now, incarnation: incarnation, version: request.version)
        let readable = try transaction.scopes(readableBy: carrier)
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
                let isReader = carrier.rights(in: hello.scope).contains(.read)
                let cause = isReader ? try pager.cause(of: refusal, hello) : refusal
                response.answers.append(ScopeAnswer(scope: hello.scope, outcome: .refused(cause)))
                continue
            }
            do {
                guard carrier.rights(in: hello.scope).contains(.read) else {
                    throw Refusal(.noGrant, "this machine may not read the scope \(hello.scope)")
                }
                let page = try pager.page(
                    after: hello, receiver: carrier.replica, limits: &limits, placed: taken[hello.scope]?.entries)
                if let page {
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

extension ChangeLog {
    /// The scopes that a replica may read, sorted by id.
    ///
    /// - Complexity: O(grants) unless one is for every scope.
    package func scopes(readableBy carrier: Certificate) throws -> [ScopeState] {
        if carrier.grants.contains(where: { $0.scope == nil && $0.rights.contains(.read) }) { return try scopes() }
        // A certificate's grants are sorted, a scope once.
        return try carrier.grants.compactMap { grant in
            guard let id = grant.scope, grant.rights.contains(.read) else { return nil }
            return try scope(id)
        }
    }
}
