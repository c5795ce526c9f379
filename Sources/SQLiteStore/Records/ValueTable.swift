import Changes

/// How the main table of a record type holds its records' values: what is needed to read them back.
///
/// A file says it of itself (setting `value tables`), so that a program with other schemas reads the records all the same.
struct ValueTable: Hashable, Sendable {
    struct Field: Hashable, Sendable {
        let target: FieldTarget
        /// The type of its column; of a set or a log, which have tables of their own, without meaning here.
        let column: ColumnType
        /// Among the columns of the main table; nil where it has none.
        let columnIndex: Int?
    }

    /// The record type.
    let name: Text
    /// The main table, then those of sets and logs.
    let tables: [String]
    /// In the schema's order. A clock column names them by index.
    let fields: [Field]
    /// Those that have a column, sorted by target.
    let columns: [Field]
    /// The same, as states are written to them.
    let keys: ColumnKeys
    /// The columns of a record's values, then its clocks.
    let selection: String

    /// For each of the fields, in the schema's order, where its name lies in `keys.names`.
    let fieldNames: [Range<Int>]

    init(name: Text, tables: [String], fields: [(name: Text, kind: FieldKind, column: ColumnType)]) {
        self.name = name
        self.tables = tables
        var listed: [Field] = []
        var columnCount = 0
        for (name, kind, column) in fields {
            let hasColumn = kind != .set && kind != .log
            listed.append(
                Field(
                    target: FieldTarget(field: name, kind: kind), column: column,
                    columnIndex: hasColumn ? columnCount : nil))
            if hasColumn { columnCount += 1 }
        }
        self.fields = listed
        let columns = listed.filter { $0.columnIndex != nil }
        self.columns = columns.sorted { $0.target < $1.target }
        let keys = ColumnKeys(self.columns, others: listed.filter { $0.columnIndex == nil })
        self.keys = keys
        fieldNames = listed.map { keys.range(of: $0.target.field) }
        let names = columns.map { "\"\($0.target.field)\"" } + [ClockColumn.name]
        selection = "SELECT \(names.joined(separator: ", ")) FROM \"\(tables[0])\" WHERE rid = ?"
    }

    init(_ type: RecordType) {
        self.init(
            name: type.name, tables: Projections.tables(of: type).map(\.name),
            fields: type.fields.map { ($0.name, $0.kind, $0.columnType) })
    }

    /// The columns by the bytes of their fields' names, which lie in one piece: nothing is counted to compare one.
    struct ColumnKeys: Hashable, Sendable {
        struct Key: Hashable, Sendable {
            /// Of the name, in `names`.
            let name: Range<Int>
            let kind: FieldKind
            let type: ColumnType
            let columnIndex: Int
            /// Whether it is the register that tells the record's type.
            let isType: Bool
        }

        let names: [UInt8]
        let keys: [Key]
        /// Where the register that tells the record's type comes among them; nil where one of them is it.
        let typePlace: Int?
        /// The name of that register.
        let typeName = Array(Schema.typeField.string.utf8)
        /// Of fields without a column.
        private let otherNames: [Range<Int>]

        /// - Parameters:
        ///   - fields: those with a column, sorted by target.
        ///   - others: those whose names lie here too.
        init(_ fields: [Field], others: [Field]) {
            var names: [UInt8] = []
            var keys: [Key] = []
            var otherNames: [Range<Int>] = []
            let type = FieldTarget(field: Schema.typeField, kind: .register)
            let hasTypeColumn = fields.contains { $0.target.field == type.field }
            typePlace = hasTypeColumn ? nil : fields.count { $0.target < type }
            for field in fields {
                guard let index = field.columnIndex else { continue }
                let first = names.count
                names += Array(field.target.field.string.utf8)
                keys.append(
                    Key(
                        name: first..<names.count, kind: field.target.kind, type: field.column, columnIndex: index,
                        isType: field.target.field == Schema.typeField))
            }
            for field in others {
                let first = names.count
                names += Array(field.target.field.string.utf8)
                otherNames.append(first..<names.count)
            }
            self.names = names
            self.keys = keys
            self.otherNames = otherNames
        }

        /// - Precondition: it is the name of one of the fields.
        fileprivate func range(of field: Text) -> Range<Int> {
            let ranges = keys.map(\.name) + otherNames
            let place = names.withUnsafeBytes { names in ranges.first { field.isEqual(to: names, $0) } }
            guard let place else { preconditionFailure("a field without a name") }
            return place
        }
    }

    /// How many columns hold values; the clocks come after them.
    var columnCount: Int { columns.count }
}

/// The value tables of a file, in the order by which `record.type` names them: from 1.
struct ValueTables: Hashable, Sendable {
    let tables: [ValueTable]

    subscript(number: Int64) -> ValueTable? {
        guard let index = Int(exactly: number), tables.indices.contains(index - 1) else { return nil }
        return tables[index - 1]
    }

    init(tables: [ValueTable]) { self.tables = tables }

    private static var format: UInt64 { 1 }

    func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 512)
        writer.write(ValueTables.format)
        writer.write(tables.count)
        for table in tables {
            writer.write(table.name)
            writer.write(table.tables.count)
            for name in table.tables { writer.write(Text(name)) }
            writer.write(table.fields.count)
            for field in table.fields {
                writer.write(field.target.field)
                writer.write(byte: field.target.kind.rawValue)
                writer.write(byte: field.column.number)
            }
        }
        return writer.bytes
    }

    init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        let format = try reader.readInteger()
        guard format == ValueTables.format else { throw .unsupported("value tables of format \(format)") }
        var tables: [ValueTable] = []
        for _ in 0..<(try reader.readCount(.projectedTypes, leastBytes: 4)) {
            let name = try reader.readText(.nameBytes)
            let start = reader.index
            var names: [String] = []
            for _ in 0..<(try reader.readCount(.projectedFields)) {
                names.append(try reader.readText(.nameBytes).string)
            }
            guard !names.isEmpty else { throw .malformed("a record type without a table", at: start) }
            var fields: [(name: Text, kind: FieldKind, column: ColumnType)] = []
            for _ in 0..<(try reader.readCount(.projectedFields, leastBytes: 3)) {
                let field = try reader.readText(.nameBytes)
                let kind = FieldKind(rawValue: try reader.readByte())
                let start = reader.index
                guard let column = ColumnType(number: try reader.readByte()) else {
                    throw .malformed("a column of an unknown type", at: start)
                }
                guard !fields.contains(where: { $0.name == field }) else {
                    throw .malformed("two columns of one field", at: start)
                }
                fields.append((field, kind, column))
            }
            tables.append(ValueTable(name: name, tables: names, fields: fields))
        }
        try reader.finish()
        self.init(tables: tables)
    }
}

extension ColumnType {
    fileprivate var number: UInt8 {
        switch self {
        case .text: 1
        case .integer: 2
        case .blob: 3
        }
    }

    fileprivate init?(number: UInt8) {
        switch number {
        case 1: self = .text
        case 2: self = .integer
        case 3: self = .blob
        default: return nil
        }
    }
}

extension Limit {
    static let projectedTypes = Limit("record types with tables", 256)
    static let projectedFields = Limit("fields of a record type", 1_000)
}
