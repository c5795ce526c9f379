import Causality
import Changes
import Testing

@Suite("The fold is its definition on random histories")
struct RandomFoldTests {
    private static let rounds = Effort.isFull ? 10_000 : 2_000

    /// Every kind on few targets, several operations a change, shown writes in and outside the past, clocks that lie.
    @Test func everyCausalOrderGivesTheModelsState() {
        var generator = Generator(Effort.generator("everyCausalOrderGivesTheModelsState"))
        var rounds = 0
        var concurrent = 0
        var logged = 0
        for round in 0..<Self.rounds {
            var history = History.random(&generator, changes: 1 + generator.upTo(9))
            history.dropUnknown()
            let model = Model(history, arrived: Set(history.events.indices))
            let first = Replay.whole(history, order: history.randomOrder(&generator))
            let second = Replay.whole(history, order: history.randomOrder(&generator))
            let difference = model.difference(from: first.state)
            guard claim(difference == nil, "round \(round): \(difference ?? "")"),
                claim(first.rows.inListingOrder == model.rows, "round \(round): rows differ from the model's"),
                claim(first.agrees(with: second), "round \(round): two orders differ")
            else { return }
            rounds += 1
            if first.state.slots.contains(where: { $0.survivors.count > 1 }) { concurrent += 1 }
            if first.state.logCount > 1 { logged += 1 }
        }
        #expect(rounds == Self.rounds)
        #expect(concurrent > rounds / 4 && logged > rounds / 4, "the histories are too tame to show anything")
    }

    /// A5: what the contexts alone tell is the explicit transitive closure.
    @Test func pastIndexIsTheTransitiveClosure() {
        var generator = Generator(Effort.generator("pastIndexIsTheTransitiveClosure"))
        var pairs = 0
        for round in 0..<Self.rounds {
            let history = History.random(&generator, changes: 1 + generator.upTo(11))
            let index = Replay.pasts(of: history)
            for event in history.events {
                let past = index.past(of: event.dot)
                for other in history.events.indices {
                    let dot = history.events[other].dot
                    pairs += 1
                    guard
                        claim(
                            past.contains(dot) == event.past.contains(other), "round \(round): \(dot) for \(event.dot)")
                    else { return }
                }
            }
        }
        #expect(pairs > Self.rounds * 20)
    }

    /// A store keeps knots and puts them back when it opens, in whatever order it finds them.
    @Test func pastIndexIsTheSameFromItsKnotsInAnyOrder() {
        var generator = Generator(Effort.generator("pastIndexIsTheSameFromItsKnotsInAnyOrder"))
        for round in 0..<Self.rounds / 4 {
            let history = History.random(&generator, changes: 12)
            var index = PastIndex()
            var knots: [(feed: FeedID, knot: PastIndex.Knot)] = []
            for event in history.events.indices {
                let dot = history.events[event].dot
                if let knot = index.insert(dot, context: history.context(of: event)) { knots.append((dot.feed, knot)) }
            }
            var restored = PastIndex()
            for (feed, knot) in knots.shuffled(using: &generator.random) { restored.insert(knot, of: feed) }
            for event in history.events {
                guard claim(restored.past(of: event.dot) == index.past(of: event.dot), "round \(round): \(event.dot)")
                else { return }
            }
        }
    }

    @Test func everyShapeOfFourChangesHasTheTransitiveClosure() {
        let shapes = Exhaustion.shapes(4)
        for shape in shapes {
            let index = Replay.pasts(of: shape)
            for event in shape.events {
                let past = index.past(of: event.dot)
                let found = shape.events.indices.filter { past.contains(shape.events[$0].dot) }
                guard claim(Set(found) == event.past, "\(shape.pasts)") else { return }
            }
        }
        #expect(shapes.count == 321)
    }
}
