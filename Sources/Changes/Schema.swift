import Causality

/// What kinds of records there are and how their fields are read and shown. Data on the engine: another schema is
/// added without touching it.
package struct Schema: Sendable {
    /// Name and version, as changes carry it: `recovery/1`.
    package let id: Text
    package let recordTypes: [RecordType]
    private let fieldKinds: FieldKinds

    package init(id: Text, recordTypes: [RecordType]) {
        self.id = id
        self.recordTypes = recordTypes
        fieldKinds = FieldKinds(recordTypes)
    }

    /// The register that every record has and that tells its type.
    package static let typeField: Text = "type"

    package func recordType(_ name: Text) -> RecordType? { recordTypes.first { $0.name == name } }

    /// Whether a change of the segment may break a rule: false says that none does, and costs no look at any of them.
    package func mayViolate(_ segment: Segment) -> Bool {
        segment.forms.contains { form in
            var name = form.field.string
            return !name.withUTF8 {
                fieldKinds.allow(form.kind, 0..<$0.count, of: UnsafeRawBufferPointer($0))
            }
        }
    }

    /// The rule that `operations` break, in words; `nil` when they break none. Fields and types that this schema
    /// does not know break nothing: they come from a newer version. An operation does not tell its record's type, and two
    /// types may give one name different kinds: each of them will do.
    package func violation(of operations: EncodedOperations) -> String? {
        operations.bytes.withUnsafeBytes { bytes in
            for item in operations.items where !fieldKinds.allow(item.kind, item.field, of: bytes) {
                let field = String(decoding: bytes[item.field], as: UTF8.self)
                return "the field \(field) is never of kind \(item.kind.rawValue)"
            }
            return nil
        }
    }
}

/// One kind of record, and the plain tables that show it.
package struct RecordType: Sendable {
    package let name: Text
    /// The projection's main table; its set fields and logs get tables named after it.
    package let table: String
    package let fields: [FieldDefinition]
    /// Columns that are computed from the record.
    package let derivedColumns: [Column]
    /// The values of `derivedColumns`, in their order. A pure function of the record.
    package let derive: @Sendable (RecordView) -> [Value]
    /// By which rules `derive` does it, from 1: another number than a file's, and its tables are written anew.
    package let derivation: Int
    /// Indexes of the main table, the columns of each: what listings are read from. Each is kept up with every write
    /// that changes one of its columns.
    package let indexes: [[String]]

    package init(
        name: Text, table: String, fields: [FieldDefinition], derivedColumns: [Column] = [],
        indexes: [[String]] = [], derivation: Int = 1,
        derive: @escaping @Sendable (RecordView) -> [Value] = { _ in [] }
    ) {
        self.name = name
        self.table = table
        self.fields = fields
        self.derivedColumns = derivedColumns
        self.indexes = indexes
        self.derivation = derivation
        self.derive = derive
    }

    package func field(_ name: Text) -> FieldDefinition? { fields.first { $0.name == name } }
}

package struct FieldDefinition: Sendable {
    package let name: Text
    package let kind: FieldKind
    /// For registers: how concurrent values are read.
    package let reading: Reading
    package let columnType: ColumnType
    /// For logs: the columns that show an entry.
    package let entryColumns: [Column]
    /// For logs: the values of `entryColumns`, in their order.
    package let entryValues: @Sendable (Value) -> [Value]

    package init(
        _ name: Text, _ kind: FieldKind = .register, reading: Reading = .latest, columnType: ColumnType = .text,
        entryColumns: [Column] = [], entryValues: @escaping @Sendable (Value) -> [Value] = { _ in [] }
    ) {
        self.name = name
        self.kind = kind
        self.reading = reading
        self.columnType = columnType
        self.entryColumns = entryColumns
        self.entryValues = entryValues
    }
}

package enum ColumnType: String, Sendable {
    case text = "TEXT"
    case integer = "INTEGER"
    case blob = "BLOB"
}

package struct Column: Sendable {
    package let name: String
    package let type: ColumnType
    package let isIndexed: Bool

    package init(_ name: String, _ type: ColumnType, indexed: Bool = false) {
        self.name = name
        self.type = type
        isIndexed = indexed
    }
}

/// A record with its log, as a schema's functions read it.
package struct RecordView: Sendable {
    package let id: RecordID
    package let state: RecordState
    /// In listing order.
    package let log: [LogRow]

    package init(id: RecordID, state: RecordState, log: [LogRow]) {
        self.id = id
        self.state = state
        self.log = log
    }

    package var type: Text? { state.winner(Schema.typeField, .latest)?.value.text }

    package func rows(of field: Text) -> [LogRow] { log.filter { $0.field == field } }
}
