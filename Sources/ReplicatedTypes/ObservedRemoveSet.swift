package import Causality

/// A set in which an add wins over a remove that did not know of it.
///
/// An element is present while an add of it survives. A remove ends the adds that its author had seen, or only
/// those that the person was shown; so does a further add of the same element, which takes their place.
///
/// An engine that stores many elements makes each its own target; here all share one store, and look-up is
/// linear.
///
/// Source: Bieniusa et al., "An optimized conflict-free replicated set", INRIA RR-8083, 2012.
package struct ObservedRemoveSet<Element: Hashable & Sendable>: Mergeable {
    package private(set) var adds = DotStore<Element>()

    package init() {}

    /// Adds `element`.
    ///
    /// - Parameters:
    ///   - dot: the event; one that is known already changes nothing.
    ///   - replacement: the adds of the same element whose place this one takes.
    /// - Returns: the fragment to send.
    @discardableResult
    package mutating func add(
        _ element: Element, at dot: Dot, replacing replacement: Replacement = .seen
    ) -> ObservedRemoveSet {
        put(element, about: element, at: dot, replacing: replacement)
    }

    /// Removes `element`, as far as its adds were seen.
    ///
    /// - Parameters:
    ///   - dot: the event; a remove is one too, so that a late retry does not remove what was added since.
    ///   - replacement: the adds that end. Listed adds of another element are left alone.
    /// - Returns: the fragment to send.
    @discardableResult
    package mutating func remove(
        _ element: Element, at dot: Dot, replacing replacement: Replacement = .seen
    ) -> ObservedRemoveSet {
        put(nil, about: element, at: dot, replacing: replacement)
    }

    package mutating func merge(_ other: ObservedRemoveSet) { adds.merge(other.adds) }

    // MARK: - Reading

    /// - Complexity: O(surviving adds).
    package func contains(_ element: Element) -> Bool { adds.entries.contains { $0.payload == element } }

    /// The elements, each once, in the order of its least surviving dot.
    ///
    /// - Complexity: O(surviving adds).
    package var elements: [Element] {
        var seen: Set<Element> = []
        return adds.entries.compactMap { seen.insert($0.payload).inserted ? $0.payload : nil }
    }

    private mutating func put(
        _ payload: Element?, about element: Element, at dot: Dot, replacing replacement: Replacement
    ) -> ObservedRemoveSet {
        var delta = ObservedRemoveSet()
        delta.adds = adds.put(payload, at: dot, replacing: adds.dots(named: replacement) { $0 == element })
        return delta
    }
}
