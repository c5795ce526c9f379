import Causality

/// A dot that records of a chunk name, and the time that is at hand for it.
struct NamedDot {
    let dot: Dot
    let time: HybridTimestamp
}

/// Dots of a chunk's marks that were met: a bit for each sequence where the feeds' sequences lie close together.
struct DotSet {
    private struct Key: Hashable {
        let feed: Int
        let sequence: UInt64
    }

    /// Of each feed, its first sequence, and which bit is that.
    private var firsts: [(sequence: UInt64, bit: Int)] = []
    private var words: [UInt64] = []
    /// Where they lie too far apart for bits.
    private var keys: Set<Key>?

    /// Bits for each mark, at most: bytes may say any sequence.
    private static let bitsPerMark = 64

    init(of marks: [SnapshotMark], feeds: Int) {
        var ranges: [ClosedRange<UInt64>?] = Array(repeating: nil, count: feeds)
        for mark in marks {
            let known = ranges[mark.feed] ?? mark.sequence...mark.sequence
            ranges[mark.feed] = min(known.lowerBound, mark.sequence)...max(known.upperBound, mark.sequence)
        }
        let limit = UInt64(marks.count * DotSet.bitsPerMark)
        var bits = 0
        for range in ranges {
            let width = range.map { $0.upperBound - $0.lowerBound } ?? 0
            guard width < limit, UInt64(bits) + width < limit else {
                keys = []
                return
            }
            firsts.append((range?.lowerBound ?? 0, bits))
            bits += Int(width) + 1
        }
        words = Array(repeating: 0, count: bits / UInt64.bitWidth + 1)
    }

    /// - Returns: whether it was not met before.
    mutating func insert(_ mark: SnapshotMark) -> Bool {
        if keys != nil {
            return keys?.insert(Key(feed: mark.feed, sequence: mark.sequence)).inserted ?? false
        }
        let (first, start) = firsts[mark.feed]
        let bit = start + Int(mark.sequence - first)
        let mask = UInt64(1) << UInt64(bit % UInt64.bitWidth)
        defer { words[bit / UInt64.bitWidth] |= mask }
        return words[bit / UInt64.bitWidth] & mask == 0
    }
}
