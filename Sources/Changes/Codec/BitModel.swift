/// How likely the next bit of one kind is 0, in one word, and how that follows the bits that come.
protocol BitModel {
    /// Before the first bit: as likely as 1.
    static var start: UInt16 { get }
    /// How likely 0 is, in 1/65,536: from 256 to 65,280.
    static func likelihood(_ word: UInt16) -> UInt32
    static func afterZero(_ word: UInt16) -> UInt16
    static func afterOne(_ word: UInt16) -> UInt16
}

/// Each bit moves the likelihood by 1/32 of the way: for thousands of numbers. The word is the likelihood, which never leaves
/// `least` to `greatest`, so that nothing here overflows.
enum SteadyModel: BitModel {
    private static var least: UInt16 { 256 }
    private static var greatest: UInt16 { .max - 255 }
    private static var rate: UInt16 { 5 }

    static var start: UInt16 { 1 << 15 }

    @inline(__always)
    static func likelihood(_ word: UInt16) -> UInt32 { UInt32(word) }

    @inline(__always)
    static func afterZero(_ word: UInt16) -> UInt16 { word &+ (greatest &- word) &>> rate }

    @inline(__always)
    static func afterOne(_ word: UInt16) -> UInt16 { word &- (word &- least) &>> rate }
}

/// The first bit moves the likelihood half of the way, the next two by 1/4, four more by 1/8, all others by 1/16: for a few
/// numbers. The word is the likelihood in 1/4,096, and behind it, in four bits, how many bits came, up to seven.
enum QuickModel: BitModel {
    private static var whole: UInt16 { 1 << 12 }
    private static var least: UInt16 { whole / 256 }
    private static var greatest: UInt16 { whole - least }
    private static var countBits: UInt16 { 4 }
    private static var greatestCount: UInt16 { 7 }

    static var start: UInt16 { (whole / 2) << countBits }

    // A likelihood stays between `least` and `greatest`, and a count below 8: nothing here overflows.

    @inline(__always)
    static func likelihood(_ word: UInt16) -> UInt32 { UInt32(word &>> countBits) &<< 4 }

    @inline(__always)
    static func afterZero(_ word: UInt16) -> UInt16 {
        let likelihood = word &>> countBits
        return next(min(likelihood &+ (whole &- likelihood) &>> rate(word), greatest), word)
    }

    @inline(__always)
    static func afterOne(_ word: UInt16) -> UInt16 {
        let likelihood = word &>> countBits
        return next(max(likelihood &- likelihood &>> rate(word), least), word)
    }

    @inline(__always)
    private static func count(_ word: UInt16) -> UInt16 { word & (1 << countBits - 1) }

    /// How many bits the number of bits that came, with the next one, takes: a digit for each count, of 7 the first.
    @inline(__always)
    private static func rate(_ word: UInt16) -> UInt16 {
        UInt16(truncatingIfNeeded: 0x4333_3221 as UInt32 &>> UInt32(count(word) &* 4)) & 0xf
    }

    @inline(__always)
    private static func next(_ likelihood: UInt16, _ word: UInt16) -> UInt16 {
        likelihood &<< countBits | min(count(word) &+ 1, greatestCount)
    }
}
