import Causality
import Changes
import Foundation
import Inspection
import Replication
import SQLiteKit
import SQLiteStore
import StoreContract
import Testing

@Suite("Records lag behind the log while bulk work runs, and nothing else does")
struct LagTests {
    private struct Cut: Error {}

    private static let scope = Samples.scope.scope

    /// What a store says of its records.
    private func everything(_ store: SQLiteStore) throws -> [String] {
        try store.read { transaction in
            try transaction.feeds(of: LagTests.scope).map { "\($0)" }
                + transaction.records(of: LagTests.scope, after: nil, limit: .max).flatMap { record in
                    try ["\(record)"] + transaction.logRows(of: record.id, scope: LagTests.scope).map { "\($0)" }
                } + [transaction.fingerprint(of: LagTests.scope).hash.description, "\(transaction.clock())"]
        }
    }

    private func verify(_ path: String) throws -> VerifyReport {
        try Verifier().verify(path: path, schemas: Samples.schemas)
    }

    /// As a machine that loses its power leaves it, all that was written being on disk.
    private func copy(_ folder: Folder, to name: String) throws -> String {
        for suffix in ["", "-wal"] {
            try? FileManager.default.removeItem(atPath: folder.file(name) + suffix)
            try FileManager.default.copyItem(atPath: folder.file() + suffix, toPath: folder.file(name) + suffix)
        }
        return folder.file(name)
    }

    private func title(_ words: String) -> [FieldOperation] {
        [
            Samples.register(Schema.typeField, .text("thing")), Samples.register("title", .text(words)),
            Samples.step("step \(words)"),
        ]
    }

    @Test func whoReadsElsewhereSeesAnEarlierStateAndTheWorkAWholeOne() throws {
        let folder = try Folder()
        let store = try folder.store()
        let author = try Author(store)
        try author.write(title("before"))
        let reader = try SQLiteStore(reading: folder.file(), schemas: Samples.schemas)
        func shown(_ store: SQLiteStore) throws -> Value? {
            try store.read { try $0.record(Samples.id(), of: LagTests.scope)?.state.winner("title", .latest)?.value }
        }
        try store.withDeferredDurability {
            for number in 0..<3 { try author.write(title("\(number)")) }
            #expect(try shown(reader) == .text("before"))
            #expect(try reader.read { try $0.feeds(of: LagTests.scope).first?.sequence } == 4)
            #expect(try reader.read { try $0.firstUnfolded() } == 2)
            let report = try verify(folder.file())
            #expect(report.isOK && report.basis.unfoldedChanges == 3, "\(report.damage)")
            // Who asks the writing store is not told less than what it has.
            #expect(try shown(store) == .text("2"))
            #expect(try shown(reader) == .text("2"))
            try author.write(title("last"))
            #expect(try shown(reader) == .text("2"))
        }
        #expect(try shown(reader) == .text("last"))
        #expect(try reader.read { try $0.firstUnfolded() } == nil)
        #expect(try verify(folder.file()).isOK)
    }

    /// Found by a trial: after an import that was cut off, every command that reads showed none of it.
    @Test func whatWasCutOffIsShownToWhoReads() throws {
        let folder = try Folder()
        let store = try folder.store()
        let author = try Author(store)
        var cut = ""
        try store.withDeferredDurability {
            for number in 0..<3 { try author.write(title("\(number)")) }
            cut = try copy(folder, to: "cut")
        }
        let before = try SQLiteStore(reading: cut, schemas: Samples.schemas)
        #expect(try before.read { try $0.record(Samples.id(), of: LagTests.scope) } == nil)
        try before.close()
        let reader = try SQLiteStore.openCaughtUp(reading: cut, schemas: Samples.schemas)
        let record = try reader.read { try $0.record(Samples.id(), of: LagTests.scope) }
        #expect(record?.state.winner("title", .latest)?.value == .text("2"))
        #expect(try reader.read { try $0.firstUnfolded() } == nil)
    }

