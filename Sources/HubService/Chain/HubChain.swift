import Causality
import ChainDirectory
import Changes
import ReplicaSettings
import Replication
import SQLiteStore
import SyncHTTP

/// One chain at its hub: who belongs to it, and every exchange with them.
///
/// Nothing of the database is kept between calls, so that a command in another process is noticed at once. Not
/// `Sendable`: a running hub keeps it on an executor of its own, see `ChainHost`.
package final class HubChain<Store: HubStore> where Store.Transaction: CaseCounting {
    package let info: ChainInfo
    let store: Store
    let identity: ReplicaIdentity
    let environment: HubEnvironment
    private let schemas: [Schema]

    private init(_ store: Store, info: ChainInfo, key: SigningKey, schemas: [Schema], environment: HubEnvironment) {
        self.store = store
        self.info = info
        self.schemas = schemas
        self.environment = environment
        identity = ReplicaIdentity(key: key)
    }

    /// Opens a chain.
    ///
    /// - Throws: `HubFault` where the store holds none, or another one's than the key's, or what the store throws.
    package convenience init(
        opening store: Store, key: SigningKey, schemas: [Schema], environment: HubEnvironment
    ) throws {
        guard let bytes = try store.read({ try $0.setting(.hubChain) }) else {
            throw HubFault(.unknownChain, "the database holds no chain; restore it from a backup")
        }
        let certificates: [Certificate]
        do { certificates = try store.read { try $0.certificates() } } catch is StoredValueError {
            // A damaged row is that machine's misfortune, and `verify` names it: the chain is served all the same.
            certificates = []
        }
        // The key is another one where it signed none of them.
        if !certificates.isEmpty, !certificates.contains(where: { (try? $0.verify(key.publicKey)) != nil }) {
            throw HubFault(.unavailable, "the hub's key is not the one that signed the certificates of its machines")
        }
        self.init(store, info: try ChainInfo(bytes), key: key, schemas: schemas, environment: environment)
    }

    /// Makes a chain in an empty store, with the scopes `common` and `headquarters`.
    ///
    /// - Returns: the chain, and its administrator's token, which is nowhere else.
    package static func create(
        _ name: String, in store: Store, key: SigningKey, schemas: [Schema], environment: HubEnvironment
    ) throws -> (chain: HubChain, adminToken: String) {
        let name = try DirectoryName.checked(name)
        let token = AdminToken.text(random: environment.random(AdminToken.byteCount))
        let info = ChainInfo(
            chain: ChainID(environment.random(ChainID.byteCount)), name: name,
            incarnation: ShortHash(environment.random(ShortHash.byteCount)), adminTokenHash: AdminToken.hash(token))
        try store.write { transaction in
            guard try transaction.setting(.hubChain) == nil else {
                throw HubFault(.branchExists, "the database holds a chain already")
            }
            try transaction.put(info.encoded(), for: .hubChain)
            for scope in [info.common, info.headquarters] { try transaction.put(ScopeState(scope)) }
        }
        return (
            HubChain(store, info: info, key: key, schemas: schemas, environment: environment), token
        )
    }

    package var hubKey: PublicKey { identity.key.publicKey }

    package func isAdministrator(_ token: String) -> Bool { AdminToken.matches(token, info.adminTokenHash) }

    package func certificate(of replica: ReplicaID) throws -> Certificate? {
        try store.read { try $0.certificate(of: replica) }
    }

    // MARK: - Exchanging

    /// What an exchange did.
    package struct Exchange: Sendable {
        package let outcome: HubExchange<Store>.Outcome
        /// Where the replica says that it stands, and does.
        package let greetings: [Greeting]
    }

    package struct Greeting: Hashable, Sendable {
        package let scope: ScopeID
        package let position: UInt64
    }

    /// A request, and whose session it came in.
    package struct Wish: Sendable {
        package let request: SyncRequest
        package let replica: ReplicaID
        /// What of it need not be looked at again.
        package let checked: CheckedRequest

        package init(
            _ request: SyncRequest, from replica: ReplicaID, checked: CheckedRequest = CheckedRequest()
        ) {
            self.request = request
            self.replica = replica
            self.checked = checked
        }
    }

    /// - Throws: `HubFault` for a replica that is not certified (any more), or what the store throws.
    package func exchange(_ request: SyncRequest, with replica: ReplicaID) throws -> Exchange {
        try exchange([Wish(request, from: replica)])[0].get()
    }

    /// Answers several requests with as few commits as they let it.
    ///
    /// - Returns: for each what it did, on disk, or a `HubFault` for a replica that is not certified (any more), or
    ///   what the store threw.
    package func exchange(_ wishes: [Wish]) -> [Result<Exchange, any Error>] {
        do {
            let carriers = try store.read { transaction in
                try wishes.map { try transaction.certificate(of: $0.replica) }
            }
            let members = zip(wishes, carriers).compactMap { wish, carrier in
                carrier.map { HubExchange<Store>.Member(wish.request, carrier: $0, checked: wish.checked) }
            }
            var outcomes = HubExchange(
                store, key: identity.key, incarnation: info.incarnation, schemas: schemas
            ).answer(members, now: environment.now())[...]
            return zip(wishes, carriers).map { wish, carrier in
                guard let carrier else {
                    return .failure(
                        HubFault.refused(
                            .unknownReplica, "this machine does not belong to the chain (any more)",
                            replica: wish.replica))
                }
                guard let outcome = outcomes.popFirst() else { preconditionFailure("every member has an outcome") }
                return Result {
                    let outcome = try outcome.get()
                    return Exchange(
                        outcome: outcome, greetings: try greetings(wish.request, outcome.response, carrier))
                }
            }
        } catch {
            return wishes.map { _ in .failure(error) }
        }
    }

    /// A scope that the hub refused says nothing; scopes under a digest that matched stand as they stand here.
    private func greetings(
        _ request: SyncRequest, _ response: SyncResponse, _ carrier: Certificate
    ) throws -> [Greeting] {
        let refused = Set(
            response.answers.compactMap { answer in
                if case .refused = answer.outcome { answer.scope } else { nil }
            })
        let named = request.hellos.filter { !refused.contains($0.scope) }
            .map { Greeting(scope: $0.scope, position: $0.position) }
        guard case .rest(let digest) = request.coverage, !response.wantsHellos else { return named }
        let listed = Set(request.hellos.map(\.scope))
        let rest = try store.read { try $0.scopes(readableBy: carrier) }.filter { !listed.contains($0.id) }
        // Another process may have written in between.
        guard digest == ScopeHello.digest(rest.map { ($0.id, $0.position, $0.history) }) else { return named }
        return named + rest.map { Greeting(scope: $0.id, position: $0.position) }
    }

    /// How far received times are ahead of the clock, where they are more than a stamp may be: they never fall, so that a clock that was
    /// ahead once is followed until the true one has caught up, and until then a far-future stamp counts for more than it should.
    ///
    /// - Returns: in how many scopes, and the most of it in milliseconds; nil where they are not.
    /// - Complexity: O(scopes).
    package func receivedAhead() throws -> (scopes: Int, milliseconds: Int64)? {
        let now = environment.now()
        // Subtracted without a trap: in a damaged file it may be any number.
        let ahead = try store.read { try $0.scopes() }.map(\.receivedFloor)
            .filter { $0 > now &+ HybridTimestamp.allowanceMilliseconds }
        return ahead.max().map { (ahead.count, $0 &- now) }
    }

    /// Whether the database takes writes.
    package func checkWritable() throws {
        try store.write { try $0.put([UInt8(truncatingIfNeeded: environment.now())], for: .readiness) }
    }
}

extension DirectoryName {
    /// - Throws: `.invalidName` where nothing is called so.
    static func checked(_ name: String) throws(HubFault) -> Text {
        if let fault = DirectoryName.fault(of: name) { throw HubFault(.invalidName, fault) }
        return Text(name)
    }
}
