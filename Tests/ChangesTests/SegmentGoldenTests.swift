import Causality
import Changes
import GoldenFiles
import Testing

@Suite("Golden bytes of segments")
struct SegmentGoldenTests {
    @Test func segments() throws {
        try GoldenFile(name: "segment").expect([
            ("without items, placed", SegmentWriter(isPlaced: true).encoded()),
            ("the change of change-carried.hex, not placed", try SegmentGoldenTests.single.encoded()),
            (
                "placed: the first two changes of a feed, the same known, a stub, a verdict, a clock",
                try SegmentGoldenTests.everyItem.encoded()
            ),
            ("three changes that count up, not placed", try SegmentTests.counting(3).encoded()),
        ])
    }

    private static let single = SegmentSample(
        isPlaced: false,
        items: [.change(dot: Samples.dot, carried: Samples.change.carried(), place: nil)])

    private static let everyItem: SegmentSample = {
        let time: Int64 = 1_768_469_402_000
        let dot = Dot(feed: Samples.otherFeed, sequence: 3)
        let changes: [SegmentSample.Given] = (1...2 as ClosedRange<UInt64>).map { sequence in
            let change = SegmentTests.change(
                sequence,
                [
                    Samples.operation("state", .register, .text("Open")),
                    Samples.operation("visits", .total, .integer(-3)),
                ])
            return .change(
                dot: change.dot, carried: change.carried(),
                place: SegmentPlace(
                    received: time, verdict: .ok, start: sequence == 1 ? Samples.feedStart : nil))
        }
        return SegmentSample(
            isPlaced: true,
            items: changes + [
                .known(dot: dot, received: time + 5, verdict: .ok),
                .stub(header: encoded(Samples.change.header.encode), received: time + 6, verdict: .held),
                .other(.verdict(dot: dot, verdict: .void)),
                .other(.clock(time)),
            ])
    }()
}
