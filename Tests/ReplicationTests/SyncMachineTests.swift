import Causality
import Changes
import Replication
import StoreContract
import Testing

@Suite("The sync machine: event in, action out")
struct SyncMachineTests {
    private let scopes = Samples.scopes.map(\.scope)

    // MARK: - Events

    private func request(
        pushing pushed: [ScopeID] = [], _ coverage: SyncRequest.Coverage = .stretch(after: nil, through: nil)
    ) -> SyncRequest {
        SyncRequest(
            limits: PageLimits(), hellos: [], coverage: coverage,
            pushes: pushed.map { ScopePush(scope: $0, runs: [], attestations: []) })
    }

    private func response(pages: [ScopeID: Bool] = [:], refused: [ScopeID] = [], wantsHellos: Bool = false)
        -> SyncResponse
    {
        let answers = pages.map { scope, hasMore in
            let receipt = Receipt(
                incarnation: Samples.incarnation, scope: scope, position: 1, history: HistoryHash(Samples.hash),
                hubTime: 9, key: Samples.hubKey)
            return ScopeAnswer(scope: scope, outcome: .page(Page(receipt: receipt, entries: [], hasMore: hasMore)))
        }
        let refusals = refused.map { ScopeAnswer(scope: $0, outcome: .refused(Refusal(.gap, "why"))) }
        return SyncResponse(
            hubTime: 9, incarnation: Samples.incarnation, wantsHellos: wantsHellos,
            answers: (answers + refusals).sorted { $0.scope < $1.scope })
    }

    private func outcome(
        entries: Int = 0, introduced: Int = 0, hasMore: Bool = false, wantsHellos: Bool = false, unsent: Int = 0,
        refused: [ScopeID] = []
    ) -> ApplyOutcome {
        var outcome = ApplyOutcome()
        outcome.entries = entries
        outcome.introduced = introduced
        outcome.hasMore = hasMore
        outcome.wantsHellos = wantsHellos
        outcome.unsent = unsent
        outcome.refusals = refused.map { ScopeRefusal(scope: $0, refusal: Refusal(.gap, "why")) }
        return outcome
    }

    /// Runs one exchange of a machine that is collecting.
    private func exchange(
        _ machine: inout SyncMachine, _ request: SyncRequest, _ response: SyncResponse, _ outcome: ApplyOutcome
    ) -> SyncMachine.Action {
        #expect(machine.collected(request) == .send(request))
        #expect(machine.answered(response) == .apply(response))
        return machine.applied(outcome)
    }

    private func begun() -> SyncMachine {
        var machine = SyncMachine()
        #expect(machine.begin() == .collect(CollectPlan()))
        return machine
    }

    private func finished(_ action: SyncMachine.Action) -> SyncReport? {
        if case .finish(let report) = action { report } else { nil }
    }

    // MARK: - Conversations

    @Test func anExchangeThatBringsNothingEndsIt() {
        var machine = begun()
        let report = finished(exchange(&machine, request(), response(), outcome()))
        #expect(report?.isComplete == true && report?.roundTrips == 1 && report?.hubTime == 9)
    }

    @Test func steadyStateTakesOneRoundTrip() {
        var machine = begun()
        let report = finished(
            exchange(&machine, request(pushing: scopes), response(pages: [scopes[0]: false]), outcome(entries: 5)))
        #expect(report?.isComplete == true && report?.roundTrips == 1 && report?.applied == 5)
    }

    @Test func aDigestThatDiffersIsFollowedByHellos() {
        var machine = begun()
        let next = exchange(
            &machine, request(.rest(Samples.hash)), response(wantsHellos: true), outcome(wantsHellos: true))
        #expect(next == .collect(CollectPlan(listing: .stretch(after: nil))))
        #expect(finished(exchange(&machine, request(), response(), outcome()))?.isComplete == true)
    }

