import Causality
import Changes
import Testing

@Suite("What a write replaces")
struct ReplacementTests {
    private let first = History.feed(1)
    private let second = History.feed(2)
    private let third = History.feed(3)

    @Test func aWriteReplacesAllThatItsAuthorSawWhateverTheClock() {
        var history = History()
        history.append(feed: first, past: [], effective: HybridTimestamp(rawValue: .max), [put("New")])
        history.append(feed: second, past: [0], effective: .zero, [put("Closed")])
        #expect(values(Replay.whole(history)) == [.text("Closed")])
    }

    @Test func aWriteThatWasShownAnOlderVersionReplacesOnlyThat() {
        var history = History()
        history.append(feed: first, past: [], [put("shown")])
        history.append(feed: second, past: [], [put("not shown")])
        history.append(feed: third, past: [0, 1], [put("mine", shown: [history.reference(0)])])
        #expect(values(Replay.whole(history)) == [.text("not shown"), .text("mine")])
    }

    @Test func aWriteThatWasShownNothingReplacesNothing() {
        var history = History()
        history.append(feed: first, past: [], [put("theirs")])
        history.append(feed: second, past: [0], [put("mine", shown: [])])
        #expect(values(Replay.whole(history)) == [.text("theirs"), .text("mine")])
    }

    /// Found in review: the fold replaced a shown write that was not in the past where it had arrived before, and kept
    /// it where it arrived later.
    @Test func aShownWriteOutsideThePastIsNotReplacedInAnyOrder() {
        var history = History()
        history.append(feed: first, past: [], [put("theirs")])
        history.append(feed: second, past: [], [put("mine", shown: [history.reference(0)])])
        let orders = [[0, 1], [1, 0]].map { Replay.whole(history, order: $0) }
        #expect(orders[0].agrees(with: orders[1]))
        #expect(values(orders[0]) == [.text("theirs"), .text("mine")])
    }

    @Test func aShownWriteThatIsNoLongerThereIsNoError() {
        var history = History()
        history.append(feed: first, past: [], [put("old")])
        history.append(feed: first, past: [], [put("new")])
        history.append(feed: second, past: [0, 1], [put("mine", shown: [history.reference(0)])])
        #expect(values(Replay.whole(history)) == [.text("new"), .text("mine")])
    }

    @Test func aTotalThatComesBackToZeroLeavesNothing() {
        var history = History()
        history.append(feed: first, past: [], [Samples.operation("visits", .total, .integer(.max))])
        history.append(feed: second, past: [], [Samples.operation("visits", .total, .integer(-.max))])
        let state = Replay.whole(history).state
        #expect(state.isEmpty)
        #expect(state.encoded() == RecordState().encoded())
    }

    private func put(_ value: Text, shown: [ChangeReference]? = nil) -> FieldOperation {
        Samples.operation("status", .register, .text(value), shown: shown)
    }

    private func values(_ replay: Replay) -> [Value]? {
        replay.state.slot(FieldTarget(field: "status", kind: .register))?.survivors.map(\.value)
    }
}
