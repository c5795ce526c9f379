/// How numbers become bits whose cost follows what came before: a number that came often costs little.
///
/// A number is a *symbol*, a byte, and some plain bits: below 128 it is its own symbol; one that is greater by 127 than
/// a number of n bits is the symbol 127 + n and the n - 1 bits behind the first. A symbol is a bit that says whether it
/// is 16 or more, and its last four or all eight bits. A *model* is what is known of one kind of numbers: for each
/// beginning of a symbol's bits, how likely the next bit is 0.
///
/// Source: G. N. N. Martin, "Range encoding", 1979; I. Pavlov, LZMA specification, 2015 (carry, bit trees).
enum NumberCoding {
    /// Symbols from here on have plain bits.
    static let firstSized: UInt64 = 128
    /// There is no symbol from here on.
    static let symbols: UInt64 = 192
    /// Of one model. A node of the tree is named by the bits before it behind a 1; node 0 says which tree it is.
    static let nodes = 256
    /// Symbols from here on have eight bits.
    static let firstLong: UInt64 = 16
    /// A likelihood is in 1/65,536.
    static let likelihoodBits: UInt32 = 16
    /// No bit is taken for surer than 255/256: a symbol costs at least 1/253 byte, which bounds what bytes can ask for.
    static let symbolsPerByte = 256
    static let leastRange: UInt32 = 1 << 24
    /// Plain bits are written at most so many at a time.
    static let plainBits = 16

    /// - Returns: the symbol, and how many plain bits follow it, which are the last ones of `number - 127`.
    static func symbol(of number: UInt64) -> (symbol: UInt64, plainBits: Int) {
        if number < firstSized { return (number, 0) }
        let bits = UInt64.bitWidth - (number - firstSized + 1).leadingZeroBitCount
        return (firstSized + UInt64(bits) - 1, bits - 1)
    }
}

/// Writes numbers in the order in which `NumberDecoder` reads them, each with its model.
struct NumberEncoder<Model: BitModel> {
    private var words: [UInt16]
    private var output = RangeOutput()

    init(models: Int) { words = Array(repeating: Model.start, count: models * NumberCoding.nodes) }

    mutating func write(_ number: UInt64, _ model: Int) {
        let (symbol, plainBits) = NumberCoding.symbol(of: number)
        let base = model * NumberCoding.nodes
        precondition(base >= 0 && base + NumberCoding.nodes <= words.count, "a model that does not exist")
        NumberEncoder.write(symbol, at: base, &words, &output)
        if plainBits > 0 { write(plain: number - NumberCoding.firstSized + 1, count: plainBits) }
    }

    mutating func write(signed number: Int64, _ model: Int) {
        write(UInt64(bitPattern: number << 1 ^ number >> 63), model)
    }

    /// The last `count` bits of `number`, the greatest first.
    mutating func write(plain number: UInt64, count: Int) {
        var left = count
        while left > 0 {
            let step = min(left, NumberCoding.plainBits)
            left -= step
            output.write(plain: number >> UInt64(left) & (1 << UInt64(step) - 1), count: step)
        }
    }

    /// The innermost loop: that nobody else has the words is looked at once, and what it changes lies in registers meanwhile.
    private static func write(
        _ symbol: UInt64, at base: Int, _ words: inout [UInt16], _ output: inout RangeOutput
    ) {
        words.withUnsafeMutableBufferPointer { words in
            var interval = output.interval
            let isLong = symbol >= NumberCoding.firstLong
            write(bit: isLong ? 1 : 0, &words[base], &interval, &output)
            var node = isLong ? 1 : Int(NumberCoding.firstLong)
            var left: UInt64 = isLong ? 8 : 4
            while left > 0 {
                left &-= 1
                let bit = Int(symbol &>> left) & 1
                write(bit: bit, &words[base &+ node], &interval, &output)
                node = node &<< 1 | bit
            }
            output.interval = interval
        }
    }

    @inline(__always)
    private static func write(
        bit: Int, _ word: inout UInt16, _ interval: inout RangeInterval, _ output: inout RangeOutput
    ) {
        interval.narrow(to: bit, likelihoodOfZero: Model.likelihood(word))
        word = bit == 0 ? Model.afterZero(word) : Model.afterOne(word)
        output.normalise(&interval)
    }

    /// All that was written; nothing may follow.
    mutating func finish() -> [UInt8] { output.finish() }
}

/// The interval in which all that may still be written lies.
private struct RangeInterval {
    var low: UInt64 = 0
    var range: UInt32 = .max

    /// The bound lies within the range, and `low` below 2^33: nothing here overflows, and nobody asks.
    @inline(__always)
    mutating func narrow(to bit: Int, likelihoodOfZero: UInt32) {
        let bound = (range &>> NumberCoding.likelihoodBits) &* likelihoodOfZero
        if bit == 0 {
            range = bound
        } else {
            low &+= UInt64(bound)
            range &-= bound
        }
    }
}

/// What a range encoder has written, and the interval in which the rest lies.
private struct RangeOutput {
    var interval = RangeInterval()
    /// The byte before `low`, and how many bytes 255 follow it: a carry may still change them.
    private var held: UInt8?
    private var full = 0
    private var bytes: [UInt8] = []

    /// - Precondition: at most `NumberCoding.plainBits`.
    mutating func write(plain bits: UInt64, count: Int) {
        interval.range >>= UInt32(count)
        interval.low += bits * UInt64(interval.range)
        var interval = interval
        normalise(&interval)
        self.interval = interval
    }

