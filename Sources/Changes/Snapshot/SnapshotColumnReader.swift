/// Reads the values of one column, in the order in which records have them.
struct SnapshotColumnReader {
    let column: SnapshotColumn
    /// Without an element.
    let target: FieldTarget
    private var values: SnapshotContents
    private var elements: SnapshotContents
    private let model: Int
    private let elementModel: Int
    private let prefixBytes: Int
    /// The number before.
    private var number: Int64 = 0
    private var lastValue: (number: Int64, value: Value)?

    /// A number's value in canonical bytes takes at most so many: a text with a date and `Z`, its length and its tag.
    private static let greatestNumberBytes = 22

    /// - Parameters:
    ///   - model: of the values' numbers; that of the elements' is the next.
    init(_ column: SnapshotColumn, values: SnapshotContents, elements: SnapshotContents, model: Int) {
        self.column = column
        target = column.target
        self.values = values
        self.elements = elements
        self.model = model
        elementModel = model + 1
        if case .counted(let prefix) = column.values {
            prefixBytes = prefix.string.utf8.count
        } else {
            prefixBytes = 0
        }
    }

    /// - Parameters:
    ///   - milliseconds: of the write's time.
    ///   - room: how many rebuilt bytes there may still be; less what the value takes afterwards.
    mutating func nextValue(
        _ decoder: inout NumberDecoder, milliseconds: Int64, room: inout Int
    ) throws(CodecError) -> Value {
        switch column.values {
        case .listed: return try values.next(&decoder, model, room: &room)
        case .counted(let prefix):
            room -= prefixBytes + SnapshotColumnReader.greatestNumberBytes
            return .text(CountedText.text(prefix, try decoder.readNumber(model)))
        case .numbers(let form, let told):
            room -= SnapshotColumnReader.greatestNumberBytes
            let difference = try decoder.readSigned(model)
            switch told {
            case .nothing: number = difference
            case .column: number &+= difference
            case .stamp: number = milliseconds / (form.unit ?? 1) &+ difference
            }
            if let lastValue, lastValue.number == number { return lastValue.value }
            guard let value = form.value(of: number) else {
                throw .malformed("a number stands for no value", at: decoder.index)
            }
            lastValue = (number, value)
            return value
        }
    }

    mutating func nextElement(_ decoder: inout NumberDecoder, room: inout Int) throws(CodecError) -> Value {
        try elements.next(&decoder, elementModel, room: &room)
    }

    func finish(at position: Int) throws(CodecError) {
        guard values.isUsedUp, elements.isUsedUp else {
            throw .malformed("a content is listed and no record has it", at: position)
        }
    }
}

/// The contents that a column lists, and how many of them were used.
struct SnapshotContents {
    private var values: [Value] = []
    private var byteCounts: [Int32] = []
    private var used = 0

    init() {}

    /// - Parameters:
    ///   - reader: of all columns' contents, one column after the other.
    ///   - room: how many bytes may still be listed; less these afterwards.
    init(_ list: SnapshotContentList, from reader: inout ByteReader, room: inout Int) throws(CodecError) {
        var buffer: [UInt8] = []
        var last = 0..<0
        values.reserveCapacity(min(list.count, reader.remaining))
        byteCounts.reserveCapacity(min(list.count, reader.remaining))
        for _ in 0..<list.count {
            let start = reader.index
            last = try FrontCoding.read(
                from: &reader, after: last, into: &buffer, limit: room,
                of: .rebuiltBytesPerSnapshotChunk)
            room -= last.count
            byteCounts.append(Int32(last.count))
            values.append(try SnapshotContents.value(buffer, last, isText: list.isTexts, at: start))
            // Only the one before is looked at again.
            if buffer.count > SnapshotContents.keptBytes {
                buffer.removeFirst(last.lowerBound)
                last = 0..<buffer.count
            }
        }
    }

    private static let keptBytes = 1 << 20

    private static func value(
        _ buffer: [UInt8], _ range: Range<Int>, isText: Bool, at position: Int
    ) throws(CodecError) -> Value {
        guard isText else {
            var reader = ByteReader(buffer, range)
            let value = try Value(from: &reader)
            try reader.finish()
            return value
        }
        let text = buffer.withUnsafeBufferPointer { Text(validating: UnsafeBufferPointer(rebasing: $0[range])) }
        guard let text else { throw .text(at: position) }
        return .text(text)
    }

    var isUsedUp: Bool { used == values.count }

    mutating func next(_ decoder: inout NumberDecoder, _ model: Int, room: inout Int) throws(CodecError) -> Value {
        let code = try decoder.readNumber(model)
        guard code <= UInt64(used), code > 0 || used < values.count else {
            throw .malformed("a content is not listed", at: decoder.index)
        }
        if code == 0 { used += 1 }
        let index = code == 0 ? used - 1 : Int(code) - 1
        room -= Int(byteCounts[index])
        return values[index]
    }
}