    @Test func bulkWorkThatThrowsKeepsWhatItCommitted() throws {
        let folder = try Folder()
        let store = try folder.store()
        let author = try Author(store)
        #expect(throws: Cut.self) {
            try store.withDeferredDurability {
                try author.write(title("kept"))
                try store.write { transaction in
                    try author.write(title("gone"), in: transaction)
                    throw Cut()
                }
            }
        }
        // What was kept is shown to others at once.
        let reader = try SQLiteStore(reading: folder.file(), schemas: Samples.schemas)
        #expect(try reader.read { try $0.firstUnfolded() } == nil)
        #expect(try reader.read { try $0.record(Samples.id(), of: LagTests.scope) } != nil)
        try reader.close()
        try author.write([Samples.tag("later")])
        let report = try verify(folder.file())
        #expect(report.isOK && report.basis.unfoldedChanges == 0, "\(report.damage)")
        let record = try store.read { try $0.record(Samples.id(), of: LagTests.scope) }
        #expect(record?.state.winner("title", .latest)?.value == .text("kept"))
    }

    /// Found in review: what lags was folded into the old tables by the new ones' statements.
    @Test(arguments: [0, 1]) func aCutFileIsOpenedWithOtherSchemas(removing: Int) throws {
        let fields = [
            FieldDefinition("title"), FieldDefinition("size", columnType: .integer), FieldDefinition("tags", .set),
        ]
        func schemas(_ fields: [FieldDefinition]) -> [Schema] {
            [
                Schema(
                    id: "things/1",
                    recordTypes: [
                        RecordType(name: "other", table: "other", fields: [FieldDefinition("title")]),
                        RecordType(name: "thing", table: "thing", fields: fields),
                    ])
            ]
        }
        let more = schemas(fields + [FieldDefinition("added"), FieldDefinition("steps", .log)])
        let less = schemas([FieldDefinition("size", columnType: .integer)])
        let folder = try Folder()
        let before = removing == 0 ? schemas(fields) : more
        let after = removing == 0 ? more : less
        let store = try folder.store(schemas: before)
        let ordinary = try folder.store("ordinary", schemas: before)
        func work(_ store: SQLiteStore, _ numbers: Range<Int>) throws {
            let author = try Author(store)
            for number in numbers {
                try author.write(
                    [
                        Samples.register(Schema.typeField, .text("thing")),
                        Samples.register("title", .text("t\(number)")), Samples.register("added", .text("a\(number)")),
                        Samples.register("size", .integer(Int64(number))), Samples.step("s\(number)"),
                        Samples.tag("g\(number % 3)"),
                    ], to: .external(source: "test", id: Text("\(number % 700)")), at: Int64(number) * 10)
            }
        }
        for each in [store, ordinary] { try work(each, 0..<700) }
        try work(ordinary, 700..<900)
        var cut = ""
        try store.withDeferredDurability {
            try work(store, 700..<900)
            cut = try copy(folder, to: "cut")
        }
        try ordinary.close()
        #expect(try verify(cut).basis.unfoldedChanges == 200)
        let opened = try folder.store("cut", schemas: after)
        let migrated = try folder.store("ordinary", schemas: after)
        #expect(try everything(opened) == everything(migrated))
        for path in ["cut", "ordinary"] {
            let report = try Verifier().verify(path: folder.file(path), schemas: after)
            #expect(report.isOK && report.basis.unfoldedChanges == 0, "\(report.damage.prefix(3))")
        }
        #expect(
            try Tables.dump(folder.file("cut"), like: "thing*") == Tables.dump(folder.file("ordinary"), like: "thing*"))
    }

    @Test func aDamagedMarkIsNamedAndNothingIsWritten() throws {
        let folder = try Folder()
        let store = try folder.store()
        let author = try Author(store)
        try author.write(title("one"))
        try store.close()
        let connection = try Connection(path: folder.file(), access: .readWriteAsFound)
        try connection.execute("INSERT INTO setting (key, value) VALUES ('unfolded', x'0000000000000007')")
        #expect(try verify(folder.file()).damage.map(\.row) == ["unfolded"])
        try connection.execute("UPDATE setting SET value = x'07' WHERE key = 'unfolded'")
        connection.close()
        #expect(try verify(folder.file()).damage.map(\.row) == ["unfolded"])
        let before = try Tables.dump(folder.file(), like: "*")
        #expect(throws: StoredValueError.self) { try folder.store() }
        #expect(try Tables.dump(folder.file(), like: "*") == before)
    }

    /// Whatever happens between the commits of bulk work, its end is what ordinary writes come to: cut off and opened
    /// again at any commit, written by another process meanwhile, read, refolded, given up in the middle of a commit.
    @Test(arguments: 1...12) func whateverComesBetweenTheEndIsThatOfOrdinaryWrites(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let folder = try Folder()
        let store = try folder.store()
        let ordinary = try folder.store("ordinary")
        let authors = (lagging: try Author(store), ordinary: try Author(ordinary))
        var now: Int64 = 1_000

        func operations() -> [FieldOperation] {
            var operations = [Samples.register(Schema.typeField, .text(random.chance(oneIn: 9) ? "other" : "thing"))]
            if random.chance(oneIn: 2) { operations.append(Samples.register("title", .text("t\(random.upTo(99))"))) }
            if random.chance(oneIn: 2) { operations.append(Samples.register("size", .integer(Int64(random.upTo(9))))) }
            if random.chance(oneIn: 3) { operations.append(Samples.step("s\(random.upTo(99))")) }
            if random.chance(oneIn: 3) {
                operations.append(Samples.tag("t\(random.upTo(3))", random.chance(oneIn: 3) ? .remove : .put))
            }
            return operations
        }
        typealias Write = (operations: [FieldOperation], record: RecordOrigin, at: Int64)
        func commit(_ writes: [Write], by author: Author) throws {
            try author.store.write { transaction in
                for write in writes {
                    try author.write(write.operations, to: write.record, at: write.at, in: transaction)
                }
            }
        }

        try store.withDeferredDurability {
            for _ in 0..<40 {
                let writes = (0...random.upTo(4)).map { _ -> Write in
                    now += Int64(random.upTo(50))
                    return (operations(), .external(source: "test", id: Text("\(random.upTo(6))")), now)
                }
                try commit(writes, by: authors.ordinary)
                switch random.upTo(9) {
                case 0:
                    let other = try folder.store()
                    try commit(writes, by: try Author(other))
                    try other.close()
                case 1:
                    #expect(throws: Cut.self) {
                        try store.write { transaction in
                            try authors.lagging.write(operations(), in: transaction)
                            throw Cut()
                        }
                    }
                    try commit(writes, by: authors.lagging)
                case 2:
                    try commit(writes, by: authors.lagging)
                    try store.write { try RecordFolder($0).refold(Samples.id(writes[0].record), of: LagTests.scope) }
                default: try commit(writes, by: authors.lagging)
                }
                if random.chance(oneIn: 6) {
                    let path = try copy(folder, to: "copy")
                    let left = try verify(path)
                    #expect(left.isOK, "\(left.damage)")
                    let opened = try folder.store("copy")
                    #expect(try everything(opened) == everything(ordinary))
                    try opened.close()
                    let report = try verify(path)
                    #expect(report.isOK && report.basis.unfoldedChanges == 0, "\(report.damage)")
                }
                if random.chance(oneIn: 8) { #expect(try everything(store) == everything(ordinary)) }
            }
        }
        #expect(try everything(store) == everything(ordinary))
        let report = try verify(folder.file())
        #expect(report.isOK && report.basis.unfoldedChanges == 0, "\(report.damage)")
    }
}
