import Causality

extension Value {
    /// Tags 0 to 11 have the layouts below, 12 to 15 are refused; a tag of 16 or more is followed by its bytes
    /// behind their count, so that a version that does not know it can carry it.
    enum Tag: UInt64 {
        case null = 0
        case no = 1
        case yes = 2
        case integer = 3
        case text = 4
        case bytes = 5
        case time = 6
        case money = 7
        case record = 8
        case subject = 9
        case personal = 10
        case fields = 11
    }

    static var firstOpenTag: UInt64 { 16 }

    static func encode(integer value: Int64, into writer: inout ByteWriter) {
        writer.write(Tag.integer.rawValue)
        writer.write(signed: value)
    }

    package func encode(into writer: inout ByteWriter) {
        switch self {
        case .null: writer.write(Tag.null.rawValue)
        case .boolean(false): writer.write(Tag.no.rawValue)
        case .boolean(true): writer.write(Tag.yes.rawValue)
        case .integer(let value): Value.encode(integer: value, into: &writer)
        case .text(let value):
            writer.write(Tag.text.rawValue)
            writer.write(value)
        case .bytes(let value):
            writer.write(Tag.bytes.rawValue)
            writer.write(value)
        case .time(let value):
            writer.write(Tag.time.rawValue)
            writer.write(signed: value.milliseconds)
            writer.write(signed: Int64(value.zoneMinutes))
        case .money(let value):
            writer.write(Tag.money.rawValue)
            writer.write(signed: value.minorUnits)
            writer.write(value.currency)
        case .record(let value):
            writer.write(Tag.record.rawValue)
            writer.write(value)
        case .subject(let value):
            writer.write(Tag.subject.rawValue)
            writer.write(value)
        case .personal(let value):
            writer.write(Tag.personal.rawValue)
            writer.write(value.part)
            writer.write(value.item)
        case .fields(let fields):
            writer.write(Tag.fields.rawValue)
            writer.write(fields.count)
            for field in fields {
                writer.write(field.name)
                field.value.encode(into: &writer)
            }
        case .unknown(let tag, let bytes):
            precondition(tag >= Value.firstOpenTag, "tag \(tag) has a layout of its own")
            writer.write(tag)
            writer.write(bytes)
        }
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        try self.init(from: &reader, level: 1)
    }

    private init(from reader: inout ByteReader, level: Int) throws(CodecError) {
        let start = reader.index
        let number = try reader.readInteger()
        if number >= Value.firstOpenTag {
            self = .unknown(tag: number, bytes: try reader.readBytes())
            return
        }
        guard let tag = Tag(rawValue: number) else {
            throw .malformed("value tag \(number) does not exist", at: start)
        }
        switch tag {
        case .null: self = .null
        case .no: self = .boolean(false)
        case .yes: self = .boolean(true)
        case .integer: self = .integer(try reader.readSigned())
        case .text: self = .text(try reader.readText())
        case .bytes: self = .bytes(try reader.readBytes())
        case .time:
            let milliseconds = try reader.readSigned()
            self = .time(Moment(milliseconds: milliseconds, zoneMinutes: try reader.readZone()))
        case .money:
            let units = try reader.readSigned()
            let currency = try reader.readText(.nameBytes)
            guard currency.string.utf8.count == 3,
                currency.string.utf8.allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) })
            else { throw .malformed("a currency is three capital letters", at: start) }
            self = .money(Money(minorUnits: units, currency: currency))
        case .record: self = .record(try reader.readIdentifier())
        case .subject: self = .subject(try reader.readIdentifier())
        case .personal:
            let part = Int(try reader.readInteger(upTo: UInt64(Limit.partsPerChange.value - 1)))
            let item = Int(try reader.readInteger(upTo: UInt64(Limit.itemsPerPart.value - 1)))
            self = .personal(PartReference(part: part, item: item))
        case .fields:
            guard level <= Limit.valueDepth.value else { throw .limit(.valueDepth, at: start) }
            let count = try reader.readCount(.fieldsPerValue, leastBytes: 2)
            var fields: [Field] = []
            fields.reserveCapacity(count)
            for _ in 0..<count {
                let position = reader.index
                let name = try reader.readText(.nameBytes)
                if let last = fields.last, last.name >= name {
                    throw .malformed("the fields of a value are not in order", at: position)
                }
                fields.append(Field(name, try Value(from: &reader, level: level + 1)))
            }
            self = .fields(fields)
        }
    }
}

extension Value {
    /// A value in canonical bytes that were checked.
    init(checked bytes: [UInt8], _ range: Range<Int>) {
        var reader = ByteReader(bytes, range)
        do { self = try Value(from: &reader) } catch { preconditionFailure("a value's bytes are none: \(error)") }
    }

    /// What the canonical bytes of a text begin with, and those of nothing else.
    static var textTag: UInt8 { UInt8(Tag.text.rawValue) }

    /// Appends what canonical bytes have before the UTF-8 of a text of `count` bytes.
    static func appendTextHead(count: Int, to buffer: inout [UInt8]) {
        buffer.append(textTag)
        var rest = count
        while rest >= 0x80 {
            buffer.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.append(UInt8(rest))
    }

    /// How many bytes there are before the UTF-8 in the canonical bytes of a text.
    static func textHeadCount(_ bytes: UnsafeRawBufferPointer, _ text: Range<Int>) -> Int {
        var index = text.lowerBound + 1
        while bytes[index] >= 0x80 { index += 1 }
        return index + 1 - text.lowerBound
    }
}

extension ByteReader {
    /// An offset from UTC in minutes, -1,080 to 1,080.
    mutating func readZone() throws(CodecError) -> Int16 {
        let start = index
        let minutes = try readSigned()
        guard (-1_080...1_080).contains(minutes) else { throw .integer(at: start) }
        return Int16(minutes)
    }
}
