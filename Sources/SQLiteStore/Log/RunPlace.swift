/// Where a run lies in its table: by feed, and in each feed by the sequence of its first change. The key of the table says both, so
/// that one tree holds the runs and finds them.
package struct RunPlace: Hashable {
    /// feed's row × 2^40 + sequence.
    package let key: Int64

    private static let sequenceBits: Int64 = 40
    package static let greatestSequence: UInt64 = 1 << 40 - 1

    package init(key: Int64) { self.key = key }

    /// - Throws: `StoredValueError` unless the feed's row is below 2^23 and the sequence below 2^40: no file comes to more.
    package init(feed: Int64, sequence: UInt64) throws(StoredValueError) {
        guard feed >> 23 == 0, sequence >> 40 == 0 else {
            throw StoredValueError(table: "feed", row: "\(feed)", reason: "it stands at change \(sequence)")
        }
        key = feed << RunPlace.sequenceBits | Int64(sequence)
    }

    package var feed: Int64 { key >> RunPlace.sequenceBits }
    package var sequence: UInt64 { UInt64(key & (1 << RunPlace.sequenceBits - 1)) }

    /// Of a feed, those of changes between two sequences; a sequence that no place can have stands for the last.
    package static func keys(of feed: Int64, _ first: UInt64, through last: UInt64) -> ClosedRange<Int64> {
        let (first, last) = (min(first, greatestSequence), min(max(first, last), greatestSequence))
        // Of a row of a damaged file, whatever it is, there are none.
        let base = feed << sequenceBits
        return base | Int64(first)...base | Int64(last)
    }

    /// The least key of the feed: those of feeds before it are less.
    package var leastOfFeed: Int64 { feed << RunPlace.sequenceBits }
}
