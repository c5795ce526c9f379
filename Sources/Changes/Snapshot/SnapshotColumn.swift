/// A field of one kind within a chunk, and how its values are written.
struct SnapshotColumn: Comparable {
    let field: Text
    let kind: FieldKind
    var values = SnapshotColumnCoding.listed(SnapshotContentList())
    /// Of a set.
    var elements = SnapshotContentList()

    var target: FieldTarget { FieldTarget(field: field, kind: kind) }

    static func < (left: SnapshotColumn, right: SnapshotColumn) -> Bool {
        left.field != right.field ? left.field < right.field : left.kind < right.kind
    }

    static func == (left: SnapshotColumn, right: SnapshotColumn) -> Bool {
        left.field == right.field && left.kind == right.kind
    }
}

/// The different contents of a column, which follow the shapes.
struct SnapshotContentList: Hashable {
    var count = 0
    /// All are texts, and only their UTF-8 is listed; else canonical values.
    var isTexts = false
}

/// How the values of a column are numbers in the chunk's last stream.
enum SnapshotColumnCoding {
    /// 0 for the next of the list, n for the n-th of those before.
    case listed(SnapshotContentList)
    /// A text is `prefix` and a number in decimal digits without zeros before it.
    case counted(prefix: Text)
    case numbers(NumberForm, SnapshotPrediction)

    private enum Tag {
        static let values: UInt8 = 0
        static let texts: UInt8 = 1
        static let counted: UInt8 = 2
        /// And the prediction.
        static let numbers: UInt8 = 3
    }

    func encode(into writer: inout ByteWriter) {
        switch self {
        case .listed(let list): SnapshotColumnCoding.encode(list, into: &writer)
        case .counted(let prefix):
            writer.write(byte: Tag.counted)
            writer.write(prefix)
        case .numbers(let form, let prediction):
            writer.write(byte: Tag.numbers + prediction.rawValue)
            form.encode(into: &writer)
        }
    }

    static func encode(_ list: SnapshotContentList, into writer: inout ByteWriter) {
        writer.write(byte: list.isTexts ? Tag.texts : Tag.values)
        writer.write(list.count)
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let start = reader.index
        switch try reader.readByte() {
        case let tag where tag <= Tag.texts:
            self = .listed(try SnapshotColumnCoding.readList(isTexts: tag == Tag.texts, from: &reader))
        case Tag.counted: self = .counted(prefix: try reader.readText(.nameBytes))
        case let tag:
            guard let prediction = SnapshotPrediction(rawValue: tag - Tag.numbers) else {
                throw .malformed("column coding \(tag) does not exist", at: start)
            }
            let form = try NumberForm(from: &reader)
            guard prediction != .stamp || form.unit != nil else {
                throw .malformed("a number without unit is told from a time", at: start)
            }
            self = .numbers(form, prediction)
        }
    }

    /// A list alone: the elements of a set are nothing else.
    static func readList(from reader: inout ByteReader) throws(CodecError) -> SnapshotContentList {
        let start = reader.index
        let tag = try reader.readByte()
        guard tag <= Tag.texts else { throw .malformed("elements are listed", at: start) }
        return try readList(isTexts: tag == Tag.texts, from: &reader)
    }

    private static func readList(
        isTexts: Bool, from reader: inout ByteReader
    ) throws(CodecError) -> SnapshotContentList {
        // A content takes two bytes where it is listed.
        SnapshotContentList(count: try reader.readCount(.writesPerSnapshotChunk, leastBytes: 2), isTexts: isTexts)
    }
}

/// What a number is told from.
enum SnapshotPrediction: UInt8, CaseIterable {
    /// Nothing: it stands as it is.
    case nothing = 0
    /// The column's number before, at first 0.
    case column = 1
    /// The effective time of the write, or the key of the row, in the column's unit.
    case stamp = 2
}

/// A number in decimal digits at the end of a text, without zeros before it, and what comes before it.
struct CountedText {
    /// More digits might not fit 64 bits.
    static let greatestDigits = 18

    let prefix: Text
    let number: UInt64

    /// - Returns: nil where the text does not end so, or is too long for it.
    init?(_ text: Text) {
        let bytes = Array(text.string.utf8)
        let trailing = TrailingNumber(bytes, 0..<bytes.count)
        var start = trailing.start
        // Zeros that do not belong to the number belong to the prefix.
        while start < bytes.count - 1, bytes[start] == UInt8(ascii: "0") { start += 1 }
        guard start < bytes.count, start <= Limit.nameBytes.value else { return nil }
        prefix = Text(String(decoding: bytes[..<start], as: UTF8.self))
        number = UInt64(trailing.value)
    }

    /// Writes the canonical bytes of the text of a prefix and a number.
    static func write(_ prefix: [UInt8], _ number: UInt64, into writer: inout ByteWriter) {
        var rest = number
        var start = greatestWrittenDigits
        withUnsafeTemporaryAllocation(byteCount: greatestWrittenDigits, alignment: 1) { digits in
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            writer.write(textHead: prefix.count + greatestWrittenDigits - start)
            writer.write(raw: prefix)
            writer.write(raw: UnsafeRawBufferPointer(rebasing: digits[start...]))
        }
    }

    /// Of any number of 64 bits.
    private static var greatestWrittenDigits: Int { 20 }
}
