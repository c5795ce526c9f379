/// A moment with a tie-breaking count: 48 bits of milliseconds since 1970, 16 bits of counter.
///
/// Source: Kulkarni et al., "Logical physical clocks", OPODIS 2014.
package struct HybridTimestamp: Hashable, Comparable, Sendable {
    /// Milliseconds in the upper 48 bits, counter in the lower 16.
    package let rawValue: UInt64

    @inlinable
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// - Parameters:
    ///   - milliseconds: since 1970-01-01T00:00Z; held within `0...greatestMilliseconds`.
    ///   - counter: order within the millisecond.
    @inlinable
    package init(milliseconds: Int64, counter: UInt16 = 0) {
        let held = UInt64(min(max(milliseconds, 0), HybridTimestamp.greatestMilliseconds))
        rawValue = held << 16 | UInt64(counter)
    }

    /// The year 10889: what 48 bits hold.
    package static var greatestMilliseconds: Int64 { 1 << 48 - 1 }
    package static var zero: HybridTimestamp { HybridTimestamp(rawValue: 0) }

    package var milliseconds: Int64 { Int64(rawValue >> 16) }
    package var counter: UInt16 { UInt16(truncatingIfNeeded: rawValue) }

    /// The next timestamp; a full counter carries into the milliseconds. The greatest one stays as it is.
    package var successor: HybridTimestamp {
        rawValue == .max ? self : HybridTimestamp(rawValue: rawValue + 1)
    }

    @inlinable
    package static func < (left: HybridTimestamp, right: HybridTimestamp) -> Bool { left.rawValue < right.rawValue }

    /// When a change counts as made: its author's stamp, but at most five minutes after the hub received it.
    ///
    /// A clock that runs ahead can therefore win over what the hub saw later by no more than the allowance.
    /// - Parameter received: the hub's time of receipt in milliseconds since 1970, `nil` while there is none.
    package func effective(received: Int64?) -> HybridTimestamp {
        guard let received else { return self }
        // Capped first: a received time comes from bytes, and its sum must not trap.
        let capped = min(received, HybridTimestamp.greatestMilliseconds)
        return min(self, HybridTimestamp(milliseconds: capped + HybridTimestamp.allowanceMilliseconds))
    }

    /// How far a stamp may lie ahead of its receipt, and an unplaced stamp ahead of the local clock: 5 minutes.
    package static var allowanceMilliseconds: Int64 { 300_000 }
}
