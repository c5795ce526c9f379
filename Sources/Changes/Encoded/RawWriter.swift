import Causality

/// Writes bytes into memory that is large enough for all of them: nothing grows or is copied, and a byte beyond its end stops the
/// program.
struct RawWriter {
    private let bytes: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }

    /// What was written.
    var written: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[..<count]) }

    private func checkRoom(for byteCount: Int) {
        precondition(count + byteCount <= bytes.count, "more bytes than were reserved")
    }

    mutating func write(byte: UInt8) {
        checkRoom(for: 1)
        bytes[count] = byte
        count += 1
    }

    /// See `ByteWriter.write`; so are those that follow.
    mutating func write(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            write(byte: UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        write(byte: UInt8(truncatingIfNeeded: rest))
    }

    mutating func write(_ value: Int) { write(UInt64(value)) }

    mutating func write(signed value: Int64) { write(UInt64(bitPattern: value << 1 ^ value >> 63)) }

    mutating func write<Kind>(_ id: Identifier128<Kind>) {
        checkRoom(for: 16)
        bytes.storeBytes(of: id.high.bigEndian, toByteOffset: count, as: UInt64.self)
        bytes.storeBytes(of: id.low.bigEndian, toByteOffset: count + 8, as: UInt64.self)
        count += 16
    }

    /// Bytes as they are.
    mutating func write(raw source: UnsafeRawBufferPointer, _ range: Range<Int>) {
        guard let from = source.baseAddress, let to = bytes.baseAddress, !range.isEmpty else { return }
        precondition(range.upperBound <= source.count, "bytes beyond the source's end")
        checkRoom(for: range.count)
        (to + count).copyMemory(from: from + range.lowerBound, byteCount: range.count)
        count += range.count
    }

    /// Bytes behind their count.
    mutating func write(_ source: UnsafeRawBufferPointer, _ range: Range<Int>) {
        write(range.count)
        write(raw: source, range)
    }

    /// Leaves so many bytes to be stored.
    mutating func skip(_ byteCount: Int) {
        checkRoom(for: byteCount)
        count += byteCount
    }

    /// Takes back what was written from a place on.
    mutating func truncate(to place: Int) { count = place }

    mutating func store(byte: UInt8, at place: Int) { bytes[place] = byte }

    /// Little endian, at a place that was written or skipped.
    func store<Number: FixedWidthInteger & BitwiseCopyable>(_ value: Number, at place: Int) {
        precondition(place + MemoryLayout<Number>.size <= count, "a place that was not written")
        bytes.storeBytes(of: value.littleEndian, toByteOffset: place, as: Number.self)
    }

    func load(at place: Int) -> UInt32 {
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
    }
}
