import Causality
import Changes
import Replication
import SQLiteKit

/// The plain tables that show records: made from the schemas, written from the fold, dropped and rebuilt at will.
///
/// A record type `case` in table `recovery_case` gives:
/// - `recovery_case (rid, <registers, flags, totals>, <derived columns>, clocks)`, one row a record;
/// - `recovery_case_<set> (rid, value)`, one row an element;
/// - `recovery_case_<log> (rid, key, change, person, recorded_at, <entry columns>)`, one row an entry.
///
/// The main table is also where the values of a record are kept: see `ClockColumn`.
struct Projections: Sendable {
    /// By number from 1, as `record.type` names them.
    let types: [ProjectedType]
    /// Of all fields: by their numbers the states that are in memory name them.
    let fieldNames: FieldNames

    init(_ schemas: [Schema]) {
        let names = FieldNames(schemas.flatMap(\.recordTypes).flatMap(\.fields).map(\.name) + [Schema.typeField])
        fieldNames = names
        types = schemas.flatMap(\.recordTypes).enumerated().map { ProjectedType($1, number: Int64($0 + 1), names) }
    }

    /// The statements that make all tables and indexes, with remarks on what the statements do not tell; where they are others than
    /// a file's, its tables are rebuilt.
    var definition: String { types.flatMap { $0.tables.map(\.definition) + $0.remarks }.joined() }

    /// What the file says of its value tables.
    var valueTables: ValueTables { ValueTables(tables: types.map(\.values)) }

    /// The first of the types with this name.
    func type(named name: Text) -> ProjectedType? { types.first { $0.type.name == name } }

    static func tables(of type: RecordType) -> [ProjectedTable] {
        let plain = type.fields.filter { !$0.hasTable }.map { Column($0.name.string, $0.columnType) }
        let columns = plain + type.derivedColumns + [Column(ClockColumn.name, .blob)]
        // Only what is listed by scope repeats the scope's row of `record`.
        let scope = type.indexes.contains { $0.contains("scope") } ? [Column("scope", .integer)] : []
        var tables = [
            ProjectedTable(name: type.table, columns: scope + columns, content: .record, indexes: type.indexes)
        ]
        for field in type.fields where field.hasTable {
            let columns =
                field.kind == .set
                ? [Column("value", field.columnType, indexed: true)]
                : [
                    Column("key", .integer), Column("change", .text), Column("person", .text),
                    Column("recorded_at", .integer),
                ] + field.entryColumns
            tables.append(
                ProjectedTable(
                    name: "\(type.table)_\(field.name)", columns: columns, content: field.kind == .set ? .set : .log))
        }
        return tables
    }
}

/// A record type with its tables, worked out once and shared: it is asked for with each record that is written.
final class ProjectedType: Sendable {
    let type: RecordType
    /// As `record.type` names it.
    let number: Int64
    /// The main table first.
    let tables: [ProjectedTable]
    /// The columns of the main table before those of its fields: that of the scope, where there is one.
    let leadingColumns: Int
    let values: ValueTable
    /// Of states that name fields as the projections do.
    let places: ColumnPlaces
    /// Whether anything but the main table's own columns is made from the log.
    let readsLog: Bool
    /// The fields that are columns of the main table, in the order of a state's slots.
    let columns: [ShownField]

    init(_ type: RecordType, number: Int64, _ names: FieldNames) {
        self.type = type
        self.number = number
        tables = Projections.tables(of: type)
        leadingColumns = tables[0].columns.first?.name == "scope" ? 1 : 0
        values = ValueTable(type)
        places = ColumnPlaces(values, names)
        readsLog = !type.derivedColumns.isEmpty || type.fields.contains { $0.kind == .log }
        columns = type.fields.filter { !$0.hasTable }.enumerated().map { ShownField($1, index: $0) }
            .sorted { $0.target < $1.target }
    }

    /// By which rules the derived columns are worked out, where these are not the first.
    var remarks: [String] {
        type.derivation == 1 ? [] : ["-- \(type.table): derived by rule \(type.derivation)\n"]
    }

