import Causality
import Changes
import Testing

@Suite("How concurrent values are read")
struct ReadingTests {
    @Test func latestIsTheGreatestEffectiveTime() {
        let state = concurrent(.register, [(.text("early"), 5), (.text("late"), 9), (.text("middle"), 7)])
        #expect(state.winner("f", .latest)?.value == .text("late"))
        #expect(state.winner("f", .ask)?.value == .text("late"))
    }

    @Test func equalEffectiveTimesGoByFeed() {
        let state = concurrent(.register, [(.text("one"), 5), (.text("two"), 5)])
        #expect(state.winner("f", .latest)?.dot.feed == History.feed(2))
    }

    @Test func whatLatestHidesIsStillThere() {
        let state = concurrent(.register, [(.text("early"), 5), (.text("late"), 9)])
        #expect(
            state.slot(FieldTarget(field: "f", kind: .register))?.distinct.map(\.value) == [
                .text("early"), .text("late"),
            ])
    }

    @Test(
        arguments: [
            ([.integer(-5), .integer(300), .integer(2)], .integer(300)),
            ([.text("high"), .text("immediate"), .text("low")], .text("low")),
            ([.text("a longer one"), .text("z")], .text("z")),
            ([.null, .integer(-5)], .integer(-5)),
            (
                [.money(Money(minorUnits: 63, currency: "EUR")), .money(Money(minorUnits: -64, currency: "EUR"))],
                .money(Money(minorUnits: 63, currency: "EUR"))
            ),
            (
                [
                    .time(Moment(milliseconds: 2, zoneMinutes: -60)), .time(Moment(milliseconds: -3, zoneMinutes: 0)),
                    .time(Moment(milliseconds: 1, zoneMinutes: 60)),
                ],
                .time(Moment(milliseconds: 2, zoneMinutes: -60))
            ),
        ] as [([Value], Value)])
    func maxIsTheGreatestValueWhateverTheTimes(values: [Value], greatest: Value) {
        for times in [[1, 2, 3], [3, 2, 1]] as [[UInt64]] {
            let state = concurrent(.register, Array(zip(values, times)))
            #expect(state.winner("f", .max)?.value == greatest)
        }
    }

    @Test func equalConcurrentValuesAreOneValue() {
        let state = concurrent(.register, [(.text("same"), 1), (.text("same"), 2), (.text("other"), 3)])
        let slot = state.slot(FieldTarget(field: "f", kind: .register))
        #expect(slot?.survivors.count == 3)
        #expect(slot?.distinct.map(\.value) == [.text("same"), .text("other")])
    }

    /// Two people's words can lie at the same place of two changes.
    @Test func personalValuesOfTwoChangesAreTwoValues() {
        let place = Value.personal(PartReference(part: 0, item: 0))
        let state = concurrent(.register, [(place, 1), (place, 2)])
        #expect(state.slot(FieldTarget(field: "f", kind: .register))?.distinct.count == 2)
    }

    @Test func aConcurrentEnableWinsAndAConcurrentDisableWins() {
        let values: [(Value, UInt64)] = [(.boolean(true), 1), (.boolean(false), 2)]
        #expect(concurrent(.enableWinsFlag, values).isEnabled("f"))
        #expect(!concurrent(.disableWinsFlag, values).isNotDisabled("f"))
        #expect(!RecordState().isEnabled("f"))
        #expect(!RecordState().isNotDisabled("f"))
    }

    @Test func aFlagThatWasSeenIsReplaced() {
        for kind in [FieldKind.enableWinsFlag, .disableWinsFlag] {
            var history = History()
            history.append(feed: History.feed(1), past: [], [Samples.operation("f", kind, .boolean(true))])
            history.append(feed: History.feed(2), past: [0], [Samples.operation("f", kind, .boolean(false))])
            let off = Replay.whole(history).state
            #expect(!off.isEnabled("f") && !off.isNotDisabled("f"))
            history.append(feed: History.feed(1), past: [1], [Samples.operation("f", kind, .boolean(true))])
            let on = Replay.whole(history).state
            #expect(on.isEnabled("f") || on.isNotDisabled("f"))
        }
    }

    @Test func anAddThatARemovalDidNotSeeSurvives() {
        var history = History()
        let target = FieldTarget(field: "tags", kind: .set, element: .text("late"))
        let add = FieldOperation(record: 0, target: target, value: .null)
        history.append(feed: History.feed(1), past: [], [add])
        history.append(
            feed: History.feed(2), past: [0], [FieldOperation(record: 0, target: target, action: .remove, value: .null)]
        )
        #expect(Replay.whole(history).state.elements("tags").isEmpty)
        history.append(feed: History.feed(3), past: [0], [add])
        #expect(Replay.whole(history).state.elements("tags") == [.text("late")])
    }

    /// Each value written by a feed of its own, none having seen another.
    private func concurrent(_ kind: FieldKind, _ values: [(Value, UInt64)]) -> RecordState {
        var history = History()
        for (number, (value, time)) in values.enumerated() {
            history.append(
                feed: History.feed(number + 1), past: [], effective: HybridTimestamp(rawValue: time),
                [Samples.operation("f", kind, value)])
        }
        return Replay.whole(history).state
    }
}
