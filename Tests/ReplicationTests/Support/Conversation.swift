import Causality
import Changes
import Replication
import StoreContract
import Testing

/// A hub and a few replicas that know each other, over in-memory stores.
struct Conversation {
    typealias Replica = InMemoryReplica<MemoryStore>

    let hub: InMemoryHub<MemoryStore>
    let scopes: [ScopeIntroduction]
    let replicas: [Replica]

    /// 2026-01-10, more or less.
    static let start: Int64 = 1_768_000_000_000
    static let record = RecordOrigin.external(source: "test", id: "case 1")
    static let allRights = [Grant(scope: nil, rights: [.read, .write])]

    /// - Parameter rights: of each replica in every scope.
    init(_ count: Int = 3, scopes names: [Text] = ["branch/a"], schemas: [Schema] = [], rights: [Rights]? = nil) throws
    {
        let hub = InMemoryHub(MemoryStore(), schemas: schemas, now: Conversation.start)
        let scopes = try names.map { try hub.addScope($0) }
        self.hub = hub
        self.scopes = scopes
        replicas = try (0..<count).map { index in
            try Replica(
                ["ana", "ben", "hq", "dan", "eve"][index], UInt8(index + 1), MemoryStore(), hub: hub,
                home: scopes[0].scope, grants: [Grant(scope: nil, rights: rights?[index] ?? [.read, .write])])
        }
        for replica in replicas { try replica.sync() }
    }

    var scope: ScopeID { scopes[0].scope }

    /// Everyone synchronises, three times: the rounds within which peace comes.
    func settle() throws {
        for _ in 0..<3 { for replica in replicas { try replica.sync() } }
    }

    /// Same position, history hash, fingerprint, records and rows everywhere, nothing unsent, and all as the obvious
    /// fold of what the hub has placed.
    func expectAgreement() throws {
        for scope in scopes { try ChainChecks.alwaysEqual(replicas, hub: hub, in: scope.scope) }
    }

    /// All that the hub holds, in words.
    func hubState() throws -> [String] {
        try hub.store.read { try HubStoreContract<MemoryStore>.everything($0) }
    }
}

extension InMemoryReplica {
    /// Writes a register of the record that conversations are about.
    @discardableResult
    func put(_ field: Text, _ value: Value, shown: [ChangeReference]? = nil, in scope: ScopeID) throws -> StoredChange {
        try write(
            [FieldOperation(record: 0, target: FieldTarget(field: field, kind: .register), value: value, shown: shown)],
            to: Conversation.record, in: scope)
    }

    @discardableResult
    func step(_ text: String, in scope: ScopeID) throws -> StoredChange {
        try write(
            [FieldOperation(record: 0, target: FieldTarget(field: "steps", kind: .log), value: .text(text))],
            to: Conversation.record, in: scope)
    }

    /// What a register holds, in the order of the dots.
    func values(_ field: Text, in scope: ScopeID) throws -> [Value] {
        let slot = try state(Conversation.record, in: scope).slot(FieldTarget(field: field, kind: .register))
        return slot?.survivors.map(\.value) ?? []
    }

    func latest(_ field: Text, in scope: ScopeID) throws -> Value? {
        try state(Conversation.record, in: scope).winner(field, .latest)?.value
    }

    func steps(in scope: ScopeID) throws -> [Value] { try log(Conversation.record, in: scope).map(\.value) }
}

extension StoredChange {
    var reference: ChangeReference { ChangeReference(dot: dot, hash: hash.short) }
}

/// Every order of some things.
func permutations<Element>(of elements: [Element]) -> [[Element]] {
    guard !elements.isEmpty else { return [[]] }
    return elements.indices.flatMap { index in
        var rest = elements
        let first = rest.remove(at: index)
        return permutations(of: rest).map { [first] + $0 }
    }
}
