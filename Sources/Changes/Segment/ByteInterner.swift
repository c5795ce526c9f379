/// Numbers runs of bytes in the order in which each first comes: the same run, the same number.
struct ByteInterner {
    private(set) var bytes: [UInt8] = []
    private var runs: [Run] = []
    /// Numbers, or -1; open addressing. Its order depends on the process and reaches nothing.
    private var table: [Int32] = Array(repeating: -1, count: 16)

    private struct Run {
        let start: Int
        let end: Int
        let hash: Int

        var range: Range<Int> { start..<end }
    }

    /// Room for so many runs, of so many bytes in all, is taken at once: most interners have a few.
    private static let first = (runs: 16, bytes: 256)

    var count: Int { runs.count }

    /// Where a run lies in `bytes`.
    func range(_ number: Int) -> Range<Int> { runs[number].range }

    /// Where a value's bytes lie in `bytes`; of a text only its UTF-8.
    func content(_ number: Int, isText: Bool, in bytes: UnsafeRawBufferPointer) -> Range<Int> {
        let range = range(number)
        return isText ? range.dropFirst(Value.textHeadCount(bytes, range)) : range
    }

    func allSatisfy(_ predicate: (Range<Int>) -> Bool) -> Bool { runs.allSatisfy { predicate($0.range) } }

    /// - Parameter expected: a number that it most likely is: that costs one comparison.
    /// - Returns: the number of `source[range]`, and whether it is new.
    mutating func intern(
        _ source: [UInt8], _ range: Range<Int>, expecting expected: Int = .max
    ) -> (number: Int, isNew: Bool) {
        source.withUnsafeBytes { intern($0, range, expecting: expected) }
    }

    mutating func intern(_ source: [UInt8]) -> (number: Int, isNew: Bool) { intern(source, 0..<source.count) }

    private mutating func intern(
        _ source: UnsafeRawBufferPointer, _ range: Range<Int>, expecting expected: Int
    ) -> (number: Int, isNew: Bool) {
        if expected < runs.count, isRun(expected, source, range) { return (expected, false) }
        let hash = hash(source, range)
        let slot = slot(of: source, range, hash)
        if table[slot] >= 0 { return (Int(table[slot]), false) }
        let number = runs.count
        if number == 0 {
            runs.reserveCapacity(ByteInterner.first.runs)
            bytes.reserveCapacity(ByteInterner.first.bytes)
        }
        table[slot] = Int32(number)
        runs.append(Run(start: bytes.count, end: bytes.count + range.count, hash: hash))
        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: source[range]))
        if runs.count * 2 > table.count { grow() }
        return (number, true)
    }

    /// The number of `source[range]`; nil where it has none.
    func number(of source: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
        let number = table[slot(of: source, range, hash(source, range))]
        return number < 0 ? nil : Int(number)
    }

    /// Where a run ends, if it stands in `source` from `index` on; nil if not, or if there is no such run.
    @inline(__always)
    func end(of number: Int, in source: UnsafeRawBufferPointer, at index: Int) -> Int? {
        guard number < runs.count else { return nil }
        let run = runs[number]
        let count = run.end &- run.start
        guard count <= source.count &- index else { return nil }
        let isNext = bytes.withUnsafeBytes {
            ByteOrder.areEqual($0, at: run.start, source, at: index, count: count)
        }
        return isNext ? index &+ count : nil
    }

    @inline(__always)
    private func isRun(_ number: Int, _ source: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
        let run = runs[number].range
        return bytes.withUnsafeBytes { ByteOrder.areEqual($0, run, source, range) }
    }

    /// Where the run is in the table, or would be.
    private func slot(of source: UnsafeRawBufferPointer, _ range: Range<Int>, _ hash: Int) -> Int {
        var slot = hash & (table.count - 1)
        while table[slot] >= 0 {
            let number = Int(table[slot])
            if runs[number].hash == hash, isRun(number, source, range) { break }
            slot = (slot + 1) & (table.count - 1)
        }
        return slot
    }

    private mutating func grow() {
        table = Array(repeating: -1, count: table.count * 2)
        for number in runs.indices {
            var slot = runs[number].hash & (table.count - 1)
            while table[slot] >= 0 { slot = (slot + 1) & (table.count - 1) }
            table[slot] = Int32(number)
        }
    }

    /// That of Swift's own hashing, drawn once a process: who chooses the bytes cannot choose where they come to lie.
    private static let processSeed = UInt64(bitPattern: Int64(Hasher().finalize()))
    private let seed = ByteInterner.processSeed

    /// Swift's own hash takes a third of the time that packing takes.
    private func hash(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int {
        var hash = seed ^ UInt64(truncatingIfNeeded: range.count)
        var index = range.lowerBound
        while index + 8 <= range.upperBound {
            hash = ByteInterner.mixed(hash ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        if index == range.upperBound { return Int(truncatingIfNeeded: hash) }
        var rest: UInt64 = 0
        if range.count >= 8 {
            // The last word, some of which was looked at before.
            rest = bytes.loadUnaligned(fromByteOffset: range.upperBound - 8, as: UInt64.self)
        } else {
            for index in index..<range.upperBound { rest = rest << 8 | UInt64(bytes[index]) }
        }
        return Int(truncatingIfNeeded: ByteInterner.mixed(hash ^ rest))
    }

    /// Both halves of a product folded into one.
    private static func mixed(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        return product.high ^ product.low
    }
}
