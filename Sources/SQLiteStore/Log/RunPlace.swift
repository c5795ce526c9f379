/// Where a run lies in its table: by feed, and in each feed by the sequence of its first change. The key of the table says both, so
/// that one tree holds the runs and finds them.
struct RunPlace: Hashable {
    /// feed's row × 2^40 + sequence.
    let key: Int64

    private static let sequenceBits: Int64 = 40

    init(key: Int64) { self.key = key }

    /// - Precondition: the feed's row is below 2^23, the sequence below 2^40.
    init(feed: Int64, sequence: UInt64) {
        precondition(feed >> 23 == 0 && sequence >> 40 == 0, "a file holds no more feeds, a feed no more changes")
        key = feed << RunPlace.sequenceBits | Int64(sequence)
    }

    var feed: Int64 { key >> RunPlace.sequenceBits }
    var sequence: UInt64 { UInt64(key & (1 << RunPlace.sequenceBits - 1)) }

    /// Of a feed, those of changes between two sequences; a sequence that no place can have stands for the last.
    static func keys(of feed: Int64, _ first: UInt64, through last: UInt64) -> ClosedRange<Int64> {
        let greatest: UInt64 = 1 << 40 - 1
        let (first, last) = (min(first, greatest), min(max(first, last), greatest))
        // Of a row of a damaged file, whatever it is, there are none.
        let base = feed << sequenceBits
        return base | Int64(first)...base | Int64(last)
    }

    /// Of all changes of a feed.
    static func keys(of feed: Int64) -> ClosedRange<Int64> { keys(of: feed, 0, through: .max) }
}
