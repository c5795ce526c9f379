import Changes
import Replication
import SQLiteKit
import SQLiteStore
import Testing

@Suite("Several connections use one file")
struct SharingTests {
    private func title(_ store: SQLiteStore) throws -> Value? {
        try store.read {
            try $0.record(Samples.id(), of: Samples.scope.scope)?.state.winner("title", .latest)?.value
        }
    }

    @Test func anotherWriterIsNoticed() throws {
        let folder = try Folder()
        let first = try folder.store()
        let second = try folder.store()
        let author = try Author(first)
        // The same replica: a command beside the running service.
        let other = try Author(second)
        try author.write([Samples.register("title", .text("a"))])
        #expect(try title(second) == .text("a"))
        // Each has the record cached, and writes on what the other wrote.
        try other.write([Samples.register("title", .text("b"))], at: 2_000)
        #expect(try title(first) == .text("b"))
        try author.write([Samples.register("title", .text("c"))], at: 3_000)
        let survivors = try second.read {
            try $0.record(Samples.id(), of: Samples.scope.scope)?.state.slots.first?.survivors.map(\.value)
        }
        #expect(survivors == [.text("c")])
        let sequences = try second.read { try $0.feeds(of: Samples.scope.scope).map(\.sequence).sorted() }
        #expect(sequences == [3])
    }

    @Test func aReaderBesideAWriter() throws {
        let folder = try Folder()
        let store = try folder.store()
        let author = try Author(store)
        try author.write([Samples.register("title", .text("a"))])
        let reader = try SQLiteStore(reading: folder.file(), schemas: Samples.schemas)
        #expect(try title(reader) == .text("a"))
        try reader.read { transaction in
            let scope = Samples.scope.scope
            let before = try transaction.record(Samples.id(), of: scope)
            try author.write([Samples.register("title", .text("b"))])
            // Its snapshot stands, whatever is committed meanwhile.
            #expect(try transaction.record(Samples.id(), of: scope) == before)
            #expect(try transaction.feed(author.identity.feed, of: scope)?.sequence == 1)
        }
        #expect(try title(reader) == .text("b"))
        try reader.close()
    }

    @Test func aReaderOfNothing() throws {
        let folder = try Folder()
        #expect(throws: SQLiteError.self) {
            try SQLiteStore(reading: folder.file("missing"), schemas: Samples.schemas)
        }
    }

    @Test func aNewerFileIsRefused() throws {
        let folder = try Folder()
        try folder.store().close()
        let connection = try Connection(path: folder.file(), access: .readWrite)
        try connection.setUserVersion(connection.userVersion + 1)
        connection.close()
        #expect(throws: FormatError.self) { _ = try folder.store() }
        #expect(throws: FormatError.self) {
            try SQLiteStore(reading: folder.file(), schemas: Samples.schemas)
        }
    }
}
