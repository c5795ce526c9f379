import Causality
import Changes
import HubService
import Replication
import ServiceRecovery
import SyncHTTP
import Testing

/// A machine of a branch: a replica in memory, as the branch's program would drive it.
final class Machine {
    let identity: ReplicaIdentity
    let store = MemoryStore()
    private let world: TestWorld
    private(set) var home: ScopeID?
    private(set) var hubKey: PublicKey?
    private(set) var joined: JoinResponse?

    init(_ world: TestWorld) {
        self.world = world
        identity = ReplicaIdentity(key: world.key())
    }

    /// A branch that was made without a hub.
    func makeAlone() throws -> ScopeIntroduction {
        let scope = ScopeIntroduction(
            name: Text("branch/" + hexadecimal(world.random(16))), seed: ChainID(world.random(16)))
        try store.write { $0.put(ScopeState(scope)) }
        home = scope.scope
        return scope
    }

    func request(_ code: String, bringing brought: ScopeIntroduction? = nil) -> JoinRequest {
        JoinRequest(code: Text(code), machine: "Kasir 1", brought: brought, key: identity.key)
    }

    func adopt(_ response: JoinResponse) throws {
        try store.write { transaction in
            for scope in response.scopes where transaction.scope(scope.scope) == nil {
                transaction.put(ScopeState(scope))
            }
        }
        joined = response
        home = response.certificate.home
        hubKey = response.hubKey
    }

    func openCase(_ title: String) throws {
        let home = try #require(home)
        let draft = try CaseDrafts.open(
            NewCase(title: Text(title), at: Moment(milliseconds: world.now, zoneMinutes: 0)),
            by: Author(person: "rina", zoneMinutes: 0))
        _ = try store.write { transaction in
            try LocalWriter(transaction, identity: identity, random: { self.world.random($0) })
                .commit(draft, in: home, at: world.now)
        }
    }

    func nextRequest(listingAll: Bool = true) throws -> SyncRequest {
        try store.write { transaction in
            try Outbox(transaction, identity: identity).request(
                limits: PushLimits(), page: PageLimits(),
                plan: CollectPlan(listing: listingAll ? .stretch(after: nil) : .changed)
            ).request
        }
    }

    func apply(_ response: SyncResponse) throws -> ApplyOutcome {
        try AnswerApplier(store, hubKey: try #require(hubKey), own: identity.feed).apply(response, now: world.now)
    }

    /// Exchanges until both sides have said all that they have.
    func settle(_ exchange: (SyncRequest) async throws -> SyncResponse) async throws {
        for _ in 0..<10 {
            let outcome = try apply(try await exchange(try nextRequest()))
            #expect(outcome.refusals.isEmpty)
            if outcome.unsent == 0, outcome.entries == 0, outcome.introduced == 0 { return }
        }
        Issue.record("the exchange does not come to an end")
    }

    func caseCount(in scope: ScopeID) throws -> Int {
        try store.read { try $0.statusCounts().filter { $0.scope == scope }.reduce(0) { $0 + $1.count } }
    }
}