    /// What the main table's row of a record should hold, for who compares: the scope where the table has one, fields,
    /// derived columns, clocks. `RowDraft` writes it.
    ///
    /// - Parameter scope: its row.
    func mainRow(of view: RecordView, scope: Int64, clocks: [UInt8]) -> [ColumnValue] {
        var row: [ColumnValue] = Array(repeating: .null, count: tables[0].columns.count)
        let first = leadingColumns
        let slots = view.state.slots.span
        let fields = columns
        let columns = fields.span
        var next = 0
        // Both are sorted by target, so one walk meets all.
        for place in columns.indices {
            while next < slots.count, slots[next].target < columns[place].target { next += 1 }
            guard next < slots.count, slots[next].target == columns[place].target else {
                row[first + columns[place].index] = columns[place].empty
                continue
            }
            row[first + columns[place].index] = columns[place].column(of: slots[next])
        }
        if !type.derivedColumns.isEmpty {
            for (index, value) in type.derive(view).enumerated() {
                row[first + columns.count + index] = ColumnValue(value, as: type.derivedColumns[index].type)
            }
        }
        row[row.count - 1] = .blob(clocks)
        if first > 0 { row[0] = .integer(scope) }
        return row
    }

    /// The rows of the tables of sets and logs, in the order of `tables` after the first.
    ///
    /// - Parameters:
    ///   - log: the log rows to show; all of them, or those that the tables lack.
    ///   - header: the header of the change that made a log row.
    func otherRows(
        of state: RecordState, log: [LogRow], header: (Dot) throws -> SnapshotHeading?
    ) throws -> [[[ColumnValue]]] {
        var tables: [[[ColumnValue]]] = []
        for field in type.fields where field.hasTable {
            if field.kind == .set {
                tables.append(state.elements(field.name).map { [ColumnValue($0, as: field.columnType)] })
            } else {
                tables.append(
                    try log.filter { $0.field == field.name }.map { row in
                        let header = try header(row.mark.dot)
                        let known: [ColumnValue] = [
                            .integer(Int64(ordered: row.mark.key)), .text(row.mark.dot.description),
                            header.map { .text($0.person.string) } ?? .null,
                            header.map { .integer($0.stamp.milliseconds) } ?? .null,
                        ]
                        return known
                            + zip(field.entryColumns, field.entryValues(row.value)).map { ColumnValue($1, as: $0.type) }
                    })
            }
        }
        return tables
    }
}

/// One table of a projection.
struct ProjectedTable {
    let name: String
    /// Without `rid`, which comes first.
    let columns: [Column]
    let content: Content
    /// The columns of each, besides the columns that are indexed alone.
    let indexes: [[String]]
    /// Adds a row: its record's number, then the columns.
    let insertion: String
    /// Writes the row of a record that has one; takes the same values.
    let update: String
    /// Removes a record's rows.
    let deletion: String

    init(name: String, columns: [Column], content: Content, indexes: [[String]] = []) {
        self.indexes = indexes
        self.name = name
        self.columns = columns
        self.content = content
        let marks = (1...columns.count + 1).map { "?\($0)" }.joined(separator: ", ")
        insertion = "INSERT INTO \"\(name)\" VALUES (\(marks))"
        // A record's scope never changes: left alone, what is found by it stays where it is.
        let updates = columns.enumerated().filter { $1.name != "scope" }.map { "\"\($1.name)\" = ?\($0 + 2)" }
            .joined(separator: ", ")
        update = "UPDATE \"\(name)\" SET \(updates) WHERE rid = ?1"
        deletion = "DELETE FROM \"\(name)\" WHERE rid = ?"
    }

    enum Content {
        /// One row a record.
        case record
        /// One row an element.
        case set
        /// One row an entry; entries are only ever added.
        case log
    }

