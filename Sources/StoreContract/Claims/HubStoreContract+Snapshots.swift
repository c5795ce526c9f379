import Causality
import Changes
import Replication

extension HubStoreContract {
    static var snapshotClaims: [Claim] {
        [
            Claim(name: "a snapshot becomes the base: records, rows, parts, feeds, pasts, position and history") {
                contract in
                let chain = try SnapshotChain(contract)
                try chain.write(12)
                let outcome = try chain.late.takeSnapshot(of: chain.scope)
                try require("the outcome", outcome, is: .taken(records: 5))
                try chain.requireEqual()
                try chain.late.store.base.read { transaction in
                    let state = try transaction.scope(chain.scope)
                    let base = try transaction.base(of: chain.scope)
                    try require("the base's position", base?.position, is: state?.position)
                    try require("below", try transaction.history(of: chain.scope, at: 3), is: nil)
                    try require(
                        "at the base", try transaction.history(of: chain.scope, at: state?.position ?? 0),
                        is: state?.history)
                    try require("entries", try transaction.entries(of: chain.scope, after: 0, limit: 9), is: [])
                    try require("unsent", try transaction.unplacedCount(of: chain.scope), is: 0)
                    for feed in try transaction.feeds(of: chain.scope) {
                        try require(
                            "a feed's head", try transaction.isIncluded(feed.head.dot, of: chain.scope), is: true)
                        let past = try transaction.past(of: feed.head.dot, scope: chain.scope)
                        let hubs = try chain.hub.store.base.read { try $0.past(of: feed.head.dot, scope: chain.scope) }
                        try require("a past", past, is: hubs)
                    }
                    let dot = Dot(feed: chain.first.identity.feed, sequence: 1)
                    let parts = try transaction.parts(of: dot, scope: chain.scope)
                    try require("parts", parts.map { $0 != nil }, is: [true])
                    let change = try chain.first.store.base.read { try $0.parts(of: dot, scope: chain.scope) }
                    try require("the part's bytes", parts, is: change)
                }
            },
            Claim(name: "changes after a base are folded on it, and folded again from it") { contract in
                let chain = try SnapshotChain(contract)
                try chain.write(9)
                _ = try chain.late.takeSnapshot(of: chain.scope)
                // Far ahead: the entry moves the change's effective time, so its record is folded again.
                chain.late.clockOffset = 3_600_000
                try chain.put("late", by: chain.late, record: 1)
                try chain.put("unseen", by: chain.second, record: 1)
                for _ in 0..<2 { for replica in chain.replicas { try replica.sync(takesSnapshots: true) } }
                try chain.requireEqual()
            },
            Claim(name: "a transfer that is cut goes on with what was kept") { contract in
                let chain = try SnapshotChain(contract)
                try chain.write(12)
                var fetched: [SnapshotPiece] = []
                var cuts = 0
                while true {
                    do {
                        var left = 1
                        _ = try chain.late.takeSnapshot(of: chain.scope) { piece, bytes in
                            if left == 0 { throw WireError("cut") }
                            left -= 1
                            fetched.append(piece)
                            return bytes
                        }
                        break
                    } catch is WireError {
                        cuts += 1
                        try require("position", try chain.late.scopeState(chain.scope)?.position, is: 0)
                    }
                }
                try require(cuts > 2, "the transfer was cut \(cuts) times only")
                try require("fetched once", Set(fetched).count, is: fetched.count)
                try chain.requireEqual()
            },
            Claim(name: "a piece that is not the signed one is refused, and a snapshot that is gone begins again") {
                contract in
                let chain = try SnapshotChain(contract)
                try chain.write(12)
                let tampered = try chain.late.takeSnapshot(of: chain.scope) { piece, bytes in
                    guard piece == .chunk(1) else { return bytes }
                    var bytes = bytes
                    bytes[bytes.count / 2] ^= 1
                    return bytes
                }
                guard case .refused = tampered else { throw ContractViolation(what: "\(tampered)") }
                try require("position", try chain.late.scopeState(chain.scope)?.position, is: 0)
                // The hub has made another one meanwhile.
                try chain.write(3)
                chain.hub.snapshots = [:]
                let outcome = try chain.late.takeSnapshot(of: chain.scope)
                guard case .taken = outcome else { throw ContractViolation(what: "\(outcome)") }
                try chain.requireEqual()
            },
            Claim(name: "a base is not taken twice, nor by a scope that has come further") { contract in
                let chain = try SnapshotChain(contract)
                try chain.write(5)
                _ = try chain.late.takeSnapshot(of: chain.scope)
                let state = try chain.late.scopeState(chain.scope)
                try require("again", try chain.late.takeSnapshot(of: chain.scope), is: .declined)
                try require("elsewhere", try chain.first.takeSnapshot(of: chain.scope), is: .declined)
                try require("the state", try chain.late.scopeState(chain.scope), is: state)
            },
        ]
    }
}

/// Two replicas that write, and one that comes late.
private struct SnapshotChain<Store: HubStore> {
    let hub: InMemoryHub<Store>
    let scope: ScopeID
    let first: InMemoryReplica<Store>
    let second: InMemoryReplica<Store>
    let late: InMemoryReplica<Store>

    var replicas: [InMemoryReplica<Store>] { [first, second, late] }

    init(_ contract: HubStoreContract<Store>) throws {
        let hub = InMemoryHub(try contract.makeStore(), now: 1_768_000_000_000)
        self.hub = hub
        let scope = try hub.addScope("branch/a").scope
        self.scope = scope
        func replica(_ name: String, _ number: UInt8) throws -> InMemoryReplica<Store> {
            let replica = try InMemoryReplica(
                name, number, contract.makeStore(), hub: hub, home: scope,
                grants: [Grant(scope: nil, rights: [.read, .write])])
            try replica.sync()
            return replica
        }
        first = try replica("first", 1)
        second = try replica("second", 2)
        late = try replica("late", 3)
    }

    func put(_ text: String, by replica: InMemoryReplica<Store>, record: Int) throws {
        try replica.write(
            [
                FieldOperation(
                    record: 0, target: FieldTarget(field: "title", kind: .register), value: .text(Text(text))),
                FieldOperation(record: 0, target: FieldTarget(field: "steps", kind: .log), value: .text(Text(text))),
            ], to: ContractAuthor.origin(record), in: scope)
    }

    /// So many changes of five records, by two who see each other now and then; the first one has a personal part.
    func write(_ count: Int) throws {
        if try first.store.base.read({ try $0.feed(first.identity.feed, of: scope) }) == nil {
            let record = ContractAuthor.origin(0)
            try first.write(
                ChangeDraft(
                    person: "p", zoneMinutes: 60, schema: "test/1",
                    operations: Operations(
                        records: [record],
                        operations: [
                            FieldOperation(
                                record: 0, target: FieldTarget(field: "customer", kind: .register),
                                value: .personal(PartReference(part: 0, item: 0)))
                        ]),
                    parts: [ChangeDraft.Part(subject: SubjectID(high: 1, low: 1), items: [.text("Ana")])]), in: scope)
        }
        for number in 0..<count {
            try put("title \(number)", by: number % 3 == 0 ? second : first, record: number % 5)
            if number % 4 == 3 { for replica in [first, second, first] { try replica.sync() } }
        }
        for replica in [first, second, first] { try replica.sync() }
    }

    func requireEqual() throws {
        for replica in replicas { try replica.sync() }
        try ChainChecks.alwaysEqual(replicas, hub: hub, in: scope)
    }
}
