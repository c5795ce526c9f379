import Causality
import Changes
import Inspection
import Replication
import SQLiteKit
import SQLiteStore
import StoreContract
import Testing

@Suite("Sealing replaces what it read, or nothing")
struct SealingTests {
    private static let entriesPerSegment = 64

    /// A replica and a hub; so many changes were exchanged one by one.
    private func replica(
        _ folder: Folder, exchanges: Int
    ) throws -> (replica: InMemoryReplica<SQLiteStore>, store: SQLiteStore, scope: ScopeIntroduction) {
        let hub = InMemoryHub(try folder.store("hub"), now: 1_768_000_000_000)
        let scope = try hub.addScope("branch/a")
        let store = try SQLiteStore(
            path: folder.file("replica"), schemas: Samples.schemas, durability: .normal,
            entriesPerSegment: SealingTests.entriesPerSegment, sealingsAfterWrite: 0)
        let replica = try InMemoryReplica(
            "replica", 1, store, hub: hub, home: scope.scope,
            grants: [Grant(scope: scope.scope, rights: [.read, .write])])
        try replica.sync()
        for number in 0..<exchanges {
            try replica.write(
                [Samples.register("title", .text("\(number)"))], to: Samples.record, in: scope.scope)
            try replica.sync()
        }
        return (replica, store, scope)
    }

    private func record(_ scope: ScopeIntroduction) -> RecordID {
        Samples.record.recordID(in: scope.scope)
    }

    private func segments(_ folder: Folder) throws -> [[Int]] {
        let connection = try Connection(path: folder.file("replica"), access: .readOnly)
        defer { connection.close() }
        return try connection.withStatement("SELECT position, count, is_sealed FROM segment ORDER BY position") {
            statement in
            var rows: [[Int]] = []
            while try statement.step() {
                rows.append([try statement.int(0), try statement.int(1), try statement.int(2)])
            }
            return rows
        }
    }

    @Test func smallSegmentsAreBroughtTogetherAndThenSealed() throws {
        let folder = try Folder()
        let (_, store, scope) = try replica(folder, exchanges: 64)
        #expect(try segments(folder).count == 64)
        let before = try store.read { try $0.entries(of: scope.scope, after: 0, limit: 100) }
        let history = try store.read { try $0.changes(touching: record(scope), of: scope.scope) }
        #expect(before.count == 64 && history.count == 64)
        var finals = 0
        while let sealing = try store.prepareSealing() {
            #expect(try store.seal(sealing))
            finals += sealing.isFinal ? 1 : 0
        }
        #expect(finals == 1)
        #expect(try segments(folder) == [[1, 64, 1]])
        #expect(try store.read { try $0.entries(of: scope.scope, after: 0, limit: 100) } == before)
        let after = try store.read { try $0.changes(touching: record(scope), of: scope.scope) }
        #expect(after.map(\.hash) == history.map(\.hash) && after.map(\.placement) == history.map(\.placement))
    }

    /// Found by a trial: with a damaged segment, a case was saved and then reported as failed, and a clerk would have
    /// entered it again.
    @Test func aSealingThatFailsFailsNoWriteThatIsOnDisk() throws {
        let folder = try Folder()
        let (replica, first, scope) = try replica(folder, exchanges: 64)
        try first.close()
        let connection = try Connection(path: folder.file("replica"), access: .readWrite)
        try connection.execute("UPDATE segment SET body = zeroblob(9) WHERE position = 3")
        connection.close()
        let store = try SQLiteStore(
            path: folder.file("replica"), schemas: Samples.schemas,
            entriesPerSegment: SealingTests.entriesPerSegment)
        let again = try InMemoryReplica(
            "replica", 1, store, hub: replica.hub, home: scope.scope,
            grants: [Grant(scope: scope.scope, rights: [.read, .write])])
        let change = try again.write([Samples.register("title", .text("saved"))], to: Samples.record, in: scope.scope)
        let report = try again.sync()
        #expect(report.isComplete && report.failure == nil)
        #expect(try store.read { try $0.change(at: change.dot, of: scope.scope) }?.placement?.position == 65)
        // It was tried, and is due still.
        #expect(try segments(folder).count == 65)
    }

