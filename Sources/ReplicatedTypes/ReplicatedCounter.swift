package import Causality

/// A sum to which each event contributes once.
///
/// The amounts stay apart under their dots, so a fragment that arrives twice counts once, and concurrent
/// additions all count. (A counter that replicas merge by maximum does neither after a restore.)
///
/// Source: Almeida, Shoker, Baquero, "Delta state replicated data types", JPDC 111, 2018, section 7.2, with
/// one dot an event instead of one entry a replica.
package struct ReplicatedCounter: Mergeable {
    package private(set) var amounts = DotStore<Int64>()

    package init() {}

    /// Adds `amount`, negative to subtract.
    ///
    /// - Parameter dot: the event; one that is known already changes nothing.
    /// - Returns: the fragment to send.
    @discardableResult
    package mutating func add(_ amount: Int64, at dot: Dot) -> ReplicatedCounter {
        var delta = ReplicatedCounter()
        delta.amounts = amounts.put(amount, at: dot, replacing: CausalContext())
        return delta
    }

    package mutating func merge(_ other: ReplicatedCounter) { amounts.merge(other.amounts) }

    /// The sum, exact: 2^63 events of 64 bits fit into 128.
    ///
    /// - Complexity: O(events).
    package var total: Int128 { amounts.entries.reduce(0) { $0 + Int128($1.payload) } }
}
