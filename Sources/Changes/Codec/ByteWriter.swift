import Causality

/// Appends canonical bytes: integers as shortest LEB128, everything variable behind its length.
package struct ByteWriter {
    package private(set) var bytes: [UInt8]

    @inlinable
    package init(reserving capacity: Int = 0) {
        bytes = []
        if capacity > 0 { bytes.reserveCapacity(capacity) }
    }

    package var count: Int { bytes.count }

    /// Empties the buffer and keeps its memory, for the next value.
    package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    package mutating func write(byte: UInt8) { bytes.append(byte) }

    /// An unsigned integer in 1 to 10 bytes, least significant seven bits first.
    package mutating func write(_ value: UInt64) {
        // Most numbers take one byte.
        if value < 0x80 { return bytes.append(UInt8(truncatingIfNeeded: value)) }
        // Put together first: each append asks for room.
        withUnsafeTemporaryAllocation(byteCount: ByteWriter.greatestIntegerBytes, alignment: 1) { buffer in
            var rest = value
            var count = 0
            while rest >= 0x80 {
                buffer[count] = UInt8(truncatingIfNeeded: rest) | 0x80
                rest >>= 7
                count += 1
            }
            buffer[count] = UInt8(truncatingIfNeeded: rest)
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[...count]))
        }
    }

    private static var greatestIntegerBytes: Int { 10 }

    package mutating func write(_ value: Int) {
        precondition(value >= 0, "a negative count")
        write(UInt64(value))
    }

    /// A signed integer, zigzag: 0, -1, 1, -2 … become 0, 1, 2, 3 …
    package mutating func write(signed value: Int64) {
        write(UInt64(bitPattern: value << 1 ^ value >> 63))
    }

    /// How many bytes an unsigned integer takes.
    static func byteCount(of value: UInt64) -> Int { (UInt64.bitWidth - (value | 1).leadingZeroBitCount + 6) / 7 }

    static func byteCount(ofSigned value: Int64) -> Int { byteCount(of: UInt64(bitPattern: value << 1 ^ value >> 63)) }

    /// A moment in milliseconds since 1970, held within what `readMilliseconds` takes: 0 to 48 bits.
    package mutating func write(milliseconds value: Int64) {
        write(UInt64(min(max(value, 0), HybridTimestamp.greatestMilliseconds)))
    }

    /// Bytes behind their count.
    package mutating func write(_ value: some Collection<UInt8>) {
        write(value.count)
        bytes.append(contentsOf: value)
    }

    /// The same for the usual kind of bytes: a generic call from another module is not specialised.
    package mutating func write(_ value: [UInt8]) {
        write(value.count)
        bytes.append(contentsOf: value)
    }

    /// Bytes as they are; the reader knows how many.
    package mutating func write(raw value: some Collection<UInt8>) { bytes.append(contentsOf: value) }

    package mutating func write(raw value: [UInt8]) { bytes.append(contentsOf: value) }

    /// A range of bytes as they are.
    package mutating func write(raw value: [UInt8], _ range: Range<Int>) {
        value.withUnsafeBytes { write(raw: $0, range) }
    }

    package mutating func write(raw value: UnsafeRawBufferPointer, _ range: Range<Int>) {
        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: value[range]))
    }

    package mutating func write(_ text: Text) { write(utf8: text.string) }

    /// A string's UTF-8 behind its count.
    mutating func write(utf8 string: String) {
        var string = string
        string.withUTF8 { utf8 in
            write(utf8.count)
            bytes.append(contentsOf: utf8)
        }
    }

    /// What stands before the UTF-8 of a text's value.
    mutating func write(textHead count: Int) { Value.appendTextHead(count: count, to: &bytes) }

    package mutating func write<Kind>(_ id: Identifier128<Kind>) { id.append(to: &bytes) }

    package mutating func write(_ hash: Hash256) { hash.append(to: &bytes) }
}
