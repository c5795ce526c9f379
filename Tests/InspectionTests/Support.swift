import Causality
import Changes
import Claims
import Foundation
import Inspection
import Replication
import SQLiteKit
import SQLiteStore
import ServiceRecovery
import StoreContract

/// Two machines of one branch and a hub, on files, with a case that both edit without knowing of each other.
final class Branch {
    let folder: TemporaryFolder
    let hub: InMemoryHub<SQLiteStore>
    let machines: [InMemoryReplica<SQLiteStore>]
    let scope: ScopeID
    static let start: Int64 = 1_768_000_000_000
    static let schemas = SampleChain<SQLiteStore>.schemas

    init() throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        func store(_ name: String) throws -> SQLiteStore {
            try SQLiteStore(path: folder.file(name), schemas: Branch.schemas, durability: .normal)
        }
        let hub = InMemoryHub(try store("hub"), schemas: Branch.schemas, now: Branch.start)
        self.hub = hub
        let scope = try hub.addScope("branch/a").scope
        self.scope = scope
        machines = try ["ana", "boris"].enumerated().map { index, name in
            try InMemoryReplica(
                name, UInt8(index + 1), store(name), hub: hub, home: scope,
                grants: [Grant(scope: scope, rights: [.read, .write])])
        }
        for machine in machines { try machine.sync() }
    }

    var ana: InMemoryReplica<SQLiteStore> { machines[0] }
    var boris: InMemoryReplica<SQLiteStore> { machines[1] }

    func author(_ machine: InMemoryReplica<SQLiteStore>) throws -> Author {
        try Author(person: Text("p-\(machine.name)"), zoneMinutes: 420)
    }

    /// Opens a case; the clock moves on by a second first, as it does before every write.
    func open(_ title: Text, at machine: InMemoryReplica<SQLiteStore>) throws -> RecordOrigin {
        hub.now += 1_000
        let customer = Customer(SubjectID(high: 5, low: 5), name: "Dewi")
        let change = try machine.write(
            CaseDrafts.open(
                NewCase(title: title, severity: .minor, customer: customer, at: moment), by: author(machine)),
            in: scope)
        return .created(change: change.hash.short, index: 0)
    }

    @discardableResult
    func edit(
        _ edits: [CaseEdit], of origin: RecordOrigin, at machine: InMemoryReplica<SQLiteStore>,
        shown: [ChangeReference]? = nil
    ) throws -> StoredChange {
        hub.now += 1_000
        return try machine.write(CaseDrafts.edit(edits, of: origin, shown: shown, by: author(machine)), in: scope)
    }

    @discardableResult
    func step(
        _ kind: StepKind, of origin: RecordOrigin, at machine: InMemoryReplica<SQLiteStore>
    ) throws -> StoredChange {
        hub.now += 1_000
        return try machine.write(
            CaseDrafts.step(NewStep(kind, at: moment), of: origin, by: author(machine)), in: scope)
    }

    var moment: Moment { Moment(milliseconds: hub.now, zoneMinutes: 420) }

    func syncAll() throws { for machine in machines + machines { try machine.sync() } }

    func place(_ origin: RecordOrigin) -> RecordPlace {
        RecordPlace(id: origin.recordID(in: scope), scope: scope)
    }

    func path(_ machine: InMemoryReplica<SQLiteStore>) -> String { folder.file(machine.name) }

    func explain(
        _ field: Text, of origin: RecordOrigin, at machine: InMemoryReplica<SQLiteStore>
    ) throws -> [Explanation] {
        try machine.store.base.read { transaction in
            try Explainer(transaction, schemas: Branch.schemas).explain(field, of: place(origin))
        }
    }
}

/// Changes a closed file as nothing of ours would.
func damage(_ path: String, _ script: String) throws {
    let connection = try Connection(path: path, access: .readWrite)
    try connection.setForeignKeys(false)
    try connection.execute(script: script)
    connection.close()
}
