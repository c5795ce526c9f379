import Causality
import Changes
import SQLiteKit
import ServiceRecovery

/// The table that the trace comes to, worked out here in memory: what both sides are held to.
struct FinalTable: Equatable {
    typealias Row = [Value?]

    /// By number.
    private(set) var rows: [Text: Row] = [:]

    init() {}

    init(of trace: Trace) {
        for event in trace.events { apply(event.line) }
    }

    mutating func apply(_ line: TraceLine) {
        for cell in line.cells { rows[line.number, default: FinalTable.emptyRow][cell.column] = cell.value }
    }

    /// In the order of first events.
    func rows(in trace: Trace) -> [(number: Text, row: Row)] {
        trace.numbers.map { (number: $0, row: rows[$0] ?? FinalTable.emptyRow) }
    }

    /// Tab-separated text, by number; an empty column is nothing between two tabs.
    var tabSeparated: [UInt8] {
        var bytes: [UInt8] = []
        for (number, row) in rows.sorted(by: { $0.key < $1.key }) {
            bytes += Array(number.string.utf8)
            for value in row {
                bytes.append(UInt8(ascii: "\t"))
                if let value { bytes += Array(FinalTable.text(value).utf8) }
            }
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    private static var emptyRow: Row { Array(repeating: nil, count: IncidentWorkloadSchema.fields.count) }

    private static func text(_ value: Value) -> String {
        value.integer.map { String($0) } ?? value.text?.string ?? ""
    }

    // MARK: - Reading it back

    static let columns = IncidentWorkloadSchema.fields.map(\.name.string)

    /// What the plain side has written.
    static func read(plain connection: Connection) throws -> FinalTable {
        try read(connection, key: "number") { Text($0) }
    }

    /// What the projection of a replica's file shows, read as anyone could.
    static func read(replica path: String, trace: Trace, scope: ScopeID) throws -> FinalTable {
        var numbers: [String: Text] = [:]
        for number in trace.numbers {
            let origin = RecordOrigin.external(source: IncidentWorkloadSchema.source, id: number)
            numbers[origin.recordID(in: scope).description] = number
        }
        let connection = try Connection(path: path, access: .readOnly)
        defer { connection.close() }
        let id = "(SELECT lower(hex(id)) FROM record WHERE record.rid = incident.rid)"
        return try read(connection, key: id) { id in
            guard let number = numbers[id] else { throw BenchError("the record \(id) is of no incident") }
            return number
        }
    }

    private static func read(
        _ connection: Connection, key: String, number: (String) throws -> Text
    ) throws -> FinalTable {
        var table = FinalTable()
        let columns = columns.map { "\"\($0)\"" }.joined(separator: ", ")
        try connection.withStatement(dynamic: "SELECT \(key), \(columns) FROM incident") { statement in
            while try statement.step() {
                var row = emptyRow
                for index in row.indices {
                    switch statement.columnType(index + 1) {
                    case .integer: row[index] = .integer(try statement.int64(index + 1))
                    case .text: row[index] = .text(try statement.text(index + 1))
                    default: row[index] = nil
                    }
                }
                table.rows[try number(try statement.text(0))] = row
            }
        }
        return table
    }
}
