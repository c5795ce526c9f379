/// The names of a schema's fields, each once and numbered from 1 in the order of their bytes. They lie in one piece, so that
/// looking one up counts no references and allocates nothing.
///
/// Layout of the table: how many (4 bytes, little endian); where each ends (as many); the names.
package struct FieldNames: Sendable {
    private let table: [UInt8]
    private let longest: Int

    /// None: every name is written out.
    package static let none = FieldNames([Text]())

    package init(_ names: some Sequence<Text>) {
        let sorted = Set(names.map { Array($0.string.utf8) }).sorted { $0.lexicographicallyPrecedes($1) }
        var table: [UInt8] = []
        func append(_ number: Int) { withUnsafeBytes(of: UInt32(number).littleEndian) { table += $0 } }
        append(sorted.count)
        var end = 4 * (sorted.count + 1)
        for name in sorted {
            end += name.count
            append(end)
        }
        for name in sorted { table += name }
        self.table = table
        longest = sorted.map(\.count).max() ?? 0
    }

    package func withView<Result>(_ body: (View) throws -> Result) rethrows -> Result {
        try table.withUnsafeBytes { try body(View(bytes: $0, longest: longest)) }
    }

    /// The names where they lie.
    package struct View {
        package let bytes: UnsafeRawBufferPointer
        /// How many bytes the longest takes.
        let longest: Int

        package var count: Int { number(at: 0) }

        /// Where a name lies.
        ///
        /// - Parameter name: from 1 to `count`.
        package func range(_ name: Int) -> Range<Int> {
            (name == 1 ? 4 * (count + 1) : number(at: 4 * (name - 1)))..<number(at: 4 * name)
        }

        /// The number of a name; 0 where it is none of them.
        ///
        /// - Parameter previous: the number of the name before, where names come in their order: the next one is tried first.
        /// - Complexity: O(log names).
        package func number(of source: UnsafeRawBufferPointer, _ range: Range<Int>, after previous: Int = 0) -> Int {
            if previous < count, ByteOrder.areEqual(source, range, bytes, self.range(previous + 1)) {
                return previous + 1
            }
            var low = 1
            var high = count + 1
            while low < high {
                let middle = (low + high) / 2
                let order = ByteOrder.compare(source, range, bytes, self.range(middle))
                if order == 0 { return middle }
                if order < 0 { high = middle } else { low = middle + 1 }
            }
            return 0
        }

        private func number(at place: Int) -> Int {
            Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
        }
    }
}

/// The order of pieces of bytes: by the first byte that differs, the shorter before the longer.
package enum ByteOrder {
    /// Negative where the left one comes first, 0 where they are the same.
    package static func compare(
        _ left: UnsafeRawBufferPointer, _ leftRange: Range<Int>, _ right: UnsafeRawBufferPointer,
        _ rightRange: Range<Int>
    ) -> Int {
        let count = min(leftRange.count, rightRange.count)
        // An offset lies within both ranges: nothing below overflows.
        var offset = 0
        // Eight bytes at a time, as one number whose greatest digits come first.
        while offset <= count &- 8 {
            let x = left.loadUnaligned(fromByteOffset: leftRange.lowerBound &+ offset, as: UInt64.self)
            let y = right.loadUnaligned(fromByteOffset: rightRange.lowerBound &+ offset, as: UInt64.self)
            if x != y { return UInt64(bigEndian: x) < UInt64(bigEndian: y) ? -1 : 1 }
            offset &+= 8
        }
        while offset < count {
            let (x, y) = (left[leftRange.lowerBound &+ offset], right[rightRange.lowerBound &+ offset])
            if x != y { return x < y ? -1 : 1 }
            offset &+= 1
        }
        return leftRange.count - rightRange.count
    }

    /// Whether the ranges hold the same bytes.
    static func areEqual(
        _ left: UnsafeRawBufferPointer, _ leftRange: Range<Int>, _ right: UnsafeRawBufferPointer,
        _ rightRange: Range<Int>
    ) -> Bool {
        leftRange.count == rightRange.count
            && areEqual(left, at: leftRange.lowerBound, right, at: rightRange.lowerBound, count: leftRange.count)
    }

    /// Whether `count` bytes from each place on are the same.
    ///
    /// - Precondition: they lie within both buffers.
    @inline(__always)
    static func areEqual(
        _ left: UnsafeRawBufferPointer, at leftStart: Int, _ right: UnsafeRawBufferPointer, at rightStart: Int,
        count: Int
    ) -> Bool {
        func differs<Word: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: Word.Type) -> Bool {
            left.loadUnaligned(fromByteOffset: leftStart &+ offset, as: type)
                != right.loadUnaligned(fromByteOffset: rightStart &+ offset, as: type)
        }
        if count >= 8 {
            // The last word may lie over the one before.
            var offset = 0
            while offset < count &- 8 {
                if differs(at: offset, as: UInt64.self) { return false }
                offset &+= 8
            }
            return !differs(at: count &- 8, as: UInt64.self)
        }
        if count >= 4 { return !differs(at: 0, as: UInt32.self) && !differs(at: count &- 4, as: UInt32.self) }
        var offset = 0
        while offset < count {
            if differs(at: offset, as: UInt8.self) { return false }
            offset &+= 1
        }
        return true
    }
}
