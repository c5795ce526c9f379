import Causality
import Changes
import Testing

@Suite("A step that saw another is listed after it, whatever the stamps")
struct LogOrderTests {
    @Test func onRandomHistoriesWithLyingClocks() {
        var generator = Generator(Effort.generator("onRandomHistoriesWithLyingClocks"))
        var pairs = 0
        for round in 0..<(Effort.isFull ? 10_000 : 1_000) {
            var history = History()
            for index in 0..<8 {
                let seen = Set((0..<index).filter { _ in generator.chance(3) })
                let stamp = generator.pick([0, 1, 1 << 32, .max - 1 << 32, .max - 1, .max] as [UInt64])
                history.append(
                    feed: History.feed(1 + generator.upTo(2)), past: seen, effective: HybridTimestamp(rawValue: stamp),
                    [Samples.operation("steps", .log, .integer(Int64(index)))])
            }
            let listing = Replay.whole(history, order: history.randomOrder(&generator)).rows.inListingOrder
            for (later, event) in history.events.enumerated() {
                for earlier in event.past {
                    pairs += 1
                    guard claim(place(earlier, listing) < place(later, listing), "round \(round): \(history.events)")
                    else { return }
                }
            }
        }
        #expect(pairs > 5_000)
    }

    /// Found in review: keys stopped at the greatest timestamp, and a step stamped there was listed by its feed.
    @Test func afterAStepStampedAtTheEndOfTime() {
        var history = History()
        history.append(
            feed: History.feed(2), past: [], effective: HybridTimestamp(rawValue: .max),
            [Samples.operation("steps", .log, .text("from the broken clock"))])
        history.append(
            feed: History.feed(1), past: [0], effective: .zero, [Samples.operation("steps", .log, .text("after it"))])
        let listing = Replay.whole(history).rows.inListingOrder
        #expect(listing.map(\.value) == [.text("from the broken clock"), .text("after it")])
    }

    @Test func concurrentStepsGoByTheirOwnTimes() {
        var history = History()
        for (feed, time) in [(1, 30), (2, 10), (3, 20)] as [(Int, UInt64)] {
            history.append(
                feed: History.feed(feed), past: [], effective: HybridTimestamp(rawValue: time),
                [Samples.operation("steps", .log, .integer(Int64(time)))])
        }
        #expect(Replay.whole(history).rows.inListingOrder.map(\.value) == [.integer(10), .integer(20), .integer(30)])
    }

    /// The steps of one record are one listing, whichever of its logs they are in.
    @Test func acrossTheLogsOfARecord() {
        var history = History()
        history.append(
            feed: History.feed(1), past: [], effective: HybridTimestamp(rawValue: 9),
            [Samples.operation("steps", .log, .integer(1))])
        history.append(
            feed: History.feed(2), past: [0], effective: .zero, [Samples.operation("calls", .log, .integer(2))])
        #expect(Replay.whole(history).rows.map(\.mark.key.rawValue) == [9, 10])
    }

    private func place(_ number: Int, _ listing: [LogRow]) -> Int {
        listing.firstIndex { $0.value == .integer(Int64(number)) } ?? -1
    }
}
