import Causality
import Changes
import Replication
import SQLiteKit
import SQLiteStore
import StoreContract
import Testing

@Suite("A transaction is there whole, or not at all")
struct TransactionTests {
    private struct Cut: Error {}

    @Test func throwingInTheMiddleLeavesNothing() throws {
        let folder = try Folder()
        let store = try folder.store()
        let author = try Author(store)
        try author.write([Samples.register(Schema.typeField, .text("thing")), Samples.register("title", .text("one"))])
        let before = try Tables.dump(folder.file(), like: "*")
        #expect(throws: Cut.self) {
            try store.write { transaction in
                try author.write([Samples.register("title", .text("two")), Samples.step("s")], in: transaction)
                _ = try transaction.recordsWithConflicts(limit: 1)
                throw Cut()
            }
        }
        #expect(try Tables.dump(folder.file(), like: "*") == before)
        // What was cached of it is gone too.
        let title = try store.read {
            try $0.record(Samples.id(), of: Samples.scope.scope)?.state.winner("title", .latest)?.value
        }
        #expect(title == .text("one"))
        try author.write([Samples.register("title", .text("three"))])
        #expect(try store.read { try $0.feed(author.identity.feed, of: Samples.scope.scope)?.sequence } == 2)
    }

    /// A page of the order and the cursor that it moves.
    @Test func aBatchAndItsCursorAreOne() throws {
        let folder = try Folder()
        let hub = InMemoryHub(try folder.store("hub"), now: 1_768_000_000_000)
        let scope = try hub.addScope("branch/a").scope
        let replicas = try (0..<2).map { index in
            try InMemoryReplica(
                "replica-\(index)", UInt8(index + 1), folder.store("replica-\(index)"), hub: hub, home: scope,
                grants: [Grant(scope: scope, rights: [.read, .write])])
        }
        for replica in replicas { try replica.sync() }
        for number in 0..<7 {
            try replicas[0].write([Samples.register("title", .text("\(number)"))], to: Samples.record, in: scope)
        }
        try replicas[0].sync()
        let other = replicas[1]
        let before = try Tables.dump(other.store.base.path, like: "*")
        // The request is a transaction, then the page is.
        other.store.writesUntilFailure = 1
        #expect(try other.sync().failure != nil)
        #expect(try Tables.dump(other.store.base.path, like: "*") == before)
        other.store.writesUntilFailure = nil
        #expect(try other.sync().isComplete)
        #expect(try other.scopeState(scope)?.position == 7)
        #expect(try other.fingerprint(scope) == replicas[0].fingerprint(scope))
    }

    @Test func reopeningGivesTheSame() throws {
        let folder = try Folder()
        var store = try folder.store()
        let author = try Author(store)
        for number in 0..<20 {
            try author.write(
                [
                    Samples.register(Schema.typeField, .text("thing")), Samples.register("title", .text("\(number)")),
                    Samples.step("s\(number)"), Samples.tag("t\(number % 3)", number % 4 == 0 ? .remove : .put),
                ], to: .external(source: "test", id: Text("\(number % 4)")), at: Int64(number) * 1_000)
        }
        func everything(_ store: SQLiteStore) throws -> [String] {
            try store.read { transaction in
                try transaction.scopes().map { "\($0)" } + transaction.feeds(of: Samples.scope.scope).map { "\($0)" }
                    + transaction.records(of: Samples.scope.scope, after: nil, limit: .max).flatMap { record in
                        try ["\(record)"]
                            + transaction.logRows(of: record.id, scope: Samples.scope.scope).map { "\($0)" }
                    } + [transaction.fingerprint(of: Samples.scope.scope).hash.description, "\(transaction.clock())"]
            }
        }
        let before = try everything(store)
        let tables = try Tables.dump(folder.file(), like: "*")
        try store.close()
        store = try folder.store()
        #expect(try everything(store) == before)
        #expect(try Tables.dump(folder.file(), like: "*") == tables)
        // And writing goes on where it was.
        #expect(try Author(store).write([Samples.step("more")]).dot.sequence == 21)
    }
}
