package import Causality

/// A list that is only added to, in an order that all replicas share and that never contradicts what a
/// person saw.
///
/// Steps are listed by (key, feed, sequence). A step's key is its effective time, but at least one tick past
/// the greatest key in its author's past: a step that saw another is listed after it whatever the clocks, and
/// steps that did not know of each other are listed by their clocks. The one exception is a past that holds the
/// greatest of all timestamps, in the year 10889, which only a stamp without an entry can be: no key lies past
/// it until the hub has received the step.
///
/// Source: Lamport, "Time, clocks, and the ordering of events in a distributed system", CACM 21(7), 1978,
/// condition C1, on hybrid timestamps.
package struct GrowOnlyLog<Content: Hashable & Sendable>: Mergeable {
    package struct Step: Hashable, Sendable {
        package let content: Content
        /// Where the step is listed; computed when it is appended, and kept.
        package let key: HybridTimestamp
    }

    package private(set) var steps = DotStore<Step>()

    package init() {}

    /// Adds a step after all that this log holds.
    ///
    /// - Parameters:
    ///   - dot: the event; one that is known already changes nothing.
    ///   - effective: the step's own time.
    /// - Returns: the fragment to send.
    /// - Complexity: O(steps).
    @discardableResult
    package mutating func append(_ content: Content, at dot: Dot, effective: HybridTimestamp) -> GrowOnlyLog {
        let past = steps.entries.map(\.payload.key).max()
        let key = past.map { max(effective, $0.successor) } ?? effective
        var delta = GrowOnlyLog()
        delta.steps = steps.put(Step(content: content, key: key), at: dot, replacing: CausalContext())
        return delta
    }

    package mutating func merge(_ other: GrowOnlyLog) { steps.merge(other.steps) }

    /// The steps in the order in which every replica lists them.
    ///
    /// - Complexity: O(steps · log steps).
    package var listed: [DotStore<Step>.Entry] {
        steps.entries.sorted { ($0.payload.key, $0.dot) < ($1.payload.key, $1.dot) }
    }
}
