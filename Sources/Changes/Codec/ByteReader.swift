import Causality

/// Reads what `ByteWriter` writes, and refuses every other spelling of it.
///
/// Every length is compared with the bytes that are left before anything is allocated, so memory stays in
/// proportion to the input. No input traps.
package struct ByteReader {
    package let bytes: [UInt8]
    package private(set) var index: Int
    package let end: Int

    package init(_ bytes: [UInt8]) {
        self.init(bytes, 0..<bytes.count)
    }

    /// - Precondition: `range` lies within `bytes`.
    package init(_ bytes: [UInt8], _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        self.bytes = bytes
        index = range.lowerBound
        end = range.upperBound
    }

    package var remaining: Int { end - index }
    package var isAtEnd: Bool { index == end }

    package mutating func readByte() throws(CodecError) -> UInt8 {
        guard index < end else { throw .truncated(at: index) }
        defer { index += 1 }
        return bytes[index]
    }

    /// One byte, 0 for no or 1 for yes.
    package mutating func readFlag() throws(CodecError) -> Bool {
        let start = index
        let byte = try readByte()
        guard byte < 2 else { throw .integer(at: start) }
        return byte == 1
    }

    @inline(__always)
    package mutating func readInteger() throws(CodecError) -> UInt64 {
        // Most numbers take one byte.
        if index < end, bytes[index] < 0x80 {
            defer { index += 1 }
            return UInt64(bytes[index])
        }
        return try readLongInteger()
    }

    @inline(never)
    private mutating func readLongInteger() throws(CodecError) -> UInt64 {
        let start = index
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try readByte()
            if shift == 63, byte > 1 { throw .integer(at: start) }
            result |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 {
                // A last group of zero would be a second spelling of the same number.
                if byte == 0, shift > 0 { throw .integer(at: start) }
                return result
            }
            shift += 7
            if shift > 63 { throw .integer(at: start) }
        }
    }

    package mutating func readInteger(upTo greatest: UInt64) throws(CodecError) -> UInt64 {
        let start = index
        let value = try readInteger()
        guard value <= greatest else { throw .integer(at: start) }
        return value
    }

    package mutating func readSigned() throws(CodecError) -> Int64 {
        let value = try readInteger()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// A moment in milliseconds since 1970, within what 48 bits hold.
    package mutating func readMilliseconds() throws(CodecError) -> Int64 {
        Int64(try readInteger(upTo: UInt64(HybridTimestamp.greatestMilliseconds)))
    }

    /// A count of things that take at least `leastBytes` each: refused when they cannot all be there.
    package mutating func readCount(
        _ limit: Limit, leastBytes: Int = 1
    ) throws(CodecError) -> Int {
        let start = index
        let value = try readInteger()
        guard value <= UInt64(limit.value) else { throw .limit(limit, at: start) }
        guard Int(value) * leastBytes <= remaining else { throw .length(at: start) }
        return Int(value)
    }

    /// The range of a run of bytes behind its count; the bytes are not copied.
    package mutating func readRange(_ limit: Limit = .textBytes) throws(CodecError) -> Range<Int> {
        let count = try readCount(limit)
        defer { index += count }
        return index..<index + count
    }

    package mutating func readBytes(_ limit: Limit = .textBytes) throws(CodecError) -> [UInt8] {
        Array(bytes[try readRange(limit)])
    }

    package mutating func readRaw(_ count: Int) throws(CodecError) -> [UInt8] {
        guard count <= remaining else { throw .truncated(at: index) }
        defer { index += count }
        return Array(bytes[index..<index + count])
    }

    package mutating func readText(_ limit: Limit = .textBytes) throws(CodecError) -> Text {
        let start = index
        let range = try readRange(limit)
        let text = bytes.withUnsafeBufferPointer { Text(validating: UnsafeBufferPointer(rebasing: $0[range])) }
        guard let text else { throw .text(at: start) }
        return text
    }

    package mutating func readIdentifier<Kind>() throws(CodecError) -> Identifier128<Kind> {
        guard remaining >= 16 else { throw .truncated(at: index) }
        let high = readBigEndian()
        let low = readBigEndian()
        return Identifier128(high: high, low: low)
    }

    package mutating func readHash() throws(CodecError) -> Hash256 {
        guard remaining >= 32 else { throw .truncated(at: index) }
        return Hash256(readBigEndian(), readBigEndian(), readBigEndian(), readBigEndian())
    }

    /// A reader of the next run of bytes behind its count.
    package mutating func readNested(_ limit: Limit = .bytesPerChange) throws(CodecError) -> ByteReader {
        ByteReader(bytes, try readRange(limit))
    }

    /// - Precondition: so many bytes are left.
    mutating func advance(by count: Int) { index += count }

    /// Call when the value is complete: anything left over is refused.
    package func finish() throws(CodecError) {
        guard index == end else { throw .trailing(at: index) }
    }

    /// - Precondition: eight bytes are left.
    private mutating func readBigEndian() -> UInt64 {
        var value: UInt64 = 0
        for offset in 0..<8 { value = value << 8 | UInt64(bytes[index + offset]) }
        index += 8
        return value
    }
}
