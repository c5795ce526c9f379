/// What a column may cost after compression, so that the cheapest way of writing it can be chosen: its order-0 entropy.
struct ByteCost {
    private var histogram = [Int](repeating: 0, count: 256)
    private var total = 0

    init() {}

    init(_ bytes: [UInt8]) {
        for byte in bytes { add(byte) }
    }

    mutating func add(_ byte: UInt8) {
        histogram[Int(byte)] += 1
        total += 1
    }

    /// In 1/256 bit. Worked out in integers: two replicas choose alike.
    var value: Int {
        var sum = 0
        let whole = ByteCost.binaryLogarithm(total)
        for count in histogram where count > 0 {
            // A table of codes has its price too.
            sum += count * (whole - ByteCost.binaryLogarithm(count)) + 4 * 256
        }
        return sum
    }

    /// log2 in 1/256, linear between the powers of two.
    private static func binaryLogarithm(_ number: Int) -> Int {
        let power = Int.bitWidth - 1 - number.leadingZeroBitCount
        return power << 8 + ((number - 1 << power) << 8) >> power
    }
}
