/// Numbers runs of bytes in the order in which each first comes: the same run, the same number.
struct ByteInterner {
    private(set) var bytes: [UInt8] = []
    private(set) var ranges: [Range<Int>] = []
    private var hashes: [Int] = []
    /// Numbers, or -1; open addressing. Its order depends on the process and reaches nothing.
    private var table: [Int32] = Array(repeating: -1, count: 16)

    var count: Int { ranges.count }

    subscript(number: Int) -> ArraySlice<UInt8> { bytes[ranges[number]] }

    /// - Returns: the number of `source[range]`, and whether it is new.
    mutating func intern(_ source: [UInt8], _ range: Range<Int>) -> (number: Int, isNew: Bool) {
        let hash = source.withUnsafeBytes { bytes in
            var hasher = Hasher()
            hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: bytes[range]))
            return hasher.finalize()
        }
        var slot = hash & (table.count - 1)
        while table[slot] >= 0 {
            let number = Int(table[slot])
            if hashes[number] == hash, ByteInterner.areEqual(bytes, ranges[number], source, range) {
                return (number, false)
            }
            slot = (slot + 1) & (table.count - 1)
        }
        let number = ranges.count
        table[slot] = Int32(number)
        hashes.append(hash)
        ranges.append(bytes.count..<bytes.count + range.count)
        bytes.append(contentsOf: source[range])
        if ranges.count * 2 > table.count { grow() }
        return (number, true)
    }

    mutating func intern(_ source: [UInt8]) -> (number: Int, isNew: Bool) { intern(source, 0..<source.count) }

    private mutating func grow() {
        table = Array(repeating: -1, count: table.count * 2)
        for number in hashes.indices {
            var slot = hashes[number] & (table.count - 1)
            while table[slot] >= 0 { slot = (slot + 1) & (table.count - 1) }
            table[slot] = Int32(number)
        }
    }

    private static func areEqual(
        _ left: [UInt8], _ leftRange: Range<Int>, _ right: [UInt8], _ rightRange: Range<Int>
    ) -> Bool {
        guard leftRange.count == rightRange.count else { return false }
        for offset in 0..<leftRange.count
        where left[leftRange.lowerBound + offset] != right[rightRange.lowerBound + offset] {
            return false
        }
        return true
    }
}
