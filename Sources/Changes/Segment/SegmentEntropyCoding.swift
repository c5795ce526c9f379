/// A small segment in fewer bytes: every number of it with a model of its own kind (`NumberCoding`), and fields by their known
/// numbers (`KnownNames`). General compression has little to go by in a few kilobytes, and one table for all columns.
///
/// The segment's bytes come back exactly: both directions take the same walk (`SegmentWalk`) through them.
package enum SegmentEntropyCoding {
    /// What a block becomes at most, for each of its bytes and beside them: what a message asks for in time and memory stays in
    /// proportion to it.
    private static let growth = (perByte: 16, beside: 256)

    private static func greatestSegment(of count: Int, _ limit: Limit) -> Limit {
        Limit(limit.name, min(limit.value, growth.perByte * count + growth.beside))
    }

    /// - Parameter limit: bytes of the segment; a receiver takes no others than the greatest that this is by itself.
    /// - Returns: nil for a larger segment, for bytes that are none, where nothing is gained, and where a receiver would not take it.
    /// - Complexity: O(bytes): some eight steps for each number.
    package static func encode(_ segment: [UInt8], limit: Limit = .bytesPerCodedSegment) -> [UInt8]? {
        guard segment.count <= limit.value else { return nil }
        var walk = SegmentWalk(SegmentReading(segment), limit: limit)
        do throws(CodecError) {
            try walk.walk()
        } catch {
            // It goes as it is, and is refused where it comes to.
            return nil
        }
        guard walk.passer.position == segment.count else { return nil }
        let bytes = walk.passer.finish()
        let isTaken = segment.count <= greatestSegment(of: bytes.count, limit).value
        return isTaken && bytes.count < segment.count ? bytes : nil
    }

    /// - Returns: what was encoded; of other bytes it need not be a segment.
    /// - Throws: also where it would take more than `Limit.bytesPerCodedSegment`, or than `growth` leaves.
    package static func decode(_ bytes: [UInt8]) throws(CodecError) -> [UInt8] {
        let limit = greatestSegment(of: bytes.count, .bytesPerCodedSegment)
        var walk = SegmentWalk(try SegmentWriting(bytes, limit: limit), limit: limit)
        try walk.walk()
        return try walk.passer.finish()
    }
}

/// What each kind of numbers of a segment has a model of.
enum SegmentModel {
    // First one for each stream: see `SegmentStream`.
    static let head = SegmentStream.allCases.count
    static let length = head + 1
    static let name = head + 2
    static let kind = head + 3
    static let action = head + 4
    static let flags = head + 5
    static let coding = head + 6
    static let form = head + 7
    static let shared = head + 8
    static let count = head + 9
    static let text = head + 10
    /// Of a text, behind a digit.
    static let behindDigit = head + 11
    static let byte = head + 12
    private static let columns = head + 13
    /// Further columns share the models of the first ones.
    private static let columnModels = 32
    static let all = columns + columnModels

    static func column(_ number: Int) -> Int { columns + number % columnModels }
}

/// Passes the parts of a segment through, one after the other: out of its bytes into fewer, or back.
protocol SegmentPasser {
    /// Bytes of the segment that were passed.
    var position: Int { get }
    mutating func passNumber(_ model: Int) throws(CodecError) -> UInt64
    mutating func passByte(_ model: Int) throws(CodecError) -> UInt8
    /// Bytes of ids and hashes, which nothing tells.
    mutating func passPlain(_ count: Int) throws(CodecError)
    /// Passes a name with its length, where it is known.
    mutating func passKnownName() throws(CodecError) -> Bool
}

/// The way through a segment's bytes, of which as much is looked at as tells numbers from texts; that the segment is one is for
/// `Segment` to say.
struct SegmentWalk<Passer: SegmentPasser> {
    var passer: Passer
    private let limit: Limit
    /// By column, whether its contents are listed.
    private var areListed: [Bool] = []

    init(_ passer: Passer, limit: Limit) {
        self.passer = passer
        self.limit = limit
    }

    mutating func walk() throws(CodecError) {
        let format = try passer.passNumber(SegmentModel.head)
        guard format == SegmentHead.format else { throw .unsupported("a segment of format \(format)") }
        // Flags, items, operations, rebuilt bytes, records.
        for _ in 0..<5 { _ = try passer.passNumber(SegmentModel.head) }
        let columns = try passer.passNumber(SegmentModel.head)
        guard columns <= UInt64(Limit.columnsPerSegment.value) else {
            throw .limit(.columnsPerSegment, at: passer.position)
        }
        let present = try passer.passNumber(SegmentModel.head)
        var lengths: [(stream: SegmentStream?, count: UInt64)] = []
        for stream in SegmentStream.allCases where present >> UInt64(stream.rawValue) & 1 == 1 {
            lengths.append((stream, try passer.passNumber(SegmentModel.length)))
        }
        for _ in 0..<columns { lengths.append((nil, try passer.passNumber(SegmentModel.length))) }
        var column = 0
        for (stream, count) in lengths {
            guard count <= UInt64(limit.value) else { throw .limit(limit, at: passer.position) }
            let end = passer.position + Int(count)
            if let stream {
                while passer.position < end { try walk(stream, to: end) }
            } else {
                let isListed = column < areListed.count && areListed[column]
                while passer.position < end {
                    let code = try passer.passNumber(SegmentModel.column(column))
                    if isListed, code == 0 { try walkFrontCoded(to: end) }
                }
                column += 1
            }
            guard passer.position == end else { throw .length(at: passer.position) }
        }
    }

