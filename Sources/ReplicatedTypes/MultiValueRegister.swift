package import Causality

/// One value that several people may set at the same time: all concurrent writes survive.
///
/// A write replaces what its author had seen, whatever the clocks say; clocks only choose among writes that
/// did not know of each other. How the survivors are read belongs to the schema and never enters the state:
///
/// - `latest`: the one of greatest effective time; the others stay, hidden, and can be brought back.
/// - `ask`: all of them; a person chooses, by writing again.
/// - `max(by:)`: the greatest by an order of the schema's, the safe side until someone chooses.
///
/// Source: DeCandia et al., "Dynamo: Amazon's highly available key-value store", SOSP 2007, section 4.4, for
/// keeping siblings; Almeida, Shoker, Baquero, JPDC 111, 2018, section 7.4, for the form.
package struct MultiValueRegister<Value: Hashable & Sendable>: Mergeable {
    package struct Written: Hashable, Sendable {
        package let value: Value
        /// When the write counts as made, see `HybridTimestamp.effective(received:)`. Fixed here: an engine
        /// that learns of a lower one folds the record again.
        package let effective: HybridTimestamp
    }

    package private(set) var writes = DotStore<Written>()

    package init() {}

    /// Sets the value.
    ///
    /// - Parameters:
    ///   - dot: the event; one that is known already changes nothing.
    ///   - effective: decides `latest` among concurrent writes, nothing else.
    ///   - replacement: all that was seen, or only what the person was shown.
    /// - Returns: the fragment to send.
    @discardableResult
    package mutating func write(
        _ value: Value, at dot: Dot, effective: HybridTimestamp, replacing replacement: Replacement = .seen
    ) -> MultiValueRegister {
        var delta = MultiValueRegister()
        delta.writes = writes.put(Written(value: value, effective: effective), at: dot, replacing: replacement)
        return delta
    }

    package mutating func merge(_ other: MultiValueRegister) { writes.merge(other.writes) }

    // MARK: - Reading

    /// The value of greatest (effective time, feed, sequence); `nil` before the first write.
    ///
    /// - Complexity: O(survivors).
    package var latest: Value? {
        writes.entries.max { ($0.payload.effective, $0.dot) < ($1.payload.effective, $1.dot) }?.payload.value
    }

    /// All distinct values, each once, in the order of its least dot. More than one is a conflict.
    ///
    /// - Complexity: O(survivors).
    package var ask: [Value] {
        var seen: Set<Value> = []
        return writes.entries.compactMap { seen.insert($0.payload.value).inserted ? $0.payload.value : nil }
    }

    /// The greatest value; among values that the order does not tell apart, the one of the least dot.
    ///
    /// - Parameter areInIncreasingOrder: a strict weak order, the same on every replica.
    /// - Complexity: O(survivors).
    package func max(by areInIncreasingOrder: (Value, Value) -> Bool) -> Value? {
        var greatest: Value?
        for entry in writes.entries {
            guard let held = greatest else {
                greatest = entry.payload.value
                continue
            }
            if areInIncreasingOrder(held, entry.payload.value) { greatest = entry.payload.value }
        }
        return greatest
    }
}
