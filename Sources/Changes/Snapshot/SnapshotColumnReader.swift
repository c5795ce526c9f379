/// Reads the values of one column, in the order in which records have them.
struct SnapshotColumnReader {
    let column: SnapshotColumn
    /// Without an element.
    let target: FieldTarget
    private var values: SnapshotContents
    private var elements: SnapshotContents
    private let model: Int
    private let elementModel: Int
    /// Before the numbers of counted texts.
    private var prefix: [UInt8] = []
    /// The number before.
    private var number: Int64 = 0

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
        if case .counted(let prefix) = column.values { self.prefix = Array(prefix.string.utf8) }
    }

    /// Reads the next value and writes its canonical bytes.
    ///
    /// - Parameters:
    ///   - milliseconds: of the write's time.
    ///   - room: how many rebuilt bytes there may still be; less what the value takes afterwards, and never less than 0.
    mutating func copyValue(
        _ decoder: inout NumberDecoder<SteadyModel>, milliseconds: Int64, room: inout Int, into writer: inout ByteWriter
    ) throws(CodecError) {
        switch column.values {
        case .listed: values.copy(try values.next(&decoder, model, room: &room), into: &writer)
        case .counted:
            room -= prefix.count + SnapshotColumnReader.greatestNumberBytes
            guard room >= 0 else { throw .limit(.rebuiltBytesPerSnapshotChunk, at: decoder.index) }
            CountedText.write(prefix, try decoder.readNumber(model), into: &writer)
        case .numbers(let form, let told):
            room -= SnapshotColumnReader.greatestNumberBytes
            guard room >= 0 else { throw .limit(.rebuiltBytesPerSnapshotChunk, at: decoder.index) }
            let difference = try decoder.readSigned(model)
            switch told {
            case .nothing: number = difference
            case .column: number &+= difference
            case .stamp: number = milliseconds / (form.unit ?? 1) &+ difference
            }
            guard form.writeValue(of: number, into: &writer) else {
                throw .malformed("a number stands for no value", at: decoder.index)
            }
        }
    }

    /// The next value by itself.
    mutating func nextValue(
        _ decoder: inout NumberDecoder<SteadyModel>, milliseconds: Int64, room: inout Int
    ) throws(CodecError) -> Value {
        var writer = ByteWriter(reserving: 32)
        try copyValue(&decoder, milliseconds: milliseconds, room: &room, into: &writer)
        var reader = ByteReader(writer.bytes)
        return try Value(from: &reader)
    }

    /// Reads the next element and writes its canonical bytes.
    mutating func copyElement(
        _ decoder: inout NumberDecoder<SteadyModel>, room: inout Int, into writer: inout ByteWriter
    ) throws(CodecError) {
        elements.copy(try elements.next(&decoder, elementModel, room: &room), into: &writer)
    }

    func finish(at position: Int) throws(CodecError) {
        guard values.isUsedUp, elements.isUsedUp else {
            throw .malformed("a content is listed and no record has it", at: position)
        }
    }
}

/// The contents that a column lists, in canonical bytes, and how many of them were used.
struct SnapshotContents {
    private var bytes: [UInt8] = []
    /// Of each content, in `bytes`.
    private var ends: [Int] = []
    /// As they count against what is rebuilt.
    private var byteCounts: [Int32] = []
    private var used = 0

    init() {}

    /// - Parameters:
    ///   - reader: of all columns' contents, one column after the other.
    ///   - room: how many bytes may still be listed; less these afterwards.
    init(_ list: SnapshotContentList, from reader: inout ByteReader, room: inout Int) throws(CodecError) {
        var buffer: [UInt8] = []
        var last = 0..<0
        var writer = ByteWriter()
        ends.reserveCapacity(min(list.count, reader.remaining))
        byteCounts.reserveCapacity(min(list.count, reader.remaining))
        for _ in 0..<list.count {
            let start = reader.index
            last = try FrontCoding.read(
                from: &reader, after: last, into: &buffer, limit: room,
                of: .rebuiltBytesPerSnapshotChunk)
            room -= last.count
            byteCounts.append(Int32(last.count))
            try SnapshotContents.copy(buffer, last, isText: list.isTexts, at: start, into: &writer)
            ends.append(writer.count)
            // Only the one before is looked at again.
            if buffer.count > SnapshotContents.keptBytes {
                buffer.removeFirst(last.lowerBound)
                last = 0..<buffer.count
            }
        }
        bytes = writer.bytes
    }

    private static let keptBytes = 1 << 20

    /// Writes the canonical bytes of a content that is listed in `range`, once they are found to be some.
    private static func copy(
        _ buffer: [UInt8], _ range: Range<Int>, isText: Bool, at position: Int, into writer: inout ByteWriter
    ) throws(CodecError) {
        guard isText else {
            var reader = ByteReader(buffer, range)
            _ = try Value(from: &reader)
            try reader.finish()
            return writer.write(raw: buffer, range)
        }
        guard range.count <= Limit.textBytes.value else { throw .limit(.textBytes, at: position) }
        let isValid = buffer.withUnsafeBufferPointer { buffer in
            let text = UnsafeBufferPointer(rebasing: buffer[range])
            guard Text(validating: text) != nil else { return false }
            EncodedScalar.write(text: UnsafeRawBufferPointer(text), into: &writer)
            return true
        }
        guard isValid else { throw .text(at: position) }
    }

    var isUsedUp: Bool { used == ends.count }

    /// - Returns: which content comes next.
    mutating func next(_ decoder: inout NumberDecoder<SteadyModel>, _ model: Int, room: inout Int) throws(CodecError)
        -> Int
    {
        let code = try decoder.readNumber(model)
        guard code <= UInt64(used), code > 0 || used < ends.count else {
            throw .malformed("a content is not listed", at: decoder.index)
        }
        if code == 0 { used += 1 }
        let index = code == 0 ? used - 1 : Int(code) - 1
        room -= Int(byteCounts[index])
        // Before a copy of it is made.
        guard room >= 0 else { throw .limit(.rebuiltBytesPerSnapshotChunk, at: decoder.index) }
        return index
    }

    func copy(_ index: Int, into writer: inout ByteWriter) {
        writer.write(raw: bytes, (index > 0 ? ends[index - 1] : 0)..<ends[index])
    }
}
