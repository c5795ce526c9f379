/// Writes a column of which neighbours are mostly equal: pairs of a value and how many more of it follow. Zeros at the
/// end are left out, so that a column without anything to say is empty.
struct RunWriter {
    private var writer = ByteWriter()
    private var value: UInt64 = 0
    private var length = 0

    mutating func append(_ next: UInt64) {
        if length > 0, next != value { flush() }
        value = next
        length += 1
    }

    /// All of the column.
    func encoded() -> [UInt8] {
        var copy = self
        if copy.length > 0, copy.value != 0 { copy.flush() }
        return copy.writer.bytes
    }

    private mutating func flush() {
        writer.write(value)
        writer.write(length - 1)
        length = 0
    }
}

struct RunReader {
    private var reader: ByteReader
    private var value: UInt64 = 0
    private var left: UInt64 = 0

    init(_ reader: ByteReader) { self.reader = reader }

    var index: Int { reader.index }

    mutating func next() throws(CodecError) -> UInt64 {
        if left == 0 {
            if reader.isAtEnd { return 0 }
            value = try reader.readInteger()
            left = try reader.readInteger(upTo: UInt64(Limit.itemsPerSegment.value - 1)) + 1
        }
        left -= 1
        return value
    }

    func finish() throws(CodecError) {
        guard left == 0 else { throw .malformed("a run is longer than its segment", at: reader.index) }
        try reader.finish()
    }
}
