import Changes
import SQLiteKit
import ServiceRecovery

/// The other side: one plain table, written as an application would that keeps no history and talks to nobody.
///
/// It has what our side has where that makes it faster: prepared statements, the same page cache, the same checkpoints
/// of the write-ahead log, and the same libsqlite3 through the same wrapper.
final class PlainTable {
    private(set) var connection: Connection
    private var policy = CheckpointPolicy()
    /// By the columns that they write, a bit each.
    private var upserts: [UInt32: Prepared] = [:]

    /// A statement that outlives a call.
    private final class Prepared {
        let statement: Statement
        init(_ statement: consuming Statement) { self.statement = statement }
    }

    /// Whether each row has a blob besides, which every event writes anew.
    private let hasClock: Bool

    /// - Parameter hasClock: for measuring what such a column costs by itself.
    init(path: String, durability: Durability, hasClock: Bool = false) throws {
        self.hasClock = hasClock
        connection = try Connection(path: path, access: .readWriteCreate)
        let columns = IncidentWorkloadSchema.fields.map { ", \"\($0.name)\" \($0.columnType.rawValue)" }.joined()
        try connection.execute(
            script:
                "CREATE TABLE incident (rid INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE\(columns)\(hasClock ? ", clock BLOB" : "")) STRICT"
        )
        try connection.setDurability(durability)
    }

    func close() {
        upserts = [:]
        connection.close()
    }

    // MARK: - Writing

    /// One transaction; a checkpoint where one is due.
    func write(_ body: () throws -> Void) throws {
        try connection.transaction(.immediate, body)
        guard policy.isDue(walPages: connection.walPages) else { return }
        policy.record(try connection.walCheckpoint(.passive))
    }

    /// Waits once for the disk to have all that was committed: as our bulk work ends.
    func barrier() throws {
        try connection.setDurability(.full)
        try write { try connection.setUserVersion(1) }
    }

    /// One statement an event, of the columns that it changes.
    ///
    /// - Precondition: a clock is given where the table has them.
    func upsert(_ line: TraceLine, clock: [UInt8] = []) throws {
        var mask: UInt32 = 0
        for cell in line.cells { mask |= 1 << UInt32(cell.column) }
        let prepared = try upserts[mask] ?? prepareUpsert(line, mask)
        try prepared.statement.bind(line.number.string, at: 1)
        for (index, cell) in line.cells.enumerated() {
            try PlainTable.bind(cell.value, at: index + 2, of: prepared.statement)
        }
        if hasClock { try prepared.statement.bind(clock, at: line.cells.count + 2) }
        try prepared.statement.run()
    }

    /// The final rows, one statement a row.
    func insert(_ rows: [(number: Text, row: FinalTable.Row)]) throws {
        let marks = Array(repeating: "?", count: FinalTable.columns.count + 1).joined(separator: ", ")
        let listed = FinalTable.columns.map { ", \"\($0)\"" }.joined()
        let statement = try connection.prepare("INSERT INTO incident (number\(listed)) VALUES (\(marks))")
        for (number, row) in rows {
            try statement.bind(number.string, at: 1)
            for (index, value) in row.enumerated() { try PlainTable.bind(value, at: index + 2, of: statement) }
            try statement.run()
        }
    }

    /// Cells come in the order of the columns, so that equal masks are equal statements.
    private func prepareUpsert(_ line: TraceLine, _ mask: UInt32) throws -> Prepared {
        let names = line.cells.map { "\"\(FinalTable.columns[$0.column])\"" } + (hasClock ? ["clock"] : [])
        precondition(zip(line.cells, line.cells.dropFirst()).allSatisfy { $0.column < $1.column }, "cells out of order")
        let marks = Array(repeating: "?", count: names.count + 1).joined(separator: ", ")
        let updates = names.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        let prepared = Prepared(
            try connection.prepare(
                """
                INSERT INTO incident (number, \(names.joined(separator: ", "))) VALUES (\(marks)) \
                ON CONFLICT (number) DO UPDATE SET \(updates)
                """))
        upserts[mask] = prepared
        return prepared
    }

    private static func bind(_ value: Value?, at index: Int, of statement: borrowing Statement) throws {
        switch value {
        case .integer(let number): try statement.bind(number, at: index)
        case .text(let text): try statement.bind(text.string, at: index)
        default: try statement.bindNull(at: index)
        }
    }
}
