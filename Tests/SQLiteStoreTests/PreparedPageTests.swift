import Causality
import Changes
import Inspection
import Replication
import SQLiteStore
import StoreContract
import Testing

/// Pages of several blocks, of which a later one goes on from what an earlier one brought in another way.
@Suite("Blocks that are worked out ahead come to what they come to in their turn")
struct PreparedPageTests {
    private let folder: Folder
    private let hub: InMemoryHub<SQLiteStore>
    private let scope: ScopeID

    init() throws {
        folder = try Folder()
        hub = InMemoryHub(try folder.store("hub"), now: 1_768_000_000_000)
        scope = try hub.addScope("branch/a").scope
    }

    private func replica(_ name: String, _ number: UInt8) throws -> InMemoryReplica<SQLiteStore> {
        let replica = try InMemoryReplica(
            name, number, try folder.store(name), hub: hub, home: scope,
            grants: [Grant(scope: scope, rights: [.read, .write])])
        try replica.sync()
        return replica
    }

    /// The first block of the second author has a context and is taken entry by entry; those after it are whole, and go on where
    /// it ends. A replica that holds some of the order asks for the rest in pages that begin within a block.
    @Test(arguments: [5_000, 1_500, 700]) func aFeedGoesOnFromABlockThatIsTakenEntryByEntry(_ pageChanges: Int) throws {
        let (ana, ben) = (try replica("ana", 1), try replica("ben", 2))
        let early = try replica("early", 3)
        try ana.write(0..<600, records: 70, in: scope)
        try ana.sync()
        try early.sync()
        try ben.sync()
        try ben.write(0..<2_600, records: 70, in: scope)
        try ben.sync()
        try ana.sync()
        try ana.write(0..<1_300, records: 70, in: scope)
        try ana.sync()
        try ben.sync()
        for reader in [early, try replica("late", 4)] {
            try reader.sync(page: PageLimits(changes: pageChanges))
            #expect(try reader.scopeState(scope)?.position == 4_500)
            #expect(try reader.scopeState(scope)?.history == hub.store.read { try $0.scope(scope)?.history })
            let report = try Verifier().verify(path: folder.file(reader.name), schemas: Samples.schemas)
            #expect(report.isOK, "\(report.damage)")
            let fingerprint = try reader.store.read { try $0.fingerprint(of: scope).hash }
            #expect(fingerprint == (try ben.store.read { try $0.fingerprint(of: scope).hash }))
        }
    }

    /// Records that a scope held before a program first asked, and those that came since, are found.
    @Test func recordsAreFoundWhoeverWroteThem() throws {
        let ana = try replica("ana", 1)
        try ana.write(0..<70, records: 70, in: scope)
        try ana.sync()
        let ben = try replica("ben", 2)
        try ben.write(0..<70, records: 70, in: scope)
        try ben.sync()
        let other = try SQLiteStore(path: folder.file("ben"), schemas: Samples.schemas)
        let ids = try other.read { try $0.records(of: scope, after: nil, limit: 1_000).map(\.id) }
        #expect(ids.count == 70)
        let found = try ben.store.write { transaction in
            try ids.filter { try transaction.record($0, of: scope) != nil }
        }
        #expect(found == ids)
        #expect(
            try other.write { transaction in try ids.filter { try transaction.record($0, of: scope) != nil } } == ids)
    }
}
