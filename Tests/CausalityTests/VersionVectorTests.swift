import Causality
import Testing
import TypeLaws

/// The vector against the obvious form: a dictionary from feed to sequence.
struct VersionVectorTests {
    private static let feeds = (0..<3).map { FeedID(high: 0, low: $0) }

    /// Every vector over three feeds with sequences up to 2, beside its dictionary without zeros.
    private static let small: [(vector: VersionVector, model: [FeedID: UInt64])] = (0..<27).map { number in
        let sequences = [number % 3, number / 3 % 3, number / 9].map(UInt64.init)
        var vector = VersionVector()
        // The greatest feed first, so that sorting is put to the test.
        for (feed, sequence) in zip(feeds, sequences).reversed() {
            vector.advance(to: Dot(feed: feed, sequence: sequence))
        }
        let model = Dictionary(uniqueKeysWithValues: zip(feeds, sequences)).filter { $0.value > 0 }
        return (vector, model)
    }

    private static func isWithin(_ left: [FeedID: UInt64], _ right: [FeedID: UInt64]) -> Bool {
        left.allSatisfy { right[$0.key, default: 0] >= $0.value }
    }

    @Test func vectorHoldsWhatItsDictionaryHolds() {
        for (vector, model) in Self.small {
            vector.checkInvariants()
            #expect(Dictionary(uniqueKeysWithValues: vector.entries.map { ($0.feed, $0.sequence) }) == model)
            for feed in Self.feeds {
                #expect(vector[feed] == model[feed, default: 0])
                for sequence in 1...3 as ClosedRange<UInt64> {
                    let dot = Dot(feed: feed, sequence: sequence)
                    #expect(vector.contains(dot) == (model[feed, default: 0] >= sequence))
                }
            }
            #expect(vector.isEmpty == model.isEmpty)
        }
    }

    @Test func relationIsThatOfTheSetsOfEvents() {
        for left in Self.small {
            for right in Self.small {
                let expected: CausalRelation =
                    switch (Self.isWithin(left.model, right.model), Self.isWithin(right.model, left.model)) {
                    case (true, true): .equal
                    case (true, false): .before
                    case (false, true): .after
                    case (false, false): .concurrent
                    }
                #expect(left.vector.causalRelation(to: right.vector) == expected)
                #expect((left.vector == right.vector) == (expected == .equal))
            }
        }
    }

    @Test func mergeIsTheLeastUpperBound() {
        for left in Self.small {
            for right in Self.small {
                let merged = left.vector.merging(right.vector)
                merged.checkInvariants()
                let model = left.model.merging(right.model, uniquingKeysWith: max)
                #expect(Dictionary(uniqueKeysWithValues: merged.entries.map { ($0.feed, $0.sequence) }) == model)
                #expect(merged == right.vector.merging(left.vector))
                #expect(merged.merging(left.vector) == merged)
                #expect(merged.dominates(left.vector) && merged.dominates(right.vector))
                for upper in Self.small
                where upper.vector.dominates(left.vector) && upper.vector.dominates(right.vector) {
                    #expect(upper.vector.dominates(merged))
                }
            }
        }
    }

    /// Partial order and associativity over all 27³ triples, counted instead of expected one by one.
    @Test func triplesKeepTransitivityAndAssociativity() {
        var broken = 0
        var tried = 0
        for a in Self.small.map(\.vector) {
            for b in Self.small.map(\.vector) {
                let both = a.merging(b)
                for c in Self.small.map(\.vector) {
                    tried += 1
                    if both.merging(c) != a.merging(b.merging(c)) { broken += 1 }
                    if a.dominates(b) && b.dominates(c) && !a.dominates(c) { broken += 1 }
                }
            }
        }
        #expect(broken == 0)
        #expect(tried == 27 * 27 * 27)
    }

    @Test func advanceNeverGoesBack() {
        var vector = VersionVector()
        vector.advance(to: Dot(feed: Self.feeds[1], sequence: 5))
        vector.advance(to: Dot(feed: Self.feeds[1], sequence: 3))
        vector.advance(to: Dot(feed: Self.feeds[0], sequence: 0))
        #expect(vector.entries == [VersionVector.Entry(feed: Self.feeds[1], sequence: 5)])
    }

    @Test func randomVectorsOfManyFeedsMergeLikeDictionaries() {
        var generator = SplitMix64(seed: 4)
        for _ in 0..<500 {
            let vectors = (0..<2).map { _ in
                (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                    Dot(
                        feed: FeedID(high: UInt64.random(in: 0...3, using: &generator), low: generator.next() % 16),
                        sequence: UInt64.random(in: 1...50, using: &generator))
                }
            }
            let merged = VersionVector(vectors[0]).merging(VersionVector(vectors[1]))
            var model: [FeedID: UInt64] = [:]
            for dot in vectors.joined() { model[dot.feed] = max(model[dot.feed, default: 0], dot.sequence) }
            merged.checkInvariants()
            #expect(Dictionary(uniqueKeysWithValues: merged.entries.map { ($0.feed, $0.sequence) }) == model)
        }
    }
}

extension VersionVector {
    fileprivate func merging(_ other: VersionVector) -> VersionVector {
        var result = self
        result.merge(other)
        return result
    }
}
