import Causality
import Changes
import Inspection
import Replication
import SQLiteKit
import SQLiteStore
import StoreContract
import Testing

/// A replica whose pushed blocks are placed as they went out, and what must not differ from one that forgot them.
@Suite("A pushed block comes back with places and stays as it went out")
struct PlacedPushTests {
    private struct World {
        let folder: Folder
        let hub: InMemoryHub<SQLiteStore>
        let store: SQLiteStore
        let replica: InMemoryReplica<SQLiteStore>
        let scope: ScopeID

        init() throws {
            folder = try Folder()
            hub = InMemoryHub(try folder.store("hub"), now: 1_768_000_000_000)
            scope = try hub.addScope("branch/a").scope
            store = try SQLiteStore(
                path: folder.file("replica"), schemas: Samples.schemas, durability: .normal, entriesPerSegment: 64,
                sealingsAfterWrite: 0)
            replica = try InMemoryReplica(
                "replica", 1, store, hub: hub, home: scope, grants: [Grant(scope: scope, rights: [.read, .write])])
            try replica.sync()
        }

        /// So many changes of three records, in commits of ten.
        func write(_ numbers: Range<Int>) throws {
            for first in stride(from: numbers.lowerBound, to: numbers.upperBound, by: 10) {
                try replica.write(first..<min(first + 10, numbers.upperBound), records: 3, in: scope)
            }
        }

        func number(_ sql: String) throws -> Int {
            let connection = try Connection(path: folder.file("replica"), access: .readOnly)
            defer { connection.close() }
            return try connection.withStatement(dynamic: sql) {
                _ = try $0.step()
                return try $0.int(0)
            }
        }

        func check() throws {
            let report = try Verifier().verify(path: folder.file("replica"), schemas: Samples.schemas)
            #expect(report.isOK, "\(report.damage)")
            #expect(try replica.scopeState(scope)?.history == hub.store.read { try $0.scope(scope)?.history })
        }
    }

    @Test func blocksAreTakenWholeAndTheirRunsGo() throws {
        let world = try World()
        try world.write(0..<1_500)
        try world.replica.sync()
        #expect(try world.number("SELECT count(*) FROM run") == 0)
        #expect(try world.number("SELECT count(*) FROM segment WHERE is_whole = 0") == 0)
        #expect(try world.number("SELECT sum(count) FROM segment") == 1_500)
        try world.check()
        // What follows goes on where they end.
        try world.write(1_500..<1_600)
        try world.replica.sync()
        #expect(try world.number("SELECT count(*) FROM run") == 0)
        try world.check()
    }

    @Test func theLogIsThatOfAReplicaThatForgot() throws {
        let (kept, forgot) = (try World(), try World())
        for world in [kept, forgot] { try world.write(0..<300) }
        try kept.replica.sync()
        try forgot.replica.sync(over: forgetting(forgot.folder.file("replica")))
        #expect(try kept.number("SELECT count(*) FROM run") == 0)
        #expect(try forgot.number("SELECT count(*) FROM run") == 30)
        for record in 0..<3 {
            let id = RecordOrigin.external(source: "test", id: Text("\(record)"))
                .recordID(in: kept.scope)
            let histories = try [kept, forgot].map { world in
                try world.store.read { try $0.changes(touching: id, of: world.scope) }
            }
            #expect(histories[0].count == 100 && histories[0] == histories[1])
        }
        let entries = try [kept, forgot].map { world in
            try world.store.read { try $0.entries(of: world.scope, after: 0, limit: 1_000) }
        }
        #expect(entries[0].count == 300 && entries[0] == entries[1])
        let states = try [kept, forgot].map { try $0.replica.fingerprint($0.scope) }
        #expect(states[0] == states[1])
        for world in [kept, forgot] { try world.check() }
    }

    /// A stamp that lies far ahead is brought back to the time of receipt: its records are folded again.
    @Test func aBlockWhoseTimesMoveIsPlacedChangeByChange() throws {
        let world = try World()
        world.replica.clockOffset = 86_400_000
        try world.write(0..<40)
        try world.replica.sync()
        #expect(try world.number("SELECT count(*) FROM run") == 4)
        let id = RecordOrigin.external(source: "test", id: "1").recordID(
            in: world.scope)
        let record = try #require(try world.store.read { try $0.record(id, of: world.scope) })
        let survivor = try #require(record.state.slots.first?.survivors.first)
        #expect(survivor.effective.milliseconds < world.replica.now)
        try world.check()
    }

    /// What lies in an open segment that is not whole keeps its run.
    @Test func aRunThatBeginsInAnOpenSegmentStays() throws {
        let world = try World()
        try world.write(0..<5)
        // Two pushes of one commit's changes: the first is forgotten, the second is not.
        try world.replica.store.write { transaction in
            let writer = LocalWriter(transaction, identity: world.replica.identity, random: world.replica.randomBytes)
            for number in 5..<25 {
                try writer.commit(
                    ChangeDraft(
                        person: "p", zoneMinutes: 0, schema: "things/1",
                        operations: Operations(
                            records: [Samples.record],
                            operations: [Samples.register("title", .text("\(number)"))])),
                    in: world.scope, at: world.replica.now + Int64(number))
            }
        }
        let report = try world.replica.sync(
            limits: PushLimits(changes: 10), over: forgetting(world.folder.file("replica"), times: 1))
        #expect(report.roundTrips > 2)
        #expect(try world.number("SELECT count(*) FROM segment WHERE is_whole = 0") == 1)
        // The commit's run begins in the segment that names its changes only.
        #expect(try world.number("SELECT count(*) FROM run WHERE place & 1099511627775 = 6 AND count = 20") == 1)
        try world.check()
        while let sealing = try world.store.prepareSealing() { #expect(try world.store.seal(sealing)) }
        try world.check()
    }
}