    @Test func stretchesFollowOneAnotherUntilTheLast() {
        var machine = begun()
        _ = exchange(&machine, request(.rest(Samples.hash)), response(wantsHellos: true), outcome(wantsHellos: true))
        let second = exchange(&machine, request(.stretch(after: nil, through: scopes[0])), response(), outcome())
        #expect(second == .collect(CollectPlan(listing: .stretch(after: scopes[0]))))
        let third = exchange(
            &machine, request(.stretch(after: scopes[0], through: scopes[1])), response(), outcome(introduced: 1))
        #expect(
            third == .collect(CollectPlan(listing: .stretch(after: scopes[0]))),
            "new scopes are asked for where they lie")
        let last = exchange(
            &machine, request(.stretch(after: scopes[0], through: nil)), response(), outcome(entries: 1))
        #expect(finished(last)?.isComplete == true)
    }

    @Test func aPageThatGoesOnIsFollowedAndItsPushWaits() {
        var machine = begun()
        let next = exchange(
            &machine, request(pushing: [scopes[0]]), response(pages: [scopes[0]: true]),
            outcome(entries: 3, hasMore: true, unsent: 2))
        #expect(next == .collect(CollectPlan(listing: .stretch(after: nil), withheld: [scopes[0]])))
        let then = exchange(&machine, request(), response(pages: [scopes[0]: false]), outcome(entries: 3, unsent: 2))
        #expect(then == .collect(CollectPlan()), "what is unsent goes out once the page has come to its end")
        #expect(finished(exchange(&machine, request(), response(), outcome(entries: 2)))?.isComplete == true)
    }

    @Test func aPageThatNeverMovesEndsIt() {
        var machine = begun()
        let report = finished(
            exchange(&machine, request(), response(pages: [scopes[0]: true]), outcome(hasMore: true)))
        #expect(report?.isComplete == false)
    }

    @Test func whatIsUnsentGoesOutWhileItMoves() {
        var machine = begun()
        for left in [3, 2, 1] {
            let next = exchange(
                &machine, request(pushing: [scopes[0]]), response(pages: [scopes[0]: false]),
                outcome(entries: 1, unsent: left))
            #expect(next == .collect(CollectPlan()))
        }
        let report = finished(exchange(&machine, request(pushing: [scopes[0]]), response(), outcome(unsent: 1)))
        #expect(report?.isComplete == false && report?.unsent == 1, "a queue that does not drain ends it and is named")
    }

    @Test func aRefusedPushIsNotRepeatedAndStillPulls() {
        var machine = begun()
        let next = exchange(
            &machine, request(pushing: [scopes[0]]), response(refused: [scopes[0]]),
            outcome(unsent: 4, refused: [scopes[0]]))
        #expect(next == .collect(CollectPlan(listing: .stretch(after: nil), withheld: [scopes[0]])))
        let report = finished(
            exchange(&machine, request(), response(pages: [scopes[0]: false]), outcome(unsent: 4)))
        #expect(report?.isComplete == false && report?.refusals.map(\.scope) == [scopes[0]])
    }

    @Test func aRefusedGreetingIsNamedAndEndsIt() {
        var machine = begun()
        let report = finished(
            exchange(&machine, request(), response(refused: [scopes[0]]), outcome(refused: [scopes[0]])))
        #expect(report?.isComplete == false && report?.refusals.count == 1)
    }

    @Test func aPageThatCannotBeAppliedIsLeftOutAndTheOthersGoOn() {
        var machine = begun()
        let next = exchange(
            &machine, request(), response(pages: [scopes[0]: true, scopes[1]: true]),
            outcome(hasMore: true, refused: [scopes[0]]))
        #expect(
            next == .collect(CollectPlan(listing: .stretch(after: nil), withheld: [scopes[1]], excluded: [scopes[0]])))
        let report = finished(
            exchange(&machine, request(), response(pages: [scopes[1]: false]), outcome(entries: 1)))
        #expect(report?.refusals.map(\.scope) == [scopes[0]] && report?.isComplete == false)
    }

    @Test func theReportAddsUpAndKeepsTheFirstRefusalOfAScope() {
        var machine = begun()
        var first = outcome(entries: 2, hasMore: true, refused: [scopes[1]])
        (first.received, first.placed) = (1, 1)
        _ = exchange(&machine, request(), response(pages: [scopes[0]: true], refused: [scopes[1]]), first)
        var second = outcome(entries: 3, refused: [scopes[1]])
        (second.received, second.placed) = (2, 1)
        let report = finished(
            exchange(&machine, request(), response(pages: [scopes[0]: false], refused: [scopes[1]]), second))
        #expect(report?.applied == 5 && report?.received == 3 && report?.sent == 2 && report?.roundTrips == 2)
        #expect(report?.refusals.count == 1)
    }

    // MARK: - Failures

    @Test func failureEndsItInEveryStateThatWaitsForSomething() {
        var collecting = begun()
        #expect(finished(collecting.failed("disk"))?.failure == "disk")
        var waiting = begun()
        _ = waiting.collected(request())
        #expect(finished(waiting.failed("wire"))?.failure == "wire")
        var applying = begun()
        _ = applying.collected(request())
        _ = applying.answered(response())
        let report = finished(applying.failed("disk"))
        #expect(report?.failure == "disk" && report?.roundTrips == 1 && report?.isComplete == false)
    }

    @Test(arguments: [
        "collected before begun", "begun twice", "answered before sent", "applied before answered",
        "failed when finished",
    ])
    func anEventInTheWrongStateTraps(_ misuse: String) async {
        switch misuse {
        case "collected before begun":
            await #expect(processExitsWith: .failure) {
                var machine = SyncMachine()
                _ = machine.collected(SyncRequest(limits: PageLimits(), hellos: []))
            }
        case "begun twice":
            await #expect(processExitsWith: .failure) {
                var machine = SyncMachine()
                _ = machine.begin()
                _ = machine.begin()
            }
        case "answered before sent":
            await #expect(processExitsWith: .failure) {
                var machine = SyncMachine()
                _ = machine.begin()
                _ = machine.answered(SyncResponse(hubTime: 0, incarnation: ShortHash(high: 0, low: 0)))
            }
        case "applied before answered":
            await #expect(processExitsWith: .failure) {
                var machine = SyncMachine()
                _ = machine.begin()
                _ = machine.applied(ApplyOutcome())
            }
        default:
            await #expect(processExitsWith: .failure) {
                var machine = SyncMachine()
                _ = machine.begin()
                _ = machine.failed("once")
                _ = machine.failed("twice")
            }
        }
    }
}
