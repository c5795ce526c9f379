import Causality

/// A place in canonical bytes that this program made or has checked: what is read is not checked again, and a length that
/// leads beyond the bytes stops the program.
struct ByteCursor {
    let bytes: UnsafeRawBufferPointer
    private(set) var index: Int

    init(_ bytes: UnsafeRawBufferPointer, at index: Int) {
        self.bytes = bytes
        self.index = index
    }

    mutating func skip(_ count: Int) {
        precondition(count <= bytes.count - index, "a state's bytes end too early")
        index += count
    }

    mutating func readByte() -> UInt8 {
        defer { index += 1 }
        return bytes[index]
    }

    mutating func readInteger() -> UInt64 {
        var byte = bytes[index]
        index += 1
        if byte < 0x80 { return UInt64(byte) }
        var result = UInt64(byte & 0x7f)
        var shift: UInt64 = 7
        repeat {
            byte = bytes[index]
            index += 1
            result |= UInt64(byte & 0x7f) << shift
            shift += 7
        } while byte >= 0x80
        return result
    }

    mutating func readCount() -> Int { Int(readInteger()) }

    mutating func readSigned() -> Int64 {
        let value = readInteger()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func readIdentifier<Kind>() -> Identifier128<Kind> {
        let start = index
        skip(16)
        return Identifier128(
            high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self)))
    }

    /// Bytes behind their count.
    mutating func readRange() -> Range<Int> {
        let count = readCount()
        let start = index
        skip(count)
        return start..<index
    }

    mutating func skipInteger() {
        if index + 8 <= bytes.count {
            // The first byte whose high bit is clear ends an integer; eight are looked at together.
            let ends = ~bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian & 0x8080_8080_8080_8080
            if ends != 0 {
                index += ends.trailingZeroBitCount / 8 + 1
                return
            }
            index += 8
        }
        while bytes[index] >= 0x80 { index += 1 }
        index += 1
    }

    mutating func skipValue() {
        let tag = readInteger()
        guard let tag = Value.Tag(rawValue: tag) else { return skip(readCount()) }
        switch tag {
        case .null, .no, .yes: break
        case .integer: skipInteger()
        case .text, .bytes: skip(readCount())
        case .time, .personal:
            skipInteger()
            skipInteger()
        case .money:
            skipInteger()
            skip(readCount())
        case .record, .subject: skip(16)
        case .fields:
            for _ in 0..<readInteger() {
                skip(readCount())
                skipValue()
            }
        }
    }

    /// Passes over a value.
    ///
    /// - Returns: where it lies.
    mutating func readValueRange() -> Range<Int> {
        let start = index
        skipValue()
        return start..<index
    }
}

/// A value where it lies in canonical bytes, as far as a column can take it over.
package enum EncodedScalar {
    case integer(Int64)
    case boolean(Bool)
    /// Where the UTF-8 lies.
    case text(Range<Int>)
    case bytes(Range<Int>)
    /// Anything else.
    case other

    package init(_ value: Range<Int>, in bytes: UnsafeRawBufferPointer) {
        var cursor = ByteCursor(bytes, at: value.lowerBound)
        switch Value.Tag(rawValue: cursor.readInteger()) {
        case .no: self = .boolean(false)
        case .yes: self = .boolean(true)
        case .integer: self = .integer(cursor.readSigned())
        case .text:
            _ = cursor.readInteger()
            self = .text(cursor.index..<value.upperBound)
        case .bytes:
            _ = cursor.readInteger()
            self = .bytes(cursor.index..<value.upperBound)
        default: self = .other
        }
    }

    /// Writes a text's value; `utf8` is valid.
    package static func write(text utf8: UnsafeRawBufferPointer, into writer: inout ByteWriter) {
        writer.write(Value.Tag.text.rawValue)
        writer.write(utf8)
    }

    package static func write(bytes: UnsafeRawBufferPointer, into writer: inout ByteWriter) {
        writer.write(Value.Tag.bytes.rawValue)
        writer.write(bytes)
    }
}
