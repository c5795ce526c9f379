import Changes
import Claims
import Compression
import Foundation
import Inspection
import Replication
import SQLiteKit
import SQLiteStore
import Testing

@Suite("A file of an older format is brought to this one, and nothing in it is lost")
struct MigrationTests {
    private static func file(_ name: String, in folder: TemporaryFolder) throws -> String {
        let fixture = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/formats/\(name).sqlite.zst")
        let path = folder.file("replica.sqlite")
        let bytes = try Zstd.decompress([UInt8](try Data(contentsOf: fixture)), limit: .bytesPerSegment)
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }

    /// Written by programs of format 1 (a row for each change, each entry and each touch) and of format 2 (a record's
    /// state in one piece). Three cases and a fourth that was not sent yet, two machines' writes to one field, personal
    /// parts, and a hub's order in two scopes.
    @Test(arguments: ["replica-1", "replica-2"])
    func everyChangeIsThereAndEveryHashIsTheSame(name: String) throws {
        let folder = try TemporaryFolder()
        let path = try MigrationTests.file(name, in: folder)
        let store = try SQLiteStore(path: path, schemas: Branch.schemas, durability: .normal)
        try store.read { transaction in
            // As the older program showed them.
            let expected: [Text: (position: UInt64, history: String, fingerprint: String, unplaced: Int)] = [
                "branch": (
                    6, "aac16cab36dae020144d222c37a59d65d412dc7e2d2e355acb6aa485d8289c06",
                    "c74048030b605be2e5740c517c6143b8afb1d9688586c8c4c2b969df71cff74d", 1
                ),
                "common": (
                    4, "afb8bfdd22354c28ef395ffa59b8a4c386cc6c033c0526c5e9b786b5c7be5eba",
                    "2cb3889239f5050ce21184a6883b913ebdfded3f3202167c5fceb1441d900aa7", 0
                ),
            ]
            let scopes = try transaction.scopes()
            #expect(scopes.count == expected.count)
            for scope in scopes {
                let name = scope.introduction.name.string
                let found = try #require(expected[name.hasPrefix("branch/") ? "branch" : Text(name)])
                #expect(scope.position == found.position)
                #expect(scope.history.hash.description == found.history)
                #expect(try transaction.fingerprint(of: scope.id).hash.description == found.fingerprint)
                #expect(try transaction.unplacedCount(of: scope.id) == found.unplaced)
                #expect(try transaction.unplaced(of: scope.id, after: 0, limit: 10).count == found.unplaced)
                let entries = try transaction.entries(of: scope.id, after: 0, limit: 100)
                #expect(entries.last?.history == scope.history && entries.count == Int(found.position))
            }
        }
        try store.close()
        let report = try Verifier().verify(path: path, schemas: Branch.schemas)
        #expect(report.isOK, "\(report.damage)")
        #expect(report.checked.changes == 11 && report.checked.records == 8)
    }

    /// Written by a program of format 2: cases of another system, whose origins name it, and one that was opened here.
    @Test func recordsOfAnotherSystemKeepTheirOrigins() throws {
        let folder = try TemporaryFolder()
        let path = try MigrationTests.file("replica-2-imported", in: folder)
        let store = try SQLiteStore(path: path, schemas: Branch.schemas, durability: .normal)
        try store.read { transaction in
            let scope = try #require(try transaction.scopes().first).id
            // As the older program showed it.
            #expect(
                try transaction.fingerprint(of: scope).hash.description
                    == "faa921a1eb5c6a6baae08a653b4c50dd0a813ef38ad6628aec0f8d158dce2324")
            let records = try transaction.records(of: scope, after: nil, limit: 100)
            #expect(records.count == 8)
            let imported = records.filter {
                if case .external(source: "incident-log", _) = $0.origin { true } else { false }
            }
            #expect(imported.count == 7)
        }
        try store.close()
        let report = try Verifier().verify(path: path, schemas: Branch.schemas)
        #expect(report.isOK, "\(report.damage)")
        #expect(report.checked.changes == 15 && report.checked.records == 8)
    }
}