    /// Found by measuring holds: a thousand runs of one change each, removed at once, took 7 ms of a core.
    @Test func aHoldRemovesNoMoreThanSomeRuns() throws {
        let folder = try Folder()
        let hub = InMemoryHub(try folder.store("hub"), now: 1_768_000_000_000)
        let scope = try hub.addScope("branch/a").scope
        let store = try SQLiteStore(
            path: folder.file("replica"), schemas: Samples.schemas, durability: .normal, entriesPerSegment: 256,
            sealingsAfterWrite: 0)
        let replica = try InMemoryReplica(
            "replica", 1, store, hub: hub, home: scope, grants: [Grant(scope: scope, rights: [.read, .write])])
        try replica.sync()
        for number in 0..<300 {
            try replica.write([Samples.register("title", .text("\(number)"))], to: Samples.record, in: scope)
        }
        try replica.sync(over: forgetting(folder.file("replica")))
        func runs() throws -> Int {
            let connection = try Connection(path: folder.file("replica"), access: .readOnly)
            defer { connection.close() }
            return try connection.withStatement("SELECT count(*) FROM run") {
                _ = try $0.step()
                return try $0.int(0)
            }
        }
        let id = Samples.record.recordID(in: scope)
        let history = try store.read { try $0.changes(touching: id, of: scope) }
        var left = [try runs()]
        while let sealing = try store.prepareSealing() {
            #expect(try store.seal(sealing))
            left.append(try runs())
            let verified = try Verifier().verify(path: folder.file("replica"), schemas: Samples.schemas)
            #expect(verified.isOK, "\(verified.damage)")
            #expect(try store.read { try $0.changes(touching: id, of: scope) }.map(\.hash) == history.map(\.hash))
        }
        #expect(left.first == 300 && left.last == 0 && left.count > 3, "\(left)")
        #expect(zip(left, left.dropFirst()).allSatisfy { $0 - $1 <= 128 }, "\(left)")
    }

    /// Found in review: bringing small segments together removed the runs of an open one before them.
    @Test func runsOfAnOpenSegmentBeforeThoseThatAreBroughtTogetherStay() throws {
        let folder = try Folder()
        let (replica, store, scope) = try replica(folder, exchanges: 0)
        for number in 0..<10 {
            try replica.write(
                [Samples.register("title", .text("early \(number)"))], to: Samples.record, in: scope.scope)
        }
        try replica.sync(over: forgetting(folder.file("replica")))
        for number in 0..<4 {
            try replica.write([Samples.register("title", .text("\(number)"))], to: Samples.record, in: scope.scope)
            try replica.sync()
        }
        while let sealing = try store.prepareSealing() {
            #expect(!sealing.isFinal)
            #expect(try store.seal(sealing))
        }
        #expect(try segments(folder) == [[1, 10, 0], [11, 4, 0]])
        #expect(try store.read { try $0.changes(touching: record(scope), of: scope.scope) }.count == 14)
        let report = try Verifier().verify(path: folder.file("replica"), schemas: Samples.schemas)
        #expect(report.isOK, "\(report.damage)")
    }

    @Test func fewSmallSegmentsAreLeftAndMoreAreGathered() throws {
        let folder = try Folder()
        let (replica, store, scope) = try replica(folder, exchanges: 3)
        #expect(try store.prepareSealing() == nil)
        try replica.write([Samples.register("title", .text("x"))], to: Samples.record, in: scope.scope)
        try replica.sync()
        let sealing = try #require(try store.prepareSealing())
        #expect(!sealing.isFinal && sealing.entryCount == 4)
        #expect(try store.seal(sealing))
        #expect(try segments(folder) == [[1, 4, 0]])
        #expect(try store.prepareSealing() == nil)
    }

    @Test func whatNoLongerStandsIsNotReplaced() throws {
        let folder = try Folder()
        let (_, store, scope) = try replica(folder, exchanges: 64)
        let early = try #require(try store.prepareSealing())
        // Another sealing of the same entries comes first.
        while let sealing = try store.prepareSealing() { #expect(try store.seal(sealing)) }
        let entries = try store.read { try $0.entries(of: scope.scope, after: 0, limit: 100) }
        #expect(try !store.seal(early))
        #expect(try segments(folder) == [[1, 64, 1]])
        #expect(try store.read { try $0.entries(of: scope.scope, after: 0, limit: 100) } == entries)
    }
}
