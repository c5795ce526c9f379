import Causality
import Inspection
import SQLiteKit
import StoreContract

/// Flips bytes in the cells of a file, as a bad disk does.
package final class CellFlipper {
    /// A flip that was made.
    package struct Flip: CustomStringConvertible, Sendable {
        package let target: FlipTarget
        package let column: String
        /// The row's primary key after the flip, as `VerifyReport` writes it.
        package let row: String

        package var description: String { "\(target.table).\(column) of row \(row)" }

        /// Whether the report names the row, in words that fit.
        package func isNamed(in report: VerifyReport) -> Bool {
            report.damage.contains { damage in
                damage.table == target.table && damage.row == row && (target.kinds + [.page]).contains(damage.kind)
            }
        }
    }

    private let connection: Connection

    package init(path: String) throws {
        connection = try Connection(path: path, access: .readWrite)
        try connection.setForeignKeys(false)
    }

    package func close() { connection.close() }

    /// Flips one byte somewhere in `targets`; tries again where the file's own rules refuse the result.
    package func flip(in targets: [FlipTarget], _ random: inout SplitMix64) throws -> Flip {
        while true {
            let target = random.pick(targets)
            let column = random.pick(target.columns)
            guard let flip = try flip(target, column, &random) else { continue }
            return flip
        }
    }

    private func flip(_ target: FlipTarget, _ column: String, _ random: inout SplitMix64) throws -> Flip? {
        let key = target.key.map { "\"\($0)\"" }.joined(separator: ", ")
        let rows = target.condition.map { "(\($0)) AND " } ?? ""
        let filter =
            "\(rows)\"\(column)\" IS NOT NULL AND (typeof(\"\(column)\") = 'integer' OR length(\"\(column)\") > 0)"
        let count = try integer("SELECT count(*) FROM \"\(target.table)\" WHERE \(filter)")
        guard count > 0 else { return nil }
        let place = "FROM \"\(target.table)\" WHERE \(filter) ORDER BY \(key) LIMIT 1 OFFSET \(random.upTo(count - 1))"
        let cell = try cell("SELECT typeof(\"\(column)\"), CAST(\"\(column)\" AS BLOB), \"\(column)\" \(place)")
        let keyValues = try keyLiterals(target, place)
        let flipped = cell.flipped(&random)
        let found = CellFlipper.condition(target.key, keyValues)
        let update = "UPDATE \"\(target.table)\" SET \"\(column)\" = \(flipped) WHERE \(found)"
        guard try isAllowed(update) else { return nil }
        let moved = zip(target.key, keyValues).map { $0 == column ? flipped : $1 }
        return Flip(
            target: target, column: column, row: try shownKey(target, where: CellFlipper.condition(target.key, moved)))
    }

    private static func condition(_ names: [String], _ values: [String]) -> String {
        zip(names, values).map { "\"\($0)\" = \($1)" }.joined(separator: " AND ")
    }

    /// Runs `update`, unless two rows would have one key then.
    private func isAllowed(_ update: String) throws -> Bool {
        do {
            try connection.execute(script: update)
            return true
        } catch {
            guard error.isConstraint else { throw error }
            return false
        }
    }

    // MARK: - Reading

    private func integer(_ sql: String) throws -> Int {
        try connection.withStatement(dynamic: sql) { statement in
            _ = try statement.step()
            return try statement.int(0)
        }
    }

    private func cell(_ sql: String) throws -> Cell {
        try connection.withStatement(dynamic: sql) { statement in
            _ = try statement.step()
            switch try statement.text(0) {
            case "integer": return .integer(try statement.int64(2))
            case "text": return .bytes(try statement.bytes(1), isText: true)
            default: return .bytes(try statement.bytes(1), isText: false)
            }
        }
    }

    private func keyLiterals(_ target: FlipTarget, _ place: String) throws -> [String] {
        let quoted = target.key.map { "quote(CAST(\"\($0)\" AS BLOB)), typeof(\"\($0)\")" }.joined(separator: ", ")
        return try connection.withStatement(dynamic: "SELECT \(quoted) \(place)") { statement in
            _ = try statement.step()
            return try target.key.indices.map { index in
                let literal = try statement.text(2 * index)
                switch try statement.text(2 * index + 1) {
                case "integer": return "CAST(CAST(\(literal) AS TEXT) AS INTEGER)"
                case "text": return "CAST(\(literal) AS TEXT)"
                default: return literal
                }
            }
        }
    }

    private func shownKey(_ target: FlipTarget, where condition: String) throws -> String {
        let shown = target.key.map { name in
            "CASE typeof(\"\(name)\") WHEN 'blob' THEN lower(hex(\"\(name)\")) ELSE CAST(\"\(name)\" AS TEXT) END"
        }.map { "CAST(\($0) AS BLOB)" }.joined(separator: ", ")
        return try connection.withStatement(
            dynamic: "SELECT \(shown) FROM \"\(target.table)\" WHERE \(condition)"
        ) { statement in
            _ = try statement.step()
            return try target.key.indices.map { String(decoding: try statement.bytes($0), as: UTF8.self) }
                .joined(separator: ":")
        }
    }
}

/// A value of a cell.
private enum Cell {
    case integer(Int64)
    case bytes([UInt8], isText: Bool)

    /// The value with one byte changed, as an SQL literal. An integer has the bytes that SQLite stores of it.
    func flipped(_ random: inout SplitMix64) -> String {
        let mask = UInt8(1 + random.upTo(254))
        switch self {
        case .integer(let value):
            let width = [1, 2, 3, 4, 6].first { Cell.narrowed(value, toBytes: $0) == value } ?? 8
            let place = UInt64(8 * random.upTo(width - 1))
            let bits = Int64(bitPattern: UInt64(mask) << place)
            // SQLite reads so many bytes back, the first bit as the sign.
            let flipped = Cell.narrowed(value ^ bits, toBytes: width)
            return flipped == .min ? "(-9223372036854775807 - 1)" : String(flipped)
        case .bytes(var bytes, let isText):
            bytes[random.upTo(bytes.count - 1)] ^= mask
            let literal = "x'\(hexadecimal(bytes))'"
            return isText ? "CAST(\(literal) AS TEXT)" : literal
        }
    }

    private static func narrowed(_ value: Int64, toBytes count: Int) -> Int64 {
        let spare = Int64(64 - 8 * count)
        return (value << spare) >> spare
    }
}
