/// A set of events: a version vector, and a cloud of dots beyond it.
///
/// The replicated types carry one, so that fragments may arrive in any order and with gaps. The engine
/// itself delivers changes after their past and needs only the vector.
///
/// Source: Almeida, Shoker, Baquero, "Delta state replicated data types", JPDC 111, 2018, section 7.2.
package struct CausalContext: Hashable, Sendable {
    package private(set) var vector: VersionVector
    /// Dots that the vector does not reach; none is next after the vector's entry for its feed.
    package private(set) var cloud: Set<Dot>

    package init(_ vector: VersionVector = VersionVector()) {
        self.vector = vector
        cloud = []
    }

    package var isEmpty: Bool { vector.isEmpty && cloud.isEmpty }

    package func contains(_ dot: Dot) -> Bool { vector.contains(dot) || cloud.contains(dot) }

    /// Adds one event and absorbs what has become a prefix.
    package mutating func insert(_ dot: Dot) {
        guard !vector.contains(dot) else { return }
        cloud.insert(dot)
        compact(feed: dot.feed)
    }

    /// Adds all events of `other`: the least upper bound.
    package mutating func merge(_ other: CausalContext) {
        vector.merge(other.vector)
        if cloud.isEmpty && other.cloud.isEmpty { return }
        cloud.formUnion(other.cloud)
        cloud = cloud.filter { !vector.contains($0) }
        for feed in Set(cloud.map(\.feed)) { compact(feed: feed) }
    }

    /// The event of `feed` after the prefix that this context holds.
    ///
    /// - Precondition: the prefix does not end at the greatest sequence, which no honest feed reaches.
    package func next(of feed: FeedID) -> Dot { Dot(feed: feed, sequence: vector[feed] + 1) }

    package func checkInvariants() {
        vector.checkInvariants()
        for dot in cloud {
            precondition(!vector.contains(dot), "the cloud repeats the vector")
            precondition(dot.sequence > vector[dot.feed] + 1, "a prefix was left in the cloud")
        }
    }

    private mutating func compact(feed: FeedID) {
        // A vector at the greatest sequence has no next dot; sequences come from bytes and must not trap.
        while vector[feed] < .max, let next = cloud.remove(next(of: feed)) { vector.advance(to: next) }
    }
}
