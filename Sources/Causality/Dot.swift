/// One event: the `sequence`-th change of a feed.
///
/// Sequences are 1, 2, 3 … without gaps, so a feed and a number name every change up to it.
/// The order is (feed, sequence): a total order with no meaning but that all replicas share it.
///
/// Source: Almeida, Shoker, Baquero, "Delta state replicated data types", JPDC 111, 2018, section 7.1.
package struct Dot: Hashable, Comparable, Sendable {
    package let feed: FeedID
    /// 1 and up.
    package let sequence: UInt64

    @inlinable
    package init(feed: FeedID, sequence: UInt64) {
        self.feed = feed
        self.sequence = sequence
    }

    @inlinable
    package static func < (left: Dot, right: Dot) -> Bool {
        left.feed != right.feed ? left.feed < right.feed : left.sequence < right.sequence
    }
}

extension Dot: CustomStringConvertible {
    /// The feed in hexadecimal, `:`, the sequence: the form in which commands take and print changes.
    package var description: String { "\(feed):\(sequence)" }

    /// Reads what `description` prints, the feed in either case; `nil` for anything else (no sign, no zeros
    /// in front, so that one dot has one text).
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let feed = FeedID(hexadecimal: parts[0]), let sequence = UInt64(parts[1]),
            sequence > 0, String(sequence) == parts[1]
        else { return nil }
        self.init(feed: feed, sequence: sequence)
    }
}
