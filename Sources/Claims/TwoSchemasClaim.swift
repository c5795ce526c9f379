import Causality
import Changes
import Foundation
import Importing
import Replication
import SQLiteKit
import SQLiteStore
import ServiceRecovery
import StoreContract

extension Claim {
    static let twoSchemas = Claim(
        "two-schemas",
        "The engine does not know what a case is: a schema of sixteen columns travels beside cases and is a table elsewhere."
    ) { effort, figures in
        let lines = try TraceSource.lines(limit: effort.choose(3_000, full: .max), seed: effort.seed)
        figures.note("source", lines.source)
        let folder = try TemporaryFolder()
        func store(_ name: String, _ schemas: [Schema]) throws -> SQLiteStore {
            try SQLiteStore(path: folder.file(name), schemas: schemas, durability: .normal)
        }
        // The hub knows no schema at all, one replica both, one only the second, one only cases.
        let hub = InMemoryHub(try store("hub", []), now: 1_768_000_000_000)
        let scope = try hub.addScope("branch/trace").scope
        let schemas = [
            [CaseSchema.schema, IncidentWorkloadSchema.schema], [IncidentWorkloadSchema.schema], [CaseSchema.schema],
        ]
        let replicas = try schemas.enumerated().map { index, schemas in
            try InMemoryReplica(
                "replica-\(index)", UInt8(index + 1), store("replica-\(index)", schemas), hub: hub, home: scope,
                grants: [Grant(scope: scope, rights: [.read, .write])])
        }
        for replica in replicas { try replica.sync() }
        var expected = ExpectedTable()
        try replicas[0].store.base.withDeferredDurability {
            for (number, line) in lines.lines.enumerated() {
                hub.now += 1_000
                try replicas[0].write(line.draft(person: "trace"), in: scope)
                expected.apply(line)
                if number % 500 == 0 { try openCase(number, at: replicas[0], in: scope) }
            }
        }
        for replica in replicas { try replica.sync() }
        for index in 0...1 {
            try expected.compare(with: folder.file("replica-\(index)"))
        }
        let fingerprints = try replicas.map { try $0.fingerprint(scope) }
        guard Set(fingerprints).count == 1 else { throw ClaimBroken("the replicas' fingerprints differ") }
        figures.rounds = lines.lines.count
        figures.note("records", expected.rows.count)
        figures.note("cells", expected.rows.values.reduce(0) { $0 + $1.compactMap(\.self).count })
    }
}

private func openCase(_ number: Int, at replica: InMemoryReplica<SQLiteStore>, in scope: ScopeID) throws {
    let author = try Author(person: "clerk", zoneMinutes: 0)
    let moment = Moment(milliseconds: replica.now, zoneMinutes: 0)
    try replica.write(CaseDrafts.open(NewCase(title: Text("beside \(number)"), at: moment), by: author), in: scope)
}

/// The table that the lines come to, by the plainest reading of them.
private struct ExpectedTable {
    private(set) var rows: [Text: [Value?]] = [:]

    mutating func apply(_ line: TraceLine) {
        var row = rows[line.number] ?? Array(repeating: nil, count: IncidentWorkloadSchema.fields.count)
        for cell in line.cells { row[cell.column] = cell.value }
        rows[line.number] = row
    }

    func compare(with path: String) throws {
        let connection = try Connection(path: path, access: .readOnly)
        defer { connection.close() }
        let columns = IncidentWorkloadSchema.fields.map { "\"\($0.name)\"" }.joined(separator: ", ")
        var ids: [String: [Value?]] = [:]
        try connection.withStatement(
            dynamic: """
                SELECT r.id, s.id, \(columns)
                FROM incident JOIN record r USING (rid) JOIN scope s ON s.rid = r.scope
                """
        ) { statement in
            while try statement.step() {
                let cells = try IncidentWorkloadSchema.fields.indices.map { index -> Value? in
                    switch statement.columnType(index + 2) {
                    case .integer: .integer(try statement.int64(index + 2))
                    case .text: .text(try statement.text(index + 2))
                    default: nil
                    }
                }
                ids[hexadecimal(try statement.bytes(0) + statement.bytes(1))] = cells
            }
        }
        guard ids.count == rows.count else {
            throw ClaimBroken("\(path) has \(ids.count) incidents, not \(rows.count)")
        }
        guard let scope = ids.keys.first.flatMap({ ScopeID(hexadecimal: $0.suffix(32)) }) else { return }
        for (number, row) in rows {
            let id = RecordOrigin.external(source: IncidentWorkloadSchema.source, id: number)
                .recordID(in: scope)
            guard ids[id.description + scope.description] == row else {
                throw ClaimBroken("\(path) shows another incident \(number)")
            }
        }
    }
}

/// Lines of the benchmark's trace: the real ones where `AMENDS_DATA` names their folder, else made up.
private enum TraceSource {
    static func lines(limit: Int, seed: UInt64) throws -> (source: String, lines: [TraceLine]) {
        if let folder = ProcessInfo.processInfo.environment["AMENDS_DATA"] {
            let path = folder + "/incident_trace_dev.tsv.gz"
            if FileManager.default.fileExists(atPath: path) { return ("trace", try read(path, limit)) }
        }
        var random = SplitMix64(seed: seed)
        return ("generated", try generated(min(limit, 20_000), &random))
    }

    private static func read(_ path: String, _ limit: Int) throws -> [TraceLine] {
        var source = try ByteSource(path: path)
        var text: [UInt8] = []
        while let chunk = try source.next() { text += chunk }
        return try text.split(separator: UInt8(ascii: "\n")).prefix(limit).map {
            try TraceLine(parsing: String(decoding: $0, as: UTF8.self))
        }
    }

    private static func generated(_ count: Int, _ random: inout SplitMix64) throws -> [TraceLine] {
        var known: Set<Int> = []
        return try (0..<count).map { _ in
            let number = random.upTo(count / 6)
            var cells: [String] = []
            for (index, field) in IncidentWorkloadSchema.fields.enumerated() where random.chance(oneIn: 3) {
                if random.chance(oneIn: 9) {
                    cells.append("\(index)=n:")
                } else {
                    cells.append(
                        field.columnType == .integer
                            ? "\(index)=i:\(random.upTo(99))" : "\(index)=t:w\(random.upTo(99))")
                }
            }
            if cells.isEmpty { cells = ["0=t:New"] }
            let isFirst = known.insert(number).inserted
            return try TraceLine(parsing: (["INC\(number)", isFirst ? "1" : "0"] + cells).joined(separator: "\t"))
        }
    }
}
