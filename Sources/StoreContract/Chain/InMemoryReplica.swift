import Causality
import Changes
import Replication

/// How bytes get to the hub and back; throws when they do not. A wire may deliver more than once.
package typealias Wire = (_ request: [UInt8], _ deliver: ([UInt8]) throws -> [UInt8]) throws -> [UInt8]

/// The connection broke.
package struct WireError: Error {
    package let what: String
    package init(_ what: String) { self.what = what }
}

/// A replica with its store, its key and its clock, driven through the machine that ships.
package final class InMemoryReplica<Store: HubStore> {
    package let name: String
    package let identity: ReplicaIdentity
    package let store: FlakyStore<Store>
    package private(set) var certificate: Certificate
    package let hub: InMemoryHub<Store>
    /// How far its clock is ahead of the hub's, in milliseconds.
    package var clockOffset: Int64 = 0
    private var random: SplitMix64

    /// - Parameter number: names the key; the same number, the same replica. Less than 200.
    package init(
        _ name: String, _ number: UInt8, _ store: Store, hub: InMemoryHub<Store>, home: ScopeID, grants: [Grant]
    ) throws {
        self.name = name
        self.store = FlakyStore(store)
        self.hub = hub
        identity = ReplicaIdentity(key: ContractAuthor.key(number))
        certificate = try hub.certify(identity, home: home, grants: grants)
        random = SplitMix64(seed: UInt64(number))
    }

    /// The hub changes what this replica may do.
    package func grant(_ grants: [Grant]) throws {
        certificate = try hub.certify(identity, home: certificate.home, grants: grants)
    }

    package var now: Int64 { hub.now + clockOffset }

    // MARK: - Writing

    @discardableResult
    package func write(_ draft: ChangeDraft, in scope: ScopeID) throws -> StoredChange {
        try store.write { transaction in
            try LocalWriter(transaction, identity: identity, random: randomBytes).commit(draft, in: scope, at: now)
        }
    }

    @discardableResult
    package func write(
        _ operations: [FieldOperation], to record: RecordOrigin, in scope: ScopeID, schema: Text = "test/1"
    ) throws -> StoredChange {
        try write(
            ChangeDraft(
                person: Text("p-\(name)"), zoneMinutes: 0, schema: schema,
                operations: Operations(records: [record], operations: operations)),
            in: scope)
    }

    package func randomBytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    // MARK: - Synchronising

    /// One synchronisation, from begin to report.
    ///
    /// - Throws: `ContractViolation` when it does not come to an end; faults become part of the report.
    @discardableResult
    package func sync(
        limits: PushLimits = PushLimits(), page: PageLimits = PageLimits(), takesSnapshots: Bool = false,
        over wire: Wire = { try $1($0) }
    ) throws -> SyncReport {
        var machine = SyncMachine(takesSnapshots: takesSnapshots)
        var action = machine.begin()
        for _ in 0..<InMemoryReplica.stepLimit {
            switch action {
            case .collect(let plan):
                do {
                    let request = try store.writeBehind {
                        try Outbox($0, identity: identity).request(limits: limits, page: page, plan: plan).request
                    }
                    action = machine.collected(request)
                } catch let error as FlakyStore<Store>.Interrupted {
                    action = machine.failed("\(error)")
                }
            case .send(let request):
                do {
                    let bytes = try wire(request.encoded()) { try hub.answer($0, carrier: certificate) }
                    action = machine.answered(try SyncResponse(bytes))
                } catch let error where error is WireError || error is FlakyStore<Store>.Interrupted {
                    action = machine.failed("\(error)")
                }
            case .apply(let response):
                do {
                    action = machine.applied(
                        try AnswerApplier(store, hubKey: hub.key.publicKey, own: identity.feed).apply(
                            response, now: now))
                } catch let error as FlakyStore<Store>.Interrupted {
                    action = machine.failed("\(error)")
                }
            case .takeSnapshot(let scope):
                do {
                    action = machine.tookSnapshot(try takeSnapshot(of: scope))
                } catch let error where error is WireError || error is FlakyStore<Store>.Interrupted {
                    action = machine.failed("\(error)")
                }
            case .finish(let report): return report
            }
        }
        throw ContractViolation(what: "\(name) does not come to the end of a synchronisation")
    }

    private static var stepLimit: Int { 30_000 }

    // MARK: - Reading

    package func scopeState(_ scope: ScopeID) throws -> ScopeState? { try store.read { try $0.scope(scope) } }
    package func fingerprint(_ scope: ScopeID) throws -> Fingerprint {
        try store.read { try $0.fingerprint(of: scope) }
    }
    package func unsent(_ scope: ScopeID) throws -> Int { try store.read { try $0.unplacedCount(of: scope) } }

    package func state(_ record: RecordOrigin, in scope: ScopeID) throws -> RecordState {
        let id = record.recordID(in: scope)
        return try store.read { try $0.record(id, of: scope)?.state } ?? RecordState()
    }

    package func log(_ record: RecordOrigin, in scope: ScopeID) throws -> [LogRow] {
        let id = record.recordID(in: scope)
        return try store.read { try $0.logRows(of: id, scope: scope) }
    }
}