    /// Passes the next part of a stream.
    private mutating func walk(_ stream: SegmentStream, to end: Int) throws(CodecError) {
        let model = stream.rawValue
        switch stream {
        case .feeds:
            try passer.passPlain(16)
            _ = try passer.passNumber(model)
        case .contexts:
            _ = try passer.passNumber(model)
            _ = try passer.passNumber(model)
            try passer.passPlain(16)
        case .starts: try passer.passPlain(32)
        case .authors, .origins: try walkFrontCoded(to: end)
        case .columns: try walkColumn(to: end)
        case .parts, .stubs, .entries: _ = try passer.passByte(SegmentModel.byte)
        default: _ = try passer.passNumber(model)
        }
    }

    private mutating func walkFrontCoded(to end: Int) throws(CodecError) {
        _ = try passer.passNumber(SegmentModel.shared)
        try walkText(to: end)
    }

    /// Bytes behind their count.
    private mutating func walkText(to end: Int) throws(CodecError) {
        let count = try passer.passNumber(SegmentModel.count)
        guard passer.position <= end, count <= UInt64(end - passer.position) else {
            throw .length(at: passer.position)
        }
        var isBehindDigit = false
        for _ in 0..<count {
            let byte = try passer.passByte(isBehindDigit ? SegmentModel.behindDigit : SegmentModel.text)
            isBehindDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
    }

    /// What a column's operations have alike, and its coding.
    private mutating func walkColumn(to end: Int) throws(CodecError) {
        if try !passer.passKnownName() { try walkText(to: end) }
        for model in [SegmentModel.kind, SegmentModel.action, SegmentModel.flags] { _ = try passer.passByte(model) }
        let coding = try passer.passByte(SegmentModel.coding)
        areListed.append(coding < ColumnCoding.firstOfNumbers)
        if coding < ColumnCoding.firstOfNumbers { return }
        let form = try passer.passByte(SegmentModel.form)
        for _ in 0..<NumberForm.parameterCount(of: form) { _ = try passer.passNumber(SegmentModel.form) }
    }
}

/// Out of a segment's bytes into fewer.
private struct SegmentReading: SegmentPasser {
    private var reader: ByteReader
    private var numbers = NumberEncoder<QuickModel>(models: SegmentModel.all)

    init(_ segment: [UInt8]) { reader = ByteReader(segment) }

    var position: Int { reader.index }

    mutating func passNumber(_ model: Int) throws(CodecError) -> UInt64 {
        let number = try reader.readInteger()
        numbers.write(number, model)
        return number
    }

    mutating func passByte(_ model: Int) throws(CodecError) -> UInt8 {
        let byte = try reader.readByte()
        numbers.write(UInt64(byte), model)
        return byte
    }

    mutating func passPlain(_ count: Int) throws(CodecError) {
        for _ in 0..<count { numbers.write(plain: UInt64(try reader.readByte()), count: 8) }
    }

    mutating func passKnownName() throws(CodecError) -> Bool {
        var ahead = reader
        let name = try ahead.readRange(.nameBytes)
        let number = KnownNames.number(of: reader.bytes[name])
        numbers.write(UInt64(number), SegmentModel.name)
        if number > 0 { reader = ahead }
        return number > 0
    }

    /// - Precondition: called once, at the end.
    mutating func finish() -> [UInt8] { numbers.finish() }
}

/// Back into a segment's bytes.
private struct SegmentWriting: SegmentPasser {
    private var numbers: NumberDecoder<QuickModel>
    private var writer = ByteWriter(reserving: 2_048)
    private let limit: Limit

    init(_ bytes: [UInt8], limit: Limit) throws(CodecError) {
        self.limit = limit
        numbers = try NumberDecoder(ByteReader(bytes), models: SegmentModel.all)
    }

    var position: Int { writer.count }

    mutating func passNumber(_ model: Int) throws(CodecError) -> UInt64 {
        let number = try numbers.readNumber(model)
        writer.write(number)
        try checkSize()
        return number
    }

    mutating func passByte(_ model: Int) throws(CodecError) -> UInt8 {
        let number = try numbers.readNumber(model)
        guard let byte = UInt8(exactly: number) else { throw .integer(at: numbers.index) }
        writer.write(byte: byte)
        try checkSize()
        return byte
    }

    mutating func passPlain(_ count: Int) throws(CodecError) {
        for _ in 0..<count { writer.write(byte: UInt8(try numbers.readPlain(8))) }
        try checkSize()
    }

    mutating func passKnownName() throws(CodecError) -> Bool {
        let number = try numbers.readNumber(SegmentModel.name)
        if number == 0 { return false }
        guard let name = KnownNames.name(number) else { throw .unsupported("a field by the number \(number)") }
        writer.write(name)
        try checkSize()
        return true
    }

    private func checkSize() throws(CodecError) {
        guard writer.count <= limit.value else { throw .limit(limit, at: numbers.index) }
    }

    func finish() throws(CodecError) -> [UInt8] {
        try numbers.finish()
        return writer.bytes
    }
}
