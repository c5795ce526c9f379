import Causality
import Changes
import Replication
import SQLiteKit
import SQLiteStore
import StoreContract
import Testing

@Suite("Damage and hostile names are errors, never traps")
struct DamageTests {
    /// Found in review: each of these columns trapped when it was below zero.
    @Test(arguments: [
        "UPDATE scope SET position = -1", "UPDATE scope SET folded_position = -1", "UPDATE feed SET sequence = -1",
        "UPDATE feed SET seen = -1", "UPDATE run SET place = -1", "UPDATE run SET count = 9",
        "UPDATE run SET body = x'01'",
        "UPDATE feed SET placed = -1", "UPDATE log_row SET sequence = -1",
        "UPDATE scope SET history = x'00'", "UPDATE record SET origin = CAST(origin || x'00' AS BLOB)",
        "UPDATE record SET state = x'07'", "UPDATE thing SET clocks = x'07'",
        "DELETE FROM thing", "UPDATE record SET type = 9", "UPDATE log_row SET value = x'ff'",
    ])
    func aDamagedRowThrows(update: String) throws {
        let folder = try Folder()
        var store = try folder.store()
        let author = try Author(store)
        try author.write([Samples.register(Schema.typeField, .text("thing")), Samples.step("s")])
        try store.close()
        let connection = try Connection(path: folder.file(), access: .readWrite)
        try connection.execute(script: update)
        connection.close()
        store = try folder.store()
        #expect(throws: StoredValueError.self) {
            try store.read { transaction in
                let scope = Samples.scope.scope
                _ = try transaction.scopes()
                _ = try transaction.feeds(of: scope)
                _ = try transaction.unplaced(of: scope, after: 0, limit: 10)
                _ = try transaction.logRows(of: Samples.id(), scope: scope)
                _ = try transaction.record(Samples.id(), of: scope)
            }
        }
    }

    /// Found in review: a head of a known feed at a sequence of 2^63 or more trapped the hub.
    @Test func aSequenceThatNoColumnHolds() throws {
        let folder = try Folder()
        let store = try folder.store()
        let author = try Author(store)
        try author.write([Samples.register("title", .text("x"))])
        for sequence in [UInt64(Int64.max), UInt64(Int64.max) + 1, .max] {
            let dot = Dot(feed: author.identity.feed, sequence: sequence)
            try store.write { transaction in
                let scope = Samples.scope.scope
                #expect(try transaction.change(at: dot, of: scope) == nil)
                #expect(try transaction.parts(of: dot, scope: scope) == [])
                try transaction.addParts([[1]], of: dot, scope: scope)
                let replica = author.identity.replica
                #expect(try transaction.attestation(of: replica, scope: scope, covering: sequence) == nil)
            }
        }
    }

    /// Found by a trial: changes that a hub folded once more left a state that no bytes say, and a join ended its program.
    @Test func aFoldedPositionThatFell() throws {
        let folder = try Folder()
        let store = try folder.store("hub")
        let hub = InMemoryHub(store, now: 1_768_000_000_000)
        let scope = try hub.addScope("branch/a").scope
        let replica = try InMemoryReplica(
            "a", 1, folder.store("a"), hub: hub, home: scope, grants: [Grant(scope: scope, rights: [.read, .write])])
        try replica.sync()
        for number in 0..<3 {
            try replica.write(
                [Samples.register("title", .text("\(number)")), Samples.step("\(number)")], to: Samples.record,
                in: scope)
        }
        try replica.sync()
        #expect(try store.write { try OrderFolder($0).catchUp(scope) } == 3)
        let before = try store.read { try $0.fingerprint(of: scope) }
        let connection = try Connection(path: folder.file("hub"), access: .readWrite)
        try connection.execute("UPDATE scope SET folded_position = 0")
        connection.close()
        #expect(throws: FoldedTwice.self) { try store.write { try OrderFolder($0).catchUp(scope) } }
        #expect(try store.read { try $0.fingerprint(of: scope) } == before)
    }

    /// The same through the hub's own code: a hello with heads out of range is answered.
    @Test func aHelloWithHeadsOutOfRange() throws {
        let folder = try Folder()
        let hub = InMemoryHub(try folder.store("hub"), now: 1_768_000_000_000)
        let scope = try hub.addScope("branch/a")
        let replica = try InMemoryReplica(
            "a", 1, folder.store("a"), hub: hub, home: scope.scope,
            grants: [Grant(scope: scope.scope, rights: [.read, .write])])
        try replica.sync()
        try replica.write([Samples.register("title", .text("x"))], to: Samples.record, in: scope.scope)
        try replica.sync()
        let head = ChangeReference(
            dot: Dot(feed: replica.identity.feed, sequence: .max), hash: ShortHash(high: 1, low: 1))
        let request = SyncRequest(
            limits: PageLimits(),
            hellos: [
                ScopeHello(
                    scope: scope.scope, position: 0, history: HistoryHash(chain: scope.seed, scope: scope.scope),
                    ownHead: head, foreignHeads: [head])
            ])
        let outcome = try hub.exchange(request.encoded(), carrier: replica.certificate)
        #expect(outcome.response.answers.count == 1)
    }
}
