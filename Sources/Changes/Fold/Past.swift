import Causality

/// The past of one change: its feed's prefix and, transitively, all that its contexts name.
///
/// "Saw" and "happened before" mean membership here. A change without a context shares the vector of the change
/// before it, so the past of a run of changes costs nothing.
package struct Past: Hashable, Sendable {
    package let feed: FeedID
    /// All of the feed before this sequence is in the past.
    package let sequence: UInt64
    /// What of other feeds is in the past.
    package let others: VersionVector

    package init(of dot: Dot, others: VersionVector) {
        feed = dot.feed
        sequence = dot.sequence
        self.others = others
    }

    package func contains(_ dot: Dot) -> Bool {
        dot.feed == feed ? dot.sequence < sequence : others.contains(dot)
    }
}

/// The pasts of a scope's changes, kept only where they grow.
///
/// A *knot* is the vector of other feeds' events known at a change that carried a context; it holds for the
/// feed's later changes up to the next knot.
package struct PastIndex: Sendable {
    package struct Knot: Hashable, Sendable {
        package let sequence: UInt64
        package let others: VersionVector

        package init(sequence: UInt64, others: VersionVector) {
            self.sequence = sequence
            self.others = others
        }
    }

    /// By feed, each list sorted by sequence. Looked up, never iterated into a result.
    private var knots: [FeedID: [Knot]] = [:]

    package init() {}

    /// What of other feeds the change at `dot` has in its past.
    ///
    /// - Complexity: O(log knots of the feed).
    package func others(at dot: Dot) -> VersionVector {
        guard let list = knots[dot.feed] else { return VersionVector() }
        if let last = list.last, last.sequence <= dot.sequence { return last.others }
        var low = 0
        var high = list.count
        while low < high {
            let middle = (low + high) / 2
            if list[middle].sequence <= dot.sequence { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? VersionVector() : list[low - 1].others
    }

    package func past(of dot: Dot) -> Past { Past(of: dot, others: others(at: dot)) }

    /// The last knot of the feed up to a change, and the sequence of the next one.
    ///
    /// - Complexity: O(knots of the feed).
    package func knots(around dot: Dot) -> (knot: Knot?, next: UInt64?) {
        guard let list = knots[dot.feed] else { return (nil, nil) }
        guard let index = list.lastIndex(where: { $0.sequence <= dot.sequence }) else {
            return (nil, list.first?.sequence)
        }
        return (list[index], index + 1 < list.count ? list[index + 1].sequence : nil)
    }

    /// Takes note of a change; its feed's earlier changes and its context must have been noted before.
    ///
    /// - Returns: the new knot where the change has a context.
    @discardableResult
    package mutating func insert(_ dot: Dot, context: [ChangeReference]) -> Knot? {
        guard let knot = PastIndex.knot(of: dot, context: context, others: { others(at: $0) }) else { return nil }
        insert(knot, of: dot.feed)
        return knot
    }

    /// Every knot, by feed and sequence.
    package var all: [(feed: FeedID, knot: Knot)] {
        knots.sorted { $0.key < $1.key }.flatMap { feed, list in list.map { (feed, $0) } }
    }

    /// The knot of a change that carries a context; nil for one without.
    ///
    /// - Parameter others: what of other feeds the change at a dot has in its past.
    package static func knot<Failure>(
        of dot: Dot, context: [ChangeReference], others: (Dot) throws(Failure) -> VersionVector
    ) throws(Failure) -> Knot? {
        if context.isEmpty { return nil }
        var vector = try others(dot)
        for head in context {
            vector.merge(try others(head.dot))
            vector.advance(to: head.dot)
        }
        return Knot(sequence: dot.sequence, others: vector.removing(dot.feed))
    }

    /// Puts back a knot that was stored; in any order.
    package mutating func insert(_ knot: Knot, of feed: FeedID) {
        // Where they lie: a copy would take all of them along for one.
        guard let last = knots[feed]?.last, last.sequence >= knot.sequence else {
            knots[feed, default: []].append(knot)
            return
        }
        var list = knots[feed] ?? []
        let index = list.firstIndex { $0.sequence >= knot.sequence } ?? list.endIndex
        if index < list.endIndex, list[index].sequence == knot.sequence {
            list[index] = knot
        } else {
            list.insert(knot, at: index)
        }
        knots[feed] = list
    }
}

extension VersionVector {
    /// This vector without `feed`.
    func removing(_ feed: FeedID) -> VersionVector {
        self[feed] == 0
            ? self
            : VersionVector(
                entries.filter { $0.feed != feed }.map { Dot(feed: $0.feed, sequence: $0.sequence) })
    }
}
