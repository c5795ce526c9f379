/// Issues the stamps of one replica: never behind what it has applied, never led astray by a wrong clock.
///
/// A stamp is one tick past the greatest of: physical time, the greatest effective time of placed changes,
/// and the greatest stamp of unplaced changes (its own too), which counts only up to physical time plus
/// five minutes. Hence a far-future stamp poisons nobody, and a machine whose clock was years ahead comes
/// back as soon as the clock is put right. Stamps break ties; dots, not stamps, tell events apart.
///
/// The bound alone would repeat itself: while the greatest unplaced stamp lies past it, each tick of one
/// millisecond would give the same stamp. So the previous stamp of this clock counts in full while it lies
/// less than a second past the bound, which leaves room for 65 million ticks.
///
/// Source: Kulkarni et al., "Logical physical clocks", OPODIS 2014; the bound on unplaced stamps is ours.
package struct HybridLogicalClock: Hashable, Sendable {
    /// The greatest effective time of the placed changes that were applied.
    package private(set) var greatestEffective: HybridTimestamp
    /// The greatest stamp of the unplaced changes that were applied or made here.
    package private(set) var greatestUnplaced: HybridTimestamp
    /// The previous stamp. A clock that is saved without it, and comes back with zero, goes by the bound alone.
    package private(set) var lastIssued: HybridTimestamp

    package init(
        greatestEffective: HybridTimestamp = .zero, greatestUnplaced: HybridTimestamp = .zero,
        lastIssued: HybridTimestamp = .zero
    ) {
        self.greatestEffective = greatestEffective
        self.greatestUnplaced = greatestUnplaced
        self.lastIssued = lastIssued
    }

    /// Takes note of a change that has an entry in its scope's order.
    package mutating func observe(effective: HybridTimestamp) {
        greatestEffective = max(greatestEffective, effective)
    }

    /// Takes note of a change without an entry yet.
    package mutating func observe(unplaced stamp: HybridTimestamp) {
        greatestUnplaced = max(greatestUnplaced, stamp)
    }

    /// The stamp of a new event.
    ///
    /// - Parameter physicalMilliseconds: the machine's clock, milliseconds since 1970; any value is taken.
    /// - Returns: a stamp after every effective time applied; after the previous stamp too, unless the
    ///   machine's clock has since been set back by so much that it lies more than the allowance ahead.
    ///   At the greatest of all timestamps it stays there.
    package mutating func tick(physicalMilliseconds: Int64) -> HybridTimestamp {
        let physical = HybridTimestamp(milliseconds: physicalMilliseconds)
        let bound = HybridTimestamp(
            milliseconds: physical.milliseconds + HybridTimestamp.allowanceMilliseconds, counter: .max)
        let roomPastBound = HybridTimestamp(milliseconds: 1_000).rawValue
        let reached = max(greatestEffective, bound).rawValue
        let (limit, isPastEnd) = reached.addingReportingOverflow(roomPastBound)
        let previous = isPastEnd || lastIssued.rawValue <= limit ? lastIssued : .zero
        let floor = max(greatestEffective, previous, min(greatestUnplaced, bound))
        let stamp = max(physical, floor.successor)
        greatestUnplaced = stamp
        lastIssued = stamp
        return stamp
    }
}
