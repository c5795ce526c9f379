import Foundation
import SQLiteKit

/// A directory of its own for each test, removed with it.
final class Scratch {
    let directory: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("sqlitekit-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        directory = url.path
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: directory)
        } catch {
            print("\(directory) stays behind: \(error)")
        }
    }

    var database: String { directory + "/branch.db" }

    /// Names in the directory, sorted, without the lock file.
    var names: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: directory).filter { !$0.hasSuffix(".lock") }.sorted()
        }
    }

    func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
}

/// The format that most tests write: one table, one migration.
let notes = Migrator(
    applicationID: 0x416D_6473, product: "Amends",
    migrations: [Migration("notes", script: "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")])

extension Connection {
    func addNote(_ text: String) throws {
        try execute("INSERT INTO note (text) VALUES (?)", text)
    }

    func noteTexts() throws -> [String] {
        try withStatement("SELECT text FROM note ORDER BY id") { statement in
            var texts: [String] = []
            while try statement.step() { texts.append(try statement.text(0)) }
            return texts
        }
    }

    func integer(_ sql: String) throws -> Int64 {
        let statement = try prepare(sql)
        _ = try statement.step()
        return try statement.int64(0)
    }
}
