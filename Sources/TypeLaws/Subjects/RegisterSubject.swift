import Causality
import ReplicatedTypes

/// The register: a write survives iff no visible operation replaces it.
struct RegisterSubject: LawSubject {
    struct Operation: Sendable {
        let value: Int
        let effective: HybridTimestamp
        let replaced: ReplacedEvents
    }

    struct Reading: Equatable, Sendable {
        let latest: Int?
        let ask: [Int]
        let max: Int?
    }

    let name = "register"
    let start = MultiValueRegister<Int>()

    /// Two clocks that agree, so that the dot decides, and one that is behind though its feed is the greatest.
    private static let clocks = [20, 20, 10].map { HybridTimestamp(milliseconds: $0) }

    func alphabet(of replica: Int, past: EventSet, in history: History<Operation>) -> [Operation] {
        ReplacedEvents.choices(past: past).flatMap { replaced in
            [1, 2].map { Operation(value: $0, effective: Self.clocks[replica], replaced: replaced) }
        }
    }

    func choices(pastCount: Int) -> Int { 2 << pastCount }

    func randomOperation(
        past: EventSet, in history: History<Operation>, using generator: inout SplitMix64
    ) -> Operation {
        Operation(
            value: Int.random(in: 1...4, using: &generator),
            effective: HybridTimestamp(milliseconds: Int64.random(in: 1...5, using: &generator)),
            replaced: .random(past: past, using: &generator))
    }

    func perform(
        _ event: Event<Operation>, in history: History<Operation>, on state: inout MultiValueRegister<Int>
    ) -> MultiValueRegister<Int> {
        state.write(
            event.operation.value, at: event.dot, effective: event.operation.effective,
            replacing: event.operation.replaced.replacement(in: history))
    }

    func reading(of state: MultiValueRegister<Int>) -> Reading {
        Reading(latest: state.latest, ask: state.ask, max: state.max(by: <))
    }

    func specification(of history: History<Operation>, visible: EventSet) -> Reading {
        let survivors = visible.filter { write in
            !visible.contains { other in
                history[other].operation.replaced.events(past: history[other].past).contains(write)
            }
        }.map { history[$0] }.sorted { $0.dot < $1.dot }
        var latest: Event<Operation>?
        var ask: [Int] = []
        for event in survivors {
            // In the order of dots, so that a later one wins the tie.
            if latest.map({ event.operation.effective >= $0.operation.effective }) ?? true { latest = event }
            if !ask.contains(event.operation.value) { ask.append(event.operation.value) }
        }
        return Reading(latest: latest?.operation.value, ask: ask, max: ask.max())
    }

    func checkInvariants(of state: MultiValueRegister<Int>) { state.writes.checkInvariants() }
}

extension ReplacedEvents {
    func replacement<Operation>(in history: History<Operation>) -> Replacement {
        switch self {
        case .seen: .seen
        case .listed(let events): .listed(events.map { history[$0].dot })
        }
    }
}
