import Causality
import Testing
import TypeLaws

/// The context against the obvious form: a set of dots.
struct CausalContextTests {
    private static let feeds = (0..<3).map { FeedID(high: 0, low: $0) }
    private static let dots = feeds.flatMap { feed in (1...4).map { Dot(feed: feed, sequence: $0) } }

    private static func context(_ dots: some Sequence<Dot>) -> CausalContext {
        var result = CausalContext()
        for dot in dots { result.insert(dot) }
        return result
    }

    /// Every set of dots of two feeds with up to three events, inserted in the order of its bits.
    @Test func everySmallSetIsHeldExactly() {
        let dots = Self.dots.filter { $0.feed != Self.feeds[2] && $0.sequence < 4 }
        for bits in 0..<64 {
            let model = dots.indices.filter { bits >> $0 & 1 == 1 }.map { dots[$0] }
            let context = Self.context(model)
            context.checkInvariants()
            #expect(dots.filter { context.contains($0) } == model)
            #expect(context == Self.context(model.reversed()))
            #expect(context.isEmpty == model.isEmpty)
        }
    }

    @Test func mergesOfAllSmallSetsAreUnions() {
        let dots = Self.dots.filter { $0.feed != Self.feeds[2] && $0.sequence < 4 }
        func subset(_ bits: Int) -> [Dot] { dots.indices.filter { bits >> $0 & 1 == 1 }.map { dots[$0] } }
        let contexts = (0..<64).map { Self.context(subset($0)) }
        for left in 0..<64 {
            for right in 0..<64 {
                var merged = contexts[left]
                merged.merge(contexts[right])
                #expect(merged == contexts[left | right])
            }
        }
    }

    @Test func randomInsertsAndMergesMatchASetAndStayCompact() {
        var generator = SplitMix64(seed: 7)
        for _ in 0..<500 {
            var contexts = Array(repeating: CausalContext(), count: 3)
            var models: [Set<Dot>] = [[], [], []]
            for _ in 0..<30 {
                let (to, from) = (Int.random(in: 0..<3, using: &generator), Int.random(in: 0..<3, using: &generator))
                if Int.random(in: 0..<4, using: &generator) == 0 {
                    contexts[to].merge(contexts[from])
                    models[to].formUnion(models[from])
                } else {
                    let dot = Self.dots.randomElement(using: &generator)!
                    contexts[to].insert(dot)
                    models[to].insert(dot)
                }
                contexts[to].checkInvariants()
            }
            for (context, model) in zip(contexts, models) {
                #expect(Set(Self.dots.filter { context.contains($0) }) == model)
                // One value for one set, whatever way it came about.
                #expect(context == Self.context(model))
            }
        }
    }

    @Test func gapThatClosesLeavesNoCloud() {
        let feed = Self.feeds[0]
        var context = Self.context([3, 2, 5].map { Dot(feed: feed, sequence: $0) })
        #expect(context.vector.isEmpty)
        context.insert(Dot(feed: feed, sequence: 1))
        #expect(context.vector[feed] == 3)
        #expect(context.cloud == [Dot(feed: feed, sequence: 5)])
        #expect(context.next(of: feed) == Dot(feed: feed, sequence: 4))
    }

    /// A sequence comes from bytes: the greatest one used to overflow while prefixes were absorbed.
    @Test func greatestSequenceDoesNotTrap() {
        let feed = Self.feeds[0]
        let last = Dot(feed: feed, sequence: .max)
        var context = CausalContext(VersionVector([Dot(feed: feed, sequence: .max - 1)]))
        context.insert(last)
        #expect(context.vector[feed] == .max)

        var cloud = CausalContext()
        cloud.insert(last)
        cloud.merge(CausalContext(VersionVector([Dot(feed: feed, sequence: .max - 1)])))
        cloud.checkInvariants()
        #expect(cloud == context)
    }
}
