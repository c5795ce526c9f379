import Causality

/// A change as a record names it: its dot, and the effective time of a write or the key of a log row.
struct SnapshotMark: Hashable, Comparable {
    /// Into the chunk's feeds, which are sorted.
    let feed: Int
    let sequence: UInt64
    var time: UInt64

    func isSameChange(as other: SnapshotMark) -> Bool { feed == other.feed && sequence == other.sequence }

    static func < (left: SnapshotMark, right: SnapshotMark) -> Bool {
        if left.feed != right.feed { return left.feed < right.feed }
        if left.sequence != right.sequence { return left.sequence < right.sequence }
        return left.time < right.time
    }
}

/// What the next mark of a record is told from. Both sides go through the marks in the same order.
struct SnapshotMarkOrigin {
    /// The feed with which the record before began.
    private(set) var feed = 0
    /// Of each feed, the last sequence that was told from nothing nearer.
    private var firsts: [UInt64]
    /// The record's mark before.
    private(set) var before: SnapshotMark?

    init(feeds: Int) { firsts = Array(repeating: 0, count: feeds) }

    mutating func beginRecord() { before = nil }

    /// Which number the feed is told from.
    var expectedFeed: Int { before?.feed ?? feed }

    /// Which sequence that of a mark of `feed` is told from, and whether it is the mark before.
    func expected(_ feed: Int) -> (sequence: UInt64, isBefore: Bool) {
        if let before, before.feed == feed { return (before.sequence, true) }
        return (firsts[feed], false)
    }

    mutating func note(_ mark: SnapshotMark) {
        if before?.feed != mark.feed { firsts[mark.feed] = mark.sequence }
        if before == nil { feed = mark.feed }
        before = mark
    }

    /// A row names a mark that the record has already.
    mutating func goBack(to mark: SnapshotMark) { before = mark }
}

/// The streams of numbers that are there whatever a chunk holds. After them, one for each column's values, and after it
/// one for its elements.
enum SnapshotModel: Int, CaseIterable {
    case shape, origin, feed, first, gap
    case rowCount, rowColumn, rowMark, rowFeed, rowSequence, logCount
    case milliseconds, counter, late

    static func columns(_ index: Int) -> Int { allCases.count + 2 * index }
}

/// How a row names its mark.
enum SnapshotRowMark {
    /// Its feed and sequence follow.
    static let new: UInt64 = 0
    /// As the row before.
    static let same: UInt64 = 1
    /// And which of the marks of the record's slots.
    static let firstOfSlots: UInt64 = 2
}