    var definition: String {
        let listed = columns.map { "\"\($0.name)\" \($0.type.rawValue)" }.joined(separator: ", ")
        let key = content == .record ? "rid INTEGER PRIMARY KEY" : "rid INTEGER NOT NULL"
        var sql = "CREATE TABLE \"\(name)\" (\(key), \(listed)) STRICT;"
        if content != .record { sql += "CREATE INDEX \"\(name)_rid\" ON \"\(name)\" (rid);" }
        for column in columns where column.isIndexed {
            sql += "CREATE INDEX \"\(name)_\(column.name)\" ON \"\(name)\" (\"\(column.name)\");"
        }
        for columns in indexes {
            let listed = columns.map { "\"\($0)\"" }.joined(separator: ", ")
            sql += "CREATE INDEX \"\(name)_by_\(columns.joined(separator: "_"))\" ON \"\(name)\" (\(listed));"
        }
        return sql
    }
}

extension FieldDefinition {
    /// Sets and logs have a table of their own.
    var hasTable: Bool { kind == .set || kind == .log }
}

/// A field that is a column of the main table, without what only its definition needs: it is looked at for each record
/// that is written.
struct ShownField {
    let target: FieldTarget
    let reading: Reading
    let type: ColumnType
    /// Among the columns of fields.
    let index: Int

    fileprivate init(_ field: FieldDefinition, index: Int) {
        target = FieldTarget(field: field.name, kind: field.kind)
        reading = field.reading
        type = field.columnType
        self.index = index
    }

    /// What the column shows.
    ///
    /// - Parameter slot: of the field.
    func column(of slot: borrowing RecordState.Slot) -> ColumnValue {
        switch target.kind {
        case .enableWinsFlag: .integer(slot.isEnabled ? 1 : 0)
        case .disableWinsFlag: .integer(slot.isNotDisabled ? 1 : 0)
        case .total: .integer(slot.total)
        case .register where slot.survivors.count == 1: ColumnValue(slot.survivors[0].value, as: type)
        case .register: ColumnValue(slot.winner(reading)?.value, as: type)
        default: .null
        }
    }

    /// What it shows of a field that was never written.
    var empty: ColumnValue {
        switch target.kind {
        case .enableWinsFlag, .disableWinsFlag, .total: .integer(0)
        default: .null
        }
    }
}

/// A value as a column takes it.
enum ColumnValue: Hashable, Bindable {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])

    /// What a column of `type` shows of `value`; what does not fit is null, and stays in the record.
    init(_ value: Value?, as type: ColumnType) {
        switch (value, type) {
        case (.text(let text), .text): self = .text(text.string)
        case (.integer(let number), .text): self = .text(String(number))
        case (.integer(let number), .integer): self = .integer(number)
        case (.boolean(let flag), .integer): self = .integer(flag ? 1 : 0)
        case (.time(let moment), .integer): self = .integer(moment.milliseconds)
        case (.money(let money), .integer): self = .integer(money.minorUnits)
        case (.record(let id), .text): self = .text(id.description)
        case (.subject(let id), .text): self = .text(id.description)
        case (.bytes(let bytes), .blob): self = .blob(bytes)
        case (.bytes(let bytes), .text): self = .text(hexadecimal(bytes))
        case (.fields, .text):
            // A person in a record is shown by the opaque id; the words lie in the personal part.
            self = value?.subject.map { .text($0.description) } ?? .null
        default: self = .null
        }
    }

    func bind(to statement: borrowing Statement, at index: Int) throws(SQLiteError) {
        switch self {
        case .null: try statement.bindNull(at: index)
        case .integer(let value): try statement.bind(value, at: index)
        case .text(let value): try statement.bind(value, at: index)
        case .blob(let value): try value.bind(to: statement, at: index)
        }
    }

    /// Compared by bytes: a `String` would take two spellings for one.
    static func == (left: ColumnValue, right: ColumnValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.integer(let a), .integer(let b)): a == b
        case (.text(let a), .text(let b)): Text(a) == Text(b)
        case (.blob(let a), .blob(let b)): a == b
        default: false
        }
    }

    func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .integer(let value): hasher.combine(value)
        case .text(let value): Text(value).hash(into: &hasher)
        case .blob(let value): hasher.combine(value)
        }
    }
}
