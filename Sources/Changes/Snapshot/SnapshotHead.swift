/// What both sides of a chunk know.
enum SnapshotHead {
    static let format: UInt64 = 1

    enum Flags {
        /// No change's time lies before that of the change before it in its feed.
        static let timesNeverFall: UInt8 = 1
        /// Some marks are later than the earliest one of their change: how much, is written.
        static let lateMarks: UInt8 = 2
        static let all: UInt8 = 3
    }

    /// 0 for an origin that is listed, else the step from the one before, zigzag, and 1.
    static func originCode(ofStep step: Int64) -> UInt64 { UInt64(bitPattern: step << 1 ^ step >> 63) + 1 }

    static func step(ofOriginCode code: UInt64) -> Int64 {
        Int64(bitPattern: (code - 1) >> 1) ^ -Int64(bitPattern: (code - 1) & 1)
    }
}

extension SnapshotColumn {
    /// Layout: field, kind, how its values are written; the elements of a set.
    func encode(into writer: inout ByteWriter) {
        writer.write(field)
        writer.write(byte: kind.rawValue)
        values.encode(into: &writer)
        if kind == .set { SnapshotColumnCoding.encode(elements, into: &writer) }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let start = reader.index
        field = try reader.readText(.nameBytes)
        kind = FieldKind(rawValue: try reader.readByte())
        guard kind.isKnown else { throw .unsupported("a state with fields of kind \(kind.rawValue)") }
        values = try SnapshotColumnCoding(from: &reader)
        elements = kind == .set ? try SnapshotColumnCoding.readList(from: &reader) : SnapshotContentList()
        if kind == .total {
            guard case .numbers(.integer, _) = values else { throw .malformed("a total is a number", at: start) }
        }
    }
}
