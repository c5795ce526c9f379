import Causality
import ChainDirectory
import Changes
import ReplicaSettings
import Replication
import ServiceRecovery
import StoreContract

/// A small chain with a little of everything that a file can hold: two machines of one branch, a visitor who may not
/// write, the hub's directory; cases with conflicts, personal words, several records in a change; changes that the hub
/// voids or holds, one that this version cannot fold, and some that wait for a place.
///
/// One seed gives one chain, byte for byte.
package final class SampleChain<Store: HubStore> {
    package static var schemas: [Schema] { [CaseSchema.schema, DirectorySchema.schema, IncidentWorkloadSchema.schema] }

    package let hub: InMemoryHub<Store>
    /// The last one joined when half of it was written, and began with snapshots.
    package private(set) var machines: [InMemoryReplica<Store>]
    package let branch: ScopeIntroduction
    package let common: ScopeIntroduction
    private let visitor: InMemoryReplica<Store>
    private let late: InMemoryReplica<Store>
    private var random: SplitMix64
    private var cases: [RecordOrigin] = []

    /// - Parameters:
    ///   - changes: how many the first machine holds at least in the end.
    ///   - makeStore: an empty store with `schemas` under that name.
    package init(seed: UInt64, changes: Int, makeStore: (_ name: String) throws -> Store) throws {
        random = SplitMix64(seed: seed)
        let hub = InMemoryHub(try makeStore("hub"), schemas: Self.schemas, now: 1_768_000_000_000)
        self.hub = hub
        let branch = try hub.addScope("branch/00112233445566778899aabbccddeeff")
        let common = try hub.addScope("common")
        (self.branch, self.common) = (branch, common)
        func join(_ name: String, _ number: UInt8, _ rights: Rights) throws -> InMemoryReplica<Store> {
            try InMemoryReplica(
                name, number, makeStore(name), hub: hub, home: branch.scope,
                grants: [Grant(scope: branch.scope, rights: rights), Grant(scope: common.scope, rights: .read)])
        }
        machines = [try join("ana", 1, [.read, .write]), try join("boris", 2, [.read, .write])]
        visitor = try join("vera", 3, .read)
        late = try join("clara", 4, [.read, .write])
        try writeDirectory()
        for machine in machines + [visitor] {
            try introduce(machine)
            try machine.sync()
        }
        try live(until: changes)
    }

    // MARK: - Joining

    private func writeDirectory() throws {
        let entry = BranchEntry(name: "Cikini", code: "CKN", scope: branch.scope, scopeName: branch.name)
        var drafts = [try DirectoryDrafts.add(entry, person: "admin")]
        for machine in machines + [visitor, late] {
            drafts.append(
                try DirectoryDrafts.add(
                    MachineEntry(
                        certificate: machine.certificate, name: Text(machine.name), enrolledAtMilliseconds: hub.now),
                    person: "admin"))
        }
        let identity = ReplicaIdentity(key: hub.key)
        try hub.store.base.write { transaction in
            try transaction.put(hub.chain.bytes, for: .hubChain)
            let author = HubAuthor(transaction, identity: identity, random: randomBytes)
            for draft in drafts { try author.commit(draft, in: common.scope, now: hub.now) }
        }
    }

    /// What joining writes besides.
    private func introduce(_ machine: InMemoryReplica<Store>) throws {
        try machine.store.base.write { transaction in
            try transaction.put(machine.certificate.encoded(), for: .certificate)
            try transaction.put(hub.key.publicKey.bytes, for: .hubKey)
            try transaction.put(branch.scope.bytes, for: .homeScope)
            try transaction.put(hub.chain.bytes, for: .chain)
            try transaction.put(text: machine.certificate.deviceMark.string, for: .deviceMark)
            for key in [SettingKey.replicaName, .chainName, .hubURL, .branchName, .branchCode] {
                try transaction.put(text: machine.name, for: key)
            }
        }
    }

    // MARK: - Living

    private func live(until count: Int) throws {
        var round = 0
        while try changeCount(machines[0]) < count {
            if machines.count == 2, try changeCount(machines[0]) * 2 > count { try begin() }
            hub.now += Int64(random.upTo(90_000))
            let machine = random.pick(machines)
            try write(machine, round)
            if round % 11 == 5 { try bendRules(machine, round) }
            if random.chance(oneIn: 5) { try machine.sync() }
            if random.chance(oneIn: 29) { try hold(round) }
            round += 1
        }
        for machine in machines + machines { try machine.sync() }
        for machine in machines {
            for number in 0..<3 { try write(machine, round + number) }
        }
    }

    /// The late one comes.
    private func begin() throws {
        try introduce(late)
        try late.sync(takesSnapshots: true)
        machines.append(late)
    }

    private func changeCount(_ machine: InMemoryReplica<Store>) throws -> Int {
        try machine.store.base.read { transaction in
            try transaction.feeds(of: branch.scope).reduce(0) { $0 + Int($1.sequence) }
        }
    }

    /// One transaction of somebody at a counter.
    private func write(_ machine: InMemoryReplica<Store>, _ round: Int) throws {
        machine.clockOffset = random.chance(oneIn: 9) ? 3_600_000 : 0
        let known = try cases.filter { origin in try held(origin, at: machine) != nil }
        var transaction = CaseTransaction(by: try Author(person: Text("p-\(machine.name)"), zoneMinutes: 420))
        let moment = Moment(milliseconds: hub.now, zoneMinutes: 420)
        if known.count < 4 || random.chance(oneIn: 8) {
            let customer = Customer(subject(), name: Text("Dewi \(round)"))
            let number = Text("CKN-\(machine.name)-\(round)")
            _ = try transaction.open(
                NewCase(
                    title: random.pick(Self.titles), category: "room", severity: .minor, tags: ["new"],
                    customer: customer, number: number, at: moment, note: .plain("seen at the counter")))
        } else {
            for origin in Set([random.pick(known), random.pick(known)]).sorted(by: { "\($0)" < "\($1)" }) {
                try transaction.apply(try edits(round), to: origin, shown: try shown(origin, at: machine))
                if random.chance(oneIn: 2) {
                    let words = Text("she said \(round)")
                    let note: NewStep.Note = random.chance(oneIn: 3) ? .personal(words, of: subject()) : .plain(words)
                    let kind = random.pick(StepKind.all.filter { $0 != .moved })
                    try transaction.append(NewStep(kind, at: moment, note: note), to: origin)
                }
            }
        }
        guard !transaction.isEmpty else { return }
        try note(try machine.write(transaction.draft(), in: branch.scope))
    }

    private func subject() -> SubjectID { SubjectID(high: 5, low: UInt64(random.upTo(3))) }

    private func edits(_ round: Int) throws -> [CaseEdit] {
        var edits: [CaseEdit] = [.severity(random.pick(CaseSeverity.allCases))]
        if random.chance(oneIn: 2) {
            edits.append(.write(.category, random.chance(oneIn: 6) ? nil : Text("c\(round % 7)")))
        }
        if random.chance(oneIn: 3) { edits.append(.write(.assignee, Text("s\(round % 5)"))) }
        let tag = Text("t\(round % 6)")
        edits.append(random.chance(oneIn: 3) ? .remove(tag, from: .tags) : .add(tag, to: .tags))
        return edits
    }

    /// Now and then a person was shown an older version.
    private func shown(_ origin: RecordOrigin, at machine: InMemoryReplica<Store>) throws -> [ChangeReference]? {
        guard random.chance(oneIn: 6), let record = try held(origin, at: machine) else { return nil }
        let dots = record.state.slots.flatMap(\.survivors).map(\.dot)
        guard let dot = dots.isEmpty ? nil : random.pick(dots) else { return nil }
        return try machine.store.base.read { try $0.change(at: dot, of: branch.scope) }
            .map { [ChangeReference(dot: $0.dot, hash: $0.hash.short)] }
    }

    private func held(_ origin: RecordOrigin, at machine: InMemoryReplica<Store>) throws -> StoredRecord? {
        let id = origin.recordID(in: branch.scope)
        return try machine.store.base.read { try $0.record(id, of: branch.scope) }
    }

    /// What a hub voids, and what this version cannot fold.
    private func bendRules(_ machine: InMemoryReplica<Store>, _ round: Int) throws {
        let target =
            round % 2 == 0
            ? FieldTarget(field: "title", kind: .set, element: .integer(1))
            : FieldTarget(field: "shape", kind: FieldKind(rawValue: 99))
        try machine.write(
            [FieldOperation(record: 0, target: target, value: .null)],
            to: cases.first ?? .external(source: "s", id: "1"),
            in: branch.scope, schema: CaseSchema.id)
    }

    /// The visitor writes, and somebody hands it over: the hub holds it.
    private func hold(_ round: Int) throws {
        try visitor.sync()
        try visitor.write(
            [
                FieldOperation(
                    record: 0, target: FieldTarget(field: "title", kind: .register), value: .text("from a visitor"))
            ], to: cases.first ?? .external(source: "s", id: "1"), in: branch.scope, schema: CaseSchema.id)
        try machines[0].sync()
        try visitor.carry(branch.scope, to: machines[0])
        try machines[0].sync()
    }

    private func note(_ change: StoredChange) throws {
        guard let bytes = change.operations else { return }
        for origin in try Operations(bytes).records {
            let seen = origin.seen(from: change.hash.short)
            if !cases.contains(seen) { cases.append(seen) }
        }
    }

    private func randomBytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(random.upTo(255)) } }

    private static var titles: [Text] {
        ["Kamar bau rokok", "wrong order\u{0}twice", "\u{202e}مكسور\u{202c}", "cafe\u{301} closed", "café closed"]
    }
}
