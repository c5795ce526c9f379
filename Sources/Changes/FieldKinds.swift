import Causality

/// Which kinds a field of each name has in some record type of a schema: the hub asks for each operation.
struct FieldKinds: Sendable {
    private let names: FieldNames
    /// By a name's number: a bit for each kind's number; those that are known are small.
    private let kinds: [UInt64]

    init(_ recordTypes: [RecordType]) {
        var kinds: [Text: UInt64] = [Schema.typeField: FieldKinds.bit(.register)]
        for type in recordTypes {
            for field in type.fields where field.name != Schema.typeField {
                kinds[field.name, default: 0] |= FieldKinds.bit(field.kind)
            }
        }
        names = FieldNames(kinds.keys)
        self.kinds = [0] + kinds.sorted { $0.key < $1.key }.map(\.value)
    }

    private static func bit(_ kind: FieldKind) -> UInt64 {
        precondition(kind.isKnown && kind.rawValue < 64, "a schema has fields of known kinds")
        return 1 << UInt64(kind.rawValue)
    }

    /// Whether a field of this name may be of this kind: one that no record type has may be of any.
    ///
    /// - Complexity: O(log fields).
    func allow(_ kind: FieldKind, _ field: Range<Int>, of operations: UnsafeRawBufferPointer) -> Bool {
        let name = names.withView { $0.number(of: operations, field) }
        return name == 0 || kind.rawValue < 64 && kinds[name] & 1 << UInt64(kind.rawValue) != 0
    }
}
