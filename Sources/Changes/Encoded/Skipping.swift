/// Passing over what one need not hold: everything is checked as if it were read, and nothing is allocated.
extension ByteReader {
    /// Passes over a text behind its count.
    ///
    /// - Returns: where its UTF-8 lies.
    package mutating func skipText(_ limit: Limit = .textBytes) throws(CodecError) -> Range<Int> {
        let start = index
        let range = try readRange(limit)
        guard isUTF8(range) else { throw .text(at: start) }
        return range
    }

    /// Passes over bytes of which the number is known.
    mutating func skip(_ count: Int) throws(CodecError) {
        guard count <= remaining else { throw .truncated(at: index) }
        advance(by: count)
    }

    private func isUTF8(_ range: Range<Int>) -> Bool { bytes.withUnsafeBytes { Text.isUTF8($0, range) } }
}

extension Text {
    static func isUTF8(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        // Names and codes are nearly always ASCII.
        while index + 8 <= range.upperBound,
            bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
        { index += 8 }
        while index < range.upperBound, bytes[index] < 0x80 { index += 1 }
        if index == range.upperBound { return true }
        let rest = UnsafeBufferPointer(rebasing: bytes.bindMemory(to: UInt8.self)[index..<range.upperBound])
        do {
            _ = try UTF8Span(validating: rest.span)
            return true
        } catch {
            return false
        }
    }
}

extension Value {
    /// What a value is, as far as the rules of an operation ask.
    struct Sort {
        /// The first integer of its bytes.
        let tag: UInt64
        let holdsPersonal: Bool

        var isNull: Bool { tag == Tag.null.rawValue }
        var isBoolean: Bool { tag == Tag.no.rawValue || tag == Tag.yes.rawValue }
        var isInteger: Bool { tag == Tag.integer.rawValue }
    }

    var sort: Sort { Sort(tag: tag, holdsPersonal: holdsPersonal) }

    /// The first integer of its bytes.
    private var tag: UInt64 {
        switch self {
        case .null: Tag.null.rawValue
        case .boolean(false): Tag.no.rawValue
        case .boolean(true): Tag.yes.rawValue
        case .integer: Tag.integer.rawValue
        case .text: Tag.text.rawValue
        case .bytes: Tag.bytes.rawValue
        case .time: Tag.time.rawValue
        case .money: Tag.money.rawValue
        case .record: Tag.record.rawValue
        case .subject: Tag.subject.rawValue
        case .personal: Tag.personal.rawValue
        case .fields: Tag.fields.rawValue
        case .unknown(let tag, _): tag
        }
    }

    /// Passes over a value, and refuses what `init(from:)` would.
    static func skip(from reader: inout ByteReader) throws(CodecError) -> Sort { try skip(from: &reader, level: 1) }

    private static func skip(from reader: inout ByteReader, level: Int) throws(CodecError) -> Sort {
        let start = reader.index
        let number = try reader.readInteger()
        if number >= Value.firstOpenTag {
            _ = try reader.readRange()
            return Sort(tag: number, holdsPersonal: false)
        }
        guard let tag = Tag(rawValue: number) else { throw .malformed("value tag \(number) does not exist", at: start) }
        var holdsPersonal = false
        switch tag {
        case .null, .no, .yes: break
        case .integer: _ = try reader.readInteger()
        case .text: _ = try reader.skipText()
        case .bytes: _ = try reader.readRange()
        case .time:
            _ = try reader.readInteger()
            _ = try reader.readZone()
        case .money:
            _ = try reader.readInteger()
            let currency = try reader.skipText(.nameBytes)
            guard currency.count == 3,
                reader.bytes[currency].allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) })
            else { throw .malformed("a currency is three capital letters", at: start) }
        case .record, .subject: try reader.skip(16)
        case .personal:
            _ = try reader.readInteger(upTo: UInt64(Limit.partsPerChange.value - 1))
            _ = try reader.readInteger(upTo: UInt64(Limit.itemsPerPart.value - 1))
            holdsPersonal = true
        case .fields:
            guard level <= Limit.valueDepth.value else { throw .limit(.valueDepth, at: start) }
            var last: Range<Int>?
            for _ in 0..<(try reader.readCount(.fieldsPerValue, leastBytes: 2)) {
                let position = reader.index
                let name = try reader.skipText(.nameBytes)
                if let last, !reader.bytes[last].lexicographicallyPrecedes(reader.bytes[name]) {
                    throw .malformed("the fields of a value are not in order", at: position)
                }
                last = name
                if try skip(from: &reader, level: level + 1).holdsPersonal { holdsPersonal = true }
            }
        }
        return Sort(tag: number, holdsPersonal: holdsPersonal)
    }
}

extension ByteReader {
    /// Passes over a value, and refuses what `Value(from:)` would.
    ///
    /// - Returns: where it lies.
    package mutating func readValueRange() throws(CodecError) -> Range<Int> {
        let start = index
        _ = try Value.skip(from: &self)
        return start..<index
    }
}

extension RecordOrigin {
    /// Passes over an origin, and refuses what `init(from:)` would.
    static func skip(from reader: inout ByteReader) throws(CodecError) {
        let start = reader.index
        let greatest = UInt64(Limit.operationsPerChange.value)
        switch try reader.readByte() {
        case Tag.created:
            try reader.skip(16)
            _ = try reader.readInteger(upTo: greatest)
        case Tag.here: _ = try reader.readInteger(upTo: greatest)
        case Tag.external:
            _ = try reader.skipText(.nameBytes)
            _ = try reader.skipText(.nameBytes)
        case Tag.moved:
            try reader.skip(16)
            try reader.skip(16)
        case let tag: throw .malformed("record origin \(tag) does not exist", at: start)
        }
    }
}
