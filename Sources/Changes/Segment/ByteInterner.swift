/// Numbers runs of bytes in the order in which each first comes: the same run, the same number.
struct ByteInterner {
    private(set) var bytes: [UInt8] = []
    private(set) var ranges: [Range<Int>] = []
    private var hashes: [Int] = []
    /// Numbers, or -1; open addressing. Its order depends on the process and reaches nothing.
    private var table: [Int32] = Array(repeating: -1, count: 16)

    var count: Int { ranges.count }

    subscript(number: Int) -> ArraySlice<UInt8> { bytes[ranges[number]] }

    /// - Parameter expected: a number that it most likely is: that costs one comparison.
    /// - Returns: the number of `source[range]`, and whether it is new.
    mutating func intern(
        _ source: [UInt8], _ range: Range<Int>, expecting expected: Int = .max
    ) -> (number: Int, isNew: Bool) {
        if expected < ranges.count, ByteInterner.areEqual(bytes, ranges[expected], source, range) {
            return (expected, false)
        }
        let hash = self.hash(source, range)
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
        return left.withUnsafeBytes { left in
            right.withUnsafeBytes { ByteOrder.areEqual(left, leftRange, $0, rightRange) }
        }
    }

    /// That of Swift's own hashing, drawn once a process: who chooses the bytes cannot choose where they come to lie.
    private static let processSeed = UInt64(bitPattern: Int64(Hasher().finalize()))
    private let seed = ByteInterner.processSeed

    /// Swift's own hash takes a third of the time that packing takes.
    private func hash(_ source: [UInt8], _ range: Range<Int>) -> Int {
        source.withUnsafeBytes { bytes in
            var hash = seed ^ UInt64(truncatingIfNeeded: range.count)
            var index = range.lowerBound
            while index + 8 <= range.upperBound {
                hash = ByteInterner.mixed(hash ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                index += 8
            }
            var rest: UInt64 = 0
            while index < range.upperBound {
                rest = rest << 8 | UInt64(bytes[index])
                index += 1
            }
            return Int(truncatingIfNeeded: ByteInterner.mixed(hash ^ rest))
        }
    }

    /// Both halves of a product folded into one.
    private static func mixed(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        return product.high ^ product.low
    }
}
