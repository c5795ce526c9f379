import Causality
import Changes
import Replication
import SQLiteKit

/// The projections' tables against what they should hold.
extension SQLiteTransaction {
    /// Where the tables of a record's type do not hold what the record gives, compared as multisets.
    ///
    /// - Parameters:
    ///   - record: folded anew, not as it is stored.
    ///   - rid: its row.
    ///   - log: all its log rows, in listing order.
    ///   - feed: the row of a feed.
    ///   - header: the header of the change that made a log row.
    package func auditProjection(
        of record: StoredRecord, rid: Int64, log: [LogRow], feed: (FeedID) -> Int64,
        header: (Dot) throws -> SnapshotHeading?
    ) throws -> (rows: Int, damage: [StoredValueError]) {
        guard let type = record.state.type.flatMap({ projections.type(named: $0) }) else { return (0, []) }
        let encoded = EncodedState(record.state)
        let feedRows = encoded.feeds.map(feed)
        let source = RowDrafts.Source(
            id: record.id, state: FoldingState(encoded), feedRows: 0..<feedRows.count)
        let clocks = Array(drafter.drafts(of: [source], feedRows)[0].clocks)
        let main = type.mainRow(
            of: RecordView(id: record.id, state: record.state, log: log), scope: try scopeRow(record.scope),
            clocks: clocks)
        let expected = [[main]] + (try type.otherRows(of: record.state, log: log, header: header))
        var damage: [StoredValueError] = []
        for (table, rows) in zip(type.tables, expected) { damage += try compare(table, rid, with: rows) }
        return (expected.reduce(0) { $0 + $1.count }, damage)
    }

    /// Rows of records that do not exist, or are of another type.
    package func auditProjectedStrangers(_ visit: (_ rid: Int64, StoredValueError) throws -> Void) throws {
        for type in projections.types {
            for table in type.tables {
                try connection.withStatement(
                    dynamic: """
                        SELECT p.rowid, p.rid FROM "\(table.name)" p
                        WHERE NOT EXISTS (SELECT 1 FROM record r WHERE r.rid = p.rid AND r.type = ?)
                        """
                ) { statement in
                    try statement.bind(type.number, at: 1)
                    while try statement.step() {
                        let rid = try statement.int64(1)
                        try visit(
                            rid,
                            StoredValueError(
                                table: table.name, row: "\(try statement.int64(0))",
                                reason: "record \(rid) is not there, or is no \(type.type.name)"))
                    }
                }
            }
        }
    }

    private func compare(
        _ table: ProjectedTable, _ rid: Int64, with expected: [[ColumnValue]]
    ) throws -> [StoredValueError] {
        var missing: [[ColumnValue]: Int] = [:]
        for row in expected { missing[row, default: 0] += 1 }
        var missingCount = expected.count
        var strangers: [(row: Int64, cells: [ColumnValue?])] = []
        var found: [[ColumnValue]: [Int64]] = [:]
        try connection.withStatement(dynamic: table.selection) { statement in
            try statement.bind(rid, at: 1)
            while try statement.step() {
                var cells: [ColumnValue?] = []
                for index in 1...table.columns.count { cells.append(try statement.projectedCell(index)) }
                let readable = cells.compactMap(\.self)
                if readable.count == cells.count, let count = missing[readable], count > 0 {
                    missing[readable] = count - 1
                    missingCount -= 1
                    found[readable, default: []].append(try statement.int64(0))
                } else {
                    strangers.append((try statement.int64(0), cells))
                }
            }
        }
        var damage = strangers.enumerated().map { index, stranger in
            let columns =
                index < missingCount && expected.count == 1 ? table.differing(stranger.cells, expected[0]) : []
            return StoredValueError(
                table: table.name, row: "\(stranger.row)",
                reason: columns.isEmpty
                    ? "record \(rid) does not give this row"
                    : "record \(rid) gives another \(columns.joined(separator: ", "))")
        }
        // Of rows that hold the same, more than the record gives, nothing tells which is wrong: damage may have made one like
        // another.
        for row in Set(strangers.map { $0.cells.compactMap(\.self) }).flatMap({ found[$0] ?? [] }).sorted() {
            damage.append(
                StoredValueError(
                    table: table.name, row: "\(row)",
                    reason: "record \(rid) does not give so many rows that hold the same as this one"))
        }
        if missingCount > strangers.count {
            damage.append(
                StoredValueError(
                    table: table.name, row: table.content == .record ? "\(rid)" : "rid \(rid)",
                    reason: "record \(rid) gives \(missingCount - strangers.count) more rows"))
        }
        return damage
    }
}

extension ProjectedTable {
    /// The row's number, then the columns.
    fileprivate var selection: String {
        let listed = columns.map { "\"\($0.name)\"" }.joined(separator: ", ")
        return "SELECT rowid, \(listed) FROM \"\(name)\" WHERE rid = ? ORDER BY rowid"
    }

    fileprivate func differing(_ cells: [ColumnValue?], _ expected: [ColumnValue]) -> [String] {
        zip(columns, zip(cells, expected)).filter { $1.0 != $1.1 }.map(\.0.name)
    }
}

extension Statement {
    /// A cell of a projection; nil where it holds what no projection writes.
    fileprivate func projectedCell(_ index: Int) throws -> ColumnValue? {
        switch columnType(index) {
        case .null: return .null
        case .integer: return .integer(try int64(index))
        case .blob: return .blob(try bytes(index))
        case .real: return nil
        case .text:
            do { return .text(try text(index)) } catch  where error.isMismatch {
                // Not UTF-8.
                return nil
            }
        }
    }
}