    @inline(__always)
    mutating func normalise(_ interval: inout RangeInterval) {
        while interval.range < NumberCoding.leastRange {
            interval.range &<<= 8
            shift(&interval.low)
        }
    }

    @inline(never)
    private mutating func shift(_ low: inout UInt64) {
        if low < 0xff00_0000 || low > UInt64(UInt32.max) {
            let carry = UInt8(truncatingIfNeeded: low >> 32)
            if let held { bytes.append(held &+ carry) }
            for _ in 0..<full { bytes.append(0xff &+ carry) }
            full = 0
            held = UInt8(truncatingIfNeeded: low >> 24)
        } else {
            full += 1
        }
        low = (low & 0x00ff_ffff) << 8
    }

    mutating func finish() -> [UInt8] {
        var low = interval.low
        for _ in 0..<5 { shift(&low) }
        interval.low = low
        return bytes
    }
}

/// Where a range decoder reads, and what of the interval is left.
private struct RangeInput {
    var range: UInt32 = .max
    var code: UInt32
    var index: Int
    /// More was read than there is.
    var isOverrun = false

    init(code: UInt32, index: Int) {
        self.code = code
        self.index = index
    }
}

struct NumberDecoder<Model: BitModel> {
    private var words: [UInt16]
    private let bytes: [UInt8]
    private let end: Int
    private var input: RangeInput

    /// Where it reads.
    var index: Int { input.index }

    init(_ reader: ByteReader, models: Int) throws(CodecError) {
        var reader = reader
        var code: UInt32 = 0
        for _ in 0..<4 { code = code << 8 | UInt32(try reader.readByte()) }
        words = Array(repeating: Model.start, count: models * NumberCoding.nodes)
        bytes = reader.bytes
        input = RangeInput(code: code, index: reader.index)
        end = reader.end
    }

    mutating func readNumber(_ model: Int) throws(CodecError) -> UInt64 {
        let symbol = readSymbol(model)
        if input.isOverrun { throw .truncated(at: end) }
        if symbol < NumberCoding.firstSized { return symbol }
        guard symbol < NumberCoding.symbols else { throw .malformed("a number has no such symbol", at: index) }
        let count = Int(symbol - NumberCoding.firstSized)
        let (number, overflows) = (1 << UInt64(count) | (try readPlain(count))).addingReportingOverflow(
            NumberCoding.firstSized - 1)
        guard !overflows else { throw .integer(at: index) }
        return number
    }

    /// The innermost loop: what it changes lies in registers meanwhile.
    private mutating func readSymbol(_ model: Int) -> UInt64 {
        var place = input
        let base = model * NumberCoding.nodes
        precondition(base >= 0 && base + NumberCoding.nodes <= words.count, "a model that does not exist")
        let symbol = words.withUnsafeMutableBufferPointer { words in
            bytes.withUnsafeBufferPointer { bytes in
                let bytes = UnsafeBufferPointer(rebasing: bytes[..<end])
                let isLong = NumberDecoder.readBit(of: &words[base], bytes, &place) == 1
                var node = isLong ? 1 : Int(NumberCoding.firstLong)
                while node < NumberCoding.nodes {
                    node = node &<< 1 | NumberDecoder.readBit(of: &words[base &+ node], bytes, &place)
                }
                return UInt64(node - NumberCoding.nodes)
            }
        }
        input = place
        return symbol
    }

    /// The bound lies within the range, and a node below `nodes`: nothing here overflows, and nobody asks.
    ///
    /// No closure: where one is not inlined, each use of what it captures is checked at run time. A small block took four times as many
    /// instructions.
    @inline(__always)
    private static func readBit(
        of word: inout UInt16, _ bytes: UnsafeBufferPointer<UInt8>, _ input: inout RangeInput
    ) -> Int {
        let bound = (input.range &>> NumberCoding.likelihoodBits) &* Model.likelihood(word)
        let bit: Int
        if input.code < bound {
            input.range = bound
            word = Model.afterZero(word)
            bit = 0
        } else {
            input.code &-= bound
            input.range &-= bound
            word = Model.afterOne(word)
            bit = 1
        }
        while input.range < NumberCoding.leastRange {
            input.range &<<= 8
            input.code &<<= 8
            if input.index < bytes.count { input.code |= UInt32(bytes[input.index]) } else { input.isOverrun = true }
            input.index &+= 1
        }
        return bit
    }

    mutating func readSigned(_ model: Int) throws(CodecError) -> Int64 {
        let value = try readNumber(model)
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// - Precondition: `count` is at most 64.
    mutating func readPlain(_ count: Int) throws(CodecError) -> UInt64 {
        var left = count
        var number: UInt64 = 0
        while left > 0 {
            let step = min(left, NumberCoding.plainBits)
            left -= step
            input.range >>= UInt32(step)
            let bits = input.code / input.range
            guard bits < 1 << UInt32(step) else { throw .malformed("no number has these bits", at: index) }
            input.code -= bits * input.range
            number = number << UInt64(step) | UInt64(bits)
            try normalise()
        }
        return number
    }

    private mutating func normalise() throws(CodecError) {
        while input.range < NumberCoding.leastRange {
            guard index < end else { throw .truncated(at: end) }
            input.range <<= 8
            input.code = input.code << 8 | UInt32(bytes[index])
            input.index += 1
        }
    }

    /// Refuses what follows the numbers, and an end that was not written so.
    func finish() throws(CodecError) {
        guard index == end else { throw .trailing(at: index) }
        guard input.code == 0 else {
            throw .malformed("numbers end in other bits than they were written with", at: index)
        }
    }
}
