/// A prefix of every feed: how far each one is known.
///
/// A partial order, hence `causalRelation(to:)` and no `Comparable`. Entries are kept sorted by feed, so
/// that two equal vectors are equal bytes. Branches have a handful of feeds; look-up is a binary search.
///
/// Source: Parker et al., "Detection of mutual inconsistency in distributed systems", IEEE TSE 1983.
package struct VersionVector: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package let feed: FeedID
        /// The greatest known sequence, 1 and up.
        package var sequence: UInt64

        package init(feed: FeedID, sequence: UInt64) {
            self.feed = feed
            self.sequence = sequence
        }
    }

    /// Sorted by feed, one entry a feed, no zero.
    package private(set) var entries: [Entry]

    package init() { entries = [] }

    /// A vector that holds `dots` and all that precedes each in its feed.
    package init(_ dots: some Sequence<Dot>) {
        self.init()
        for dot in dots { advance(to: dot) }
    }

    package var isEmpty: Bool { entries.isEmpty }

    /// The greatest known sequence of `feed`, 0 when nothing is known.
    ///
    /// - Complexity: O(log feeds).
    package subscript(feed: FeedID) -> UInt64 {
        let (index, found) = position(of: feed)
        return found ? entries[index].sequence : 0
    }

    /// Whether `dot` is within the known prefix of its feed.
    package func contains(_ dot: Dot) -> Bool { self[dot.feed] >= dot.sequence }

    /// Adds `dot` and all that precedes it in its feed.
    package mutating func advance(to dot: Dot) {
        guard dot.sequence > 0 else { return }
        let (index, found) = position(of: dot.feed)
        if found {
            entries[index].sequence = max(entries[index].sequence, dot.sequence)
        } else {
            entries.insert(Entry(feed: dot.feed, sequence: dot.sequence), at: index)
        }
    }

    /// Adds all that `other` holds: the least upper bound.
    ///
    /// - Complexity: O(feeds of both).
    package mutating func merge(_ other: VersionVector) {
        if other.entries.isEmpty { return }
        if entries.isEmpty {
            entries = other.entries
            return
        }
        var merged: [Entry] = []
        merged.reserveCapacity(entries.count + other.entries.count)
        var left = entries[...]
        var right = other.entries[...]
        while let a = left.first, let b = right.first {
            if a.feed < b.feed {
                merged.append(left.removeFirst())
            } else if b.feed < a.feed {
                merged.append(right.removeFirst())
            } else {
                merged.append(Entry(feed: a.feed, sequence: max(a.sequence, b.sequence)))
                left.removeFirst()
                right.removeFirst()
            }
        }
        merged.append(contentsOf: left)
        merged.append(contentsOf: right)
        entries = merged
    }

    /// Whether every event of `other` is in this vector.
    package func dominates(_ other: VersionVector) -> Bool {
        other.entries.allSatisfy { self[$0.feed] >= $0.sequence }
    }

    package func causalRelation(to other: VersionVector) -> CausalRelation {
        switch (dominates(other), other.dominates(self)) {
        case (true, true): .equal
        case (true, false): .after
        case (false, true): .before
        case (false, false): .concurrent
        }
    }

    /// Sorted strictly by feed, no zero sequence.
    package func checkInvariants() {
        for (a, b) in zip(entries, entries.dropFirst()) { precondition(a.feed < b.feed, "entries out of order") }
        precondition(entries.allSatisfy { $0.sequence > 0 }, "a zero sequence is kept")
    }

    private func position(of feed: FeedID) -> (index: Int, found: Bool) {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].feed < feed { low = middle + 1 } else { high = middle }
        }
        return (low, low < entries.count && entries[low].feed == feed)
    }
}
