import Causality
import Changes
import Foundation
import Replication
import SQLiteKit
import SQLiteStore
import StoreContract

/// A folder of its own for each test.
final class Folder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("sqlite-store-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    func file(_ name: String = "store") -> String { path + "/" + name }

    func store(
        _ name: String = "store", schemas: [Schema] = Samples.schemas, entriesPerSegment: Int = 1_024,
        window: RecordWindow = RecordWindow()
    ) throws -> SQLiteStore {
        try SQLiteStore(
            path: file(name), schemas: schemas, durability: .normal, entriesPerSegment: entriesPerSegment,
            window: window)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch {
            // The system's to clean.
            print("\(path) was left behind: \(error)")
        }
    }
}

enum Samples {
    static let scope = ScopeIntroduction(name: "branch/a", seed: ChainID(high: 1, low: 2))

    /// A type with everything that has a table or a column.
    static let thing = RecordType(
        name: "thing", table: "thing",
        fields: [
            FieldDefinition("title"), FieldDefinition("size", columnType: .integer),
            FieldDefinition("urgent", .enableWinsFlag, columnType: .integer),
            FieldDefinition("count", .total, columnType: .integer), FieldDefinition("tags", .set),
            FieldDefinition(
                "steps", .log, entryColumns: [Column("words", .text)], entryValues: { [$0] }),
            FieldDefinition(
                "notes", .log, entryColumns: [Column("words", .text)], entryValues: { [$0] }),
        ],
        derivedColumns: [Column("step_count", .integer, indexed: true)],
        derive: { [.integer(Int64($0.rows(of: "steps").count))] })

    static let schemas = [
        Schema(
            id: "things/1",
            recordTypes: [thing, RecordType(name: "other", table: "other", fields: [FieldDefinition("title")])])
    ]

    static let record: RecordOrigin = .external(source: "test", id: "1")

    static func id(_ origin: RecordOrigin = record) -> RecordID {
        origin.recordID(in: scope.scope)
    }

    static func register(_ field: Text, _ value: Value, record: Int = 0) -> FieldOperation {
        FieldOperation(record: record, target: FieldTarget(field: field, kind: .register), value: value)
    }

    static func step(_ words: String, field: Text = "steps") -> FieldOperation {
        FieldOperation(record: 0, target: FieldTarget(field: field, kind: .log), value: .text(words))
    }

    static func tag(_ element: String, _ action: FieldAction = .put) -> FieldOperation {
        FieldOperation(
            record: 0, target: FieldTarget(field: "tags", kind: .set, element: .text(element)), action: action,
            value: .null)
    }
}

/// Somebody who writes into a store as the program does.
struct Author {
    let store: SQLiteStore
    let identity: ReplicaIdentity

    init(_ store: SQLiteStore, number: UInt8 = 1) throws {
        self.store = store
        identity = ReplicaIdentity(key: ContractAuthor.key(number))
        try store.write { transaction in
            if try transaction.scope(Samples.scope.scope) == nil { try transaction.put(ScopeState(Samples.scope)) }
        }
    }

    @discardableResult
    func write(
        _ operations: [FieldOperation], to record: RecordOrigin = Samples.record, at milliseconds: Int64 = 1_000
    ) throws -> StoredChange {
        try store.write { try write(operations, to: record, at: milliseconds, in: $0) }
    }

    @discardableResult
    func write(
        _ operations: [FieldOperation], to record: RecordOrigin = Samples.record, at milliseconds: Int64 = 1_000,
        in transaction: SQLiteTransaction
    ) throws -> StoredChange {
        try LocalWriter(transaction, identity: identity, random: { [UInt8](repeating: 7, count: $0) }).commit(
            ChangeDraft(
                person: "p-1", zoneMinutes: 60, schema: "things/1",
                operations: Operations(records: [record], operations: operations)),
            in: Samples.scope.scope, at: milliseconds)
    }
}

/// A wire by which a replica forgets what it keeps in memory: another program writes its file before an answer comes.
///
/// - Parameter times: of how many answers, from the first.
func forgetting(_ path: String, times: Int = .max) -> Wire {
    var answers = 0
    return { request, deliver in
        let answer = try deliver(request)
        answers += 1
        if answers <= times {
            let other = try SQLiteStore(path: path, schemas: Samples.schemas)
            try other.write { try $0.put([UInt8(truncatingIfNeeded: answers)], for: SettingKey(rawValue: "test")) }
            try other.close()
        }
        return answer
    }
}

/// The tables of a file, for comparing.
struct Tables {
    /// Table by table, the rows in the order of all their columns, but for the row numbers of projections.
    static func dump(_ path: String, like pattern: String) throws -> [String: [[String]]] {
        let connection = try Connection(path: path, access: .readOnly)
        defer { connection.close() }
        var names: [String] = []
        try connection.withStatement(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB ? ORDER BY name"
        ) { statement in
            try statement.bind(pattern)
            while try statement.step() { names.append(try statement.text(0)) }
        }
        var result: [String: [[String]]] = [:]
        for name in names {
            var rows: [[String]] = []
            try connection.withStatement(dynamic: "SELECT * FROM \"\(name)\"") { statement in
                while try statement.step() {
                    rows.append(
                        try (0..<statement.columnCount).map { index in
                            switch statement.columnType(index) {
                            case .integer: "\(try statement.int64(index))"
                            case .text: "'\(try statement.text(index))'"
                            case .blob: "\(try statement.bytes(index))"
                            case .real, .null: "null"
                            }
                        })
                }
            }
            result[name] = rows.sorted { $0.lexicographicallyPrecedes($1) }
        }
        return result
    }
}

extension InMemoryReplica {
    /// So many changes of a few records, in one commit.
    func write(_ numbers: Range<Int>, records: Int, in scope: ScopeID) throws {
        try store.write { transaction in
            let writer = LocalWriter(transaction, identity: identity, random: randomBytes)
            for number in numbers {
                try writer.commit(
                    ChangeDraft(
                        person: "p", zoneMinutes: 0, schema: "things/1",
                        operations: Operations(
                            records: [.external(source: "test", id: Text("\(number % records)"))],
                            operations: [Samples.register("title", .text("\(name) \(number)"))])),
                    in: scope, at: now + Int64(number))
            }
        }
    }
}
