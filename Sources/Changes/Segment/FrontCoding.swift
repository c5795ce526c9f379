/// Runs of bytes, each told from the one before it: how many first bytes they share, how many others follow, those.
enum FrontCoding {
    static func write(_ next: ArraySlice<UInt8>, after last: ArraySlice<UInt8>, into writer: inout ByteWriter) {
        var shared = 0
        while shared < min(next.count, last.count),
            next[next.startIndex + shared] == last[last.startIndex + shared]
        { shared += 1 }
        writer.write(shared)
        writer.write(next[(next.startIndex + shared)...])
    }

    /// Appends the next run to `buffer`, in which `last` is the range of the one before it.
    ///
    /// - Parameter limit: the greatest length of the run; nothing is appended where it is longer.
    static func read(
        from reader: inout ByteReader, after last: Range<Int>, into buffer: inout [UInt8], limit: Int
    ) throws(CodecError) -> Range<Int> {
        let next = try Next(from: &reader, after: last, limit: limit)
        return next.append(to: &buffer)
    }

    /// What the next run is made of.
    struct Next {
        /// In the buffer.
        private let shared: Range<Int>
        private let rest: ArraySlice<UInt8>

        var count: Int { shared.count + rest.count }

        init(from reader: inout ByteReader, after last: Range<Int>, limit: Int) throws(CodecError) {
            let start = reader.index
            let shared = try reader.readInteger()
            guard shared <= UInt64(last.count) else { throw .length(at: start) }
            let rest = try reader.readRange(.rebuiltBytesPerSegment)
            guard Int(shared) + rest.count <= limit else { throw .limit(.rebuiltBytesPerSegment, at: start) }
            self.shared = last.lowerBound..<last.lowerBound + Int(shared)
            self.rest = reader.bytes[rest]
        }

        func append(to buffer: inout [UInt8]) -> Range<Int> {
            let first = buffer.count
            // One by one: a slice of the buffer would share it, and appending would copy all of it.
            for index in shared { buffer.append(buffer[index]) }
            buffer.append(contentsOf: rest)
            return first..<buffer.count
        }
    }
}

/// The number in decimal digits with which bytes end: ids of other systems are mostly counted.
struct TrailingNumber {
    /// Where the digits begin; at the bytes' end where there are none.
    let start: Int
    let value: Int64
    let greatest: Int64

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        var start = range.upperBound
        var value: Int64 = 0
        var scale: Int64 = 1
        // 18 digits fit 63 bits.
        while start > range.lowerBound, range.upperBound - start < 18,
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[start - 1])
        {
            start -= 1
            value += Int64(bytes[start] - UInt8(ascii: "0")) * scale
            scale *= 10
        }
        self.start = start
        self.value = value
        greatest = scale - 1
    }

    /// Writes `number` over the digits of the copy that ends `buffer`.
    ///
    /// - Parameter count: how many digits there are.
    static func overwrite(_ buffer: inout [UInt8], count: Int, with number: Int64) {
        var rest = number
        for offset in 1...max(1, count) where count > 0 {
            buffer[buffer.count - offset] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }
}
