import Causality
import Changes
import Replication
import SQLiteKit

/// The plain tables that show records: made from the schemas, written from the fold, dropped and rebuilt at will.
///
/// A record type `case` in table `recovery_case` gives:
/// - `recovery_case (rid, id, scope, <registers, flags, totals>, <derived columns>)`, one row a record;
/// - `recovery_case_<set> (rid, value)`, one row an element;
/// - `recovery_case_<log> (rid, key, change, person, recorded_at, <entry columns>)`, one row an entry.
struct Projections: Sendable {
    let types: [RecordType]
    /// Of each type, in the order of `types`: made once, since each record that is written asks for them.
    private let tables: [[ProjectedTable]]
    /// Of each type, the fields that are columns of its main table, in the order of a state's slots.
    private let columns: [Text: [FieldColumn]]

    private struct FieldColumn {
        let target: FieldTarget
        let definition: FieldDefinition
        /// Among the columns of fields.
        let index: Int
    }

    init(_ schemas: [Schema]) {
        types = schemas.flatMap(\.recordTypes)
        tables = types.map { Projections.tables(of: $0) }
        columns = Dictionary(types.map { ($0.name, Projections.columns(of: $0)) }) { first, _ in first }
    }

    private static func columns(of type: RecordType) -> [FieldColumn] {
        type.fields.filter { !$0.hasTable }.enumerated().map { index, field in
            FieldColumn(
                target: FieldTarget(field: field.name, kind: field.kind), definition: field, index: index)
        }.sorted { $0.target < $1.target }
    }

    func type(named name: Text) -> RecordType? { types.first { $0.name == name } }

    /// A type and its tables.
    func projection(named name: Text) -> (type: RecordType, tables: [ProjectedTable])? {
        types.firstIndex { $0.name == name }.map { (types[$0], tables[$0]) }
    }

    /// The statements that make all tables and indexes; changed statements mean that the tables are rebuilt.
    var definition: String { types.flatMap { Projections.tables(of: $0) }.map(\.definition).joined() }

    static func tables(of type: RecordType) -> [ProjectedTable] {
        let id = Column("id", .text)
        let scope = Column("scope", .text, indexed: true)
        let plain = type.fields.filter { !$0.hasTable }.map { Column($0.name.string, $0.columnType) }
        var tables = [
            ProjectedTable(
                name: type.table, columns: [id, scope] + plain + type.derivedColumns, content: .record)
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

    /// What the tables hold of one record.
    ///
    /// - Parameters:
    ///   - log: the log rows to show; all of them, or those that the tables lack.
    ///   - header: the header of the change that made a log row.
    func rows(
        of record: StoredRecord, type: RecordType, log: [LogRow], view: RecordView,
        header: (Dot) throws -> ChangeHeader?
    ) throws -> [[[ColumnValue]]] {
        let state = record.state
        var main: [ColumnValue] = [.text(record.id.description), .text(record.scope.description)]
        main += fieldColumns(of: state, type: type)
        for (column, value) in zip(type.derivedColumns, type.derive(view)) {
            main.append(ColumnValue(value, as: column.type))
        }
        var tables = [[main]]
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
    /// Writes a row; one of a record that is there already takes its place.
    let insertion: String
    /// Removes a record's rows.
    let deletion: String

    init(name: String, columns: [Column], content: Content) {
        self.name = name
        self.columns = columns
        self.content = content
        let marks = Array(repeating: "?", count: columns.count + 1).joined(separator: ", ")
        var insertion = "INSERT INTO \"\(name)\" VALUES (\(marks))"
        if content == .record {
            // Id and scope never change: left alone, their index entries stay where they are.
            let changing = columns.filter { !["id", "scope"].contains($0.name) }
            let updates = changing.map { "\"\($0.name)\" = excluded.\"\($0.name)\"" }.joined(separator: ", ")
            insertion += " ON CONFLICT (rid) DO " + (changing.isEmpty ? "NOTHING" : "UPDATE SET \(updates)")
        }
        self.insertion = insertion
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
        return sql
    }
}

extension Projections {
    /// What the main table shows of a record's fields. Both are sorted by target, so one walk meets all.
    private func fieldColumns(of state: RecordState, type: RecordType) -> [ColumnValue] {
        guard let columns = columns[type.name] else { return [] }
        var values: [ColumnValue] = Array(repeating: .null, count: columns.count)
        var next = 0
        for column in columns {
            while next < state.slots.count, state.slots[next].target < column.target { next += 1 }
            let isThere = next < state.slots.count && state.slots[next].target == column.target
            values[column.index] = column.definition.column(of: isThere ? state.slots[next] : nil)
        }
        return values
    }
}

extension FieldDefinition {
    /// Sets and logs have a table of their own.
    var hasTable: Bool { kind == .set || kind == .log }

    /// What the main table shows of this field.
    ///
    /// - Parameter slot: of the field; nil where it was never written.
    func column(of slot: RecordState.Slot?) -> ColumnValue {
        switch kind {
        case .enableWinsFlag: .integer(slot?.isEnabled == true ? 1 : 0)
        case .disableWinsFlag: .integer(slot?.isNotDisabled == true ? 1 : 0)
        case .total: .integer(slot?.total ?? 0)
        case .register: ColumnValue(slot?.winner(reading)?.value, as: columnType)
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
        case (.fields(let fields), .text):
            // A person in a record is shown by the opaque id; the words lie in the personal part.
            if case .subject(let id) = fields.first(where: { $0.name == "subject" })?.value {
                self = .text(id.description)
            } else {
                self = .null
            }
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
