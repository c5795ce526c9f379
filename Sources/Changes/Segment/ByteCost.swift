/// What a column may cost after compression, so that the cheapest way of writing it can be chosen: its order-0 entropy.
struct ByteCost {
    private var histogram = [Int32](repeating: 0, count: 256)
    private var total = 0

    /// That of bytes that are all the same: no others cost less.
    static let least = 4 * 256

    mutating func add(_ byte: UInt8) {
        histogram[Int(byte)] += 1
        total += 1
    }

    /// In 1/256 bit. Worked out in integers: two replicas choose alike.
    var value: Int { histogram.withUnsafeBufferPointer { ByteCost.value(of: $0, total) } }

    /// That of all of `bytes`, at most 2^31 - 1.
    static func value(of bytes: [UInt8]) -> Int {
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: 256) { histogram in
            histogram.initialize(repeating: 0)
            bytes.withUnsafeBufferPointer { for byte in $0 { histogram[Int(byte)] &+= 1 } }
            guard bytes.count < histogram.count else { return value(of: UnsafeBufferPointer(histogram), bytes.count) }
            // Of few bytes these are gone through, not all that there might be: each counts where it comes first.
            var sum = 0
            let whole = binaryLogarithm(bytes.count)
            bytes.withUnsafeBufferPointer { bytes in
                for byte in bytes where histogram[Int(byte)] > 0 {
                    sum += value(ofEach: Int(histogram[Int(byte)]), whole)
                    histogram[Int(byte)] = 0
                }
            }
            return sum
        }
    }

    private static func value(of histogram: UnsafeBufferPointer<Int32>, _ total: Int) -> Int {
        var sum = 0
        let whole = binaryLogarithm(total)
        for count in histogram where count > 0 { sum += value(ofEach: Int(count), whole) }
        return sum
    }

    /// What a byte that comes `count` times costs in all. A table of codes has its price too.
    private static func value(ofEach count: Int, _ whole: Int) -> Int {
        count * (whole - binaryLogarithm(count)) + least
    }

    /// log2 in 1/256, linear between the powers of two.
    private static func binaryLogarithm(_ number: Int) -> Int {
        let power = Int.bitWidth - 1 - number.leadingZeroBitCount
        return power << 8 + ((number - 1 << power) << 8) >> power
    }
}
