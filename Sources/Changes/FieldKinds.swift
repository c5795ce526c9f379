/// Which kinds a field of each name has in some record type of a schema. The names lie in one piece, sorted, so that
/// looking one up counts no references: the hub asks for each operation.
struct FieldKinds: Sendable {
    private struct Name: Sendable {
        let range: Range<Int>
        /// A bit for each kind's number; those that are known are small.
        var kinds: UInt64
    }

    private var bytes: [UInt8] = []
    private var names: [Name] = []

    init(_ recordTypes: [RecordType]) {
        var kinds: [[UInt8]: UInt64] = [Array(Schema.typeField.string.utf8): FieldKinds.bit(.register)]
        for type in recordTypes {
            for field in type.fields where field.name != Schema.typeField {
                kinds[Array(field.name.string.utf8), default: 0] |= FieldKinds.bit(field.kind)
            }
        }
        for (name, bits) in kinds.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            names.append(Name(range: bytes.count..<bytes.count + name.count, kinds: bits))
            bytes += name
        }
    }

    private static func bit(_ kind: FieldKind) -> UInt64 {
        precondition(kind.isKnown && kind.rawValue < 64, "a schema has fields of known kinds")
        return 1 << UInt64(kind.rawValue)
    }

    /// Whether a field of this name may be of this kind: one that no record type has may be of any.
    ///
    /// - Complexity: O(log fields).
    func allow(_ kind: FieldKind, _ field: Range<Int>, of operations: UnsafeRawBufferPointer) -> Bool {
        bytes.withUnsafeBytes { bytes in
            let names = names.span
            var low = 0
            var high = names.count
            while low < high {
                let middle = (low + high) / 2
                let order = FieldKinds.order(operations, field, bytes, names[middle].range)
                if order == 0 { return kind.rawValue < 64 && names[middle].kinds & 1 << UInt64(kind.rawValue) != 0 }
                if order < 0 { high = middle } else { low = middle + 1 }
            }
            return true
        }
    }

    private static func order(
        _ a: UnsafeRawBufferPointer, _ aRange: Range<Int>, _ b: UnsafeRawBufferPointer, _ bRange: Range<Int>
    ) -> Int {
        for offset in 0..<min(aRange.count, bRange.count) {
            let difference = Int(a[aRange.lowerBound + offset]) - Int(b[bRange.lowerBound + offset])
            if difference != 0 { return difference }
        }
        return aRange.count - bRange.count
    }
}
