/// Runs of bytes, each told from the one before it: how many first bytes they share, how many others follow, those.
enum FrontCoding {
    /// - Parameters:
    ///   - next: of `bytes`, as is `last`.
    ///   - last: empty for the first run.
    static func write(
        _ bytes: UnsafeRawBufferPointer, _ next: Range<Int>, after last: Range<Int>, into writer: inout ByteWriter
    ) {
        let most = min(next.count, last.count)
        var shared = 0
        while shared < most, bytes[next.lowerBound &+ shared] == bytes[last.lowerBound &+ shared] { shared &+= 1 }
        writer.write(shared)
        writer.write(next.count - shared)
        writer.write(raw: bytes, next.lowerBound + shared..<next.upperBound)
    }

    static func write(_ bytes: [UInt8], _ next: Range<Int>, after last: Range<Int>, into writer: inout ByteWriter) {
        bytes.withUnsafeBytes { write($0, next, after: last, into: &writer) }
    }

    /// Appends the next run to `buffer`, in which `last` is the range of the one before it.
    ///
    /// - Parameters:
    ///   - limit: the greatest length of the run; nothing is appended where it is longer.
    ///   - name: the limit that is exceeded then.
    static func read(
        from reader: inout ByteReader, after last: Range<Int>, into buffer: inout [UInt8], limit: Int,
        of name: Limit = .rebuiltBytesPerSegment
    ) throws(CodecError) -> Range<Int> {
        let next = try Next(from: &reader, after: last, limit: limit, of: name)
        return next.append(to: &buffer)
    }

    /// What the next run is made of.
    struct Next {
        /// In the buffer.
        private let shared: Range<Int>
        private let rest: ArraySlice<UInt8>

        var count: Int { shared.count + rest.count }

        init(
            from reader: inout ByteReader, after last: Range<Int>, limit: Int,
            of name: Limit = .rebuiltBytesPerSegment
        ) throws(CodecError) {
            let start = reader.index
            let shared = try reader.readInteger()
            guard shared <= UInt64(last.count) else { throw .length(at: start) }
            let rest = try reader.readRange(name)
            guard Int(shared) + rest.count <= limit else { throw .limit(name, at: start) }
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
        // 18 digits fit 63 bits: nothing overflows.
        let least = max(range.lowerBound, range.upperBound - 18)
        bytes.withUnsafeBufferPointer { bytes in
            while start > least {
                let digit = bytes[start &- 1] &- UInt8(ascii: "0")
                if digit > 9 { break }
                start &-= 1
                value &+= Int64(digit) &* scale
                scale &*= 10
            }
        }
        self.start = start
        self.value = value
        greatest = scale - 1
    }

    /// What must be added to the number that ends `last` for `next`; nil where they differ in more than that.
    static func step(_ bytes: [UInt8], from last: Range<Int>, to next: Range<Int>) -> Int64? {
        guard last.count == next.count else { return nil }
        let (before, after) = (TrailingNumber(bytes, last), TrailingNumber(bytes, next))
        let digits = last.upperBound - before.start
        guard digits > 0, next.upperBound - after.start == digits else { return nil }
        let isSame = bytes.withUnsafeBytes { bytes in
            ByteOrder.areEqual(bytes, last.dropLast(digits), bytes, next.dropLast(digits))
        }
        return isSame ? after.value - before.value : nil
    }

    /// Appends a copy of `last`, a range of `buffer`, with `step` added to the number that ends it.
    ///
    /// - Returns: where the copy lies; nil where the number would have other digits than there are.
    static func append(_ step: Int64, to last: Range<Int>, in buffer: inout [UInt8]) -> Range<Int>? {
        let trailing = TrailingNumber(buffer, last)
        let (number, overflows) = trailing.value.addingReportingOverflow(step)
        guard !overflows, (0...trailing.greatest).contains(number) else { return nil }
        let first = buffer.count
        for index in last { buffer.append(buffer[index]) }
        overwrite(&buffer, count: last.upperBound - trailing.start, with: number)
        return first..<buffer.count
    }

    /// Writes `number` over the digits of the copy that ends `buffer`.
    ///
    /// - Parameter count: how many digits there are.
    private static func overwrite(_ buffer: inout [UInt8], count: Int, with number: Int64) {
        var rest = number
        for offset in 1...max(1, count) where count > 0 {
            buffer[buffer.count - offset] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }
}
