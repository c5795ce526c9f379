import Causality
import ReplicatedTypes

/// Counters that do not work, one for each way in which a type can fail: the checks must find all of them.
package enum BrokenCounter: String, CaseIterable, Sendable {
    /// A fragment that arrives twice counts twice.
    case sumsOnMerge
    /// The order of arrival decides.
    case keepsLastArrival
    /// A lawful lattice of the wrong meaning: one of two concurrent additions is lost.
    case keepsGreatest

    /// What the checks say of it, on every history of three operations of three replicas.
    package func tryEveryHistory() -> LawReport {
        switch self {
        case .sumsOnMerge: ExhaustiveCheck.run(BrokenCounterSubject<SummingCounter>(), operations: 3)
        case .keepsLastArrival: ExhaustiveCheck.run(BrokenCounterSubject<LastCounter>(), operations: 3)
        case .keepsGreatest: ExhaustiveCheck.run(BrokenCounterSubject<GreatestCounter>(), operations: 3)
        }
    }

    /// The same on random histories.
    package func tryRandomHistories(seed: UInt64, count: Int) -> LawReport {
        switch self {
        case .sumsOnMerge: RandomCheck.run(BrokenCounterSubject<SummingCounter>(), seed: seed, histories: count)
        case .keepsLastArrival: RandomCheck.run(BrokenCounterSubject<LastCounter>(), seed: seed, histories: count)
        case .keepsGreatest:
            RandomCheck.run(BrokenCounterSubject<GreatestCounter>(), seed: seed, histories: count)
        }
    }
}

private protocol BareTotal: Mergeable {
    var total: Int { get set }
    init()
    /// The fragment of an addition that led to this state.
    func fragment(of amount: Int) -> Self
}

private struct SummingCounter: BareTotal {
    var total = 0

    mutating func merge(_ other: SummingCounter) { total += other.total }
    func fragment(of amount: Int) -> SummingCounter { SummingCounter(total: amount) }
}

private struct LastCounter: BareTotal {
    var total = 0

    mutating func merge(_ other: LastCounter) { total = other.total }
    func fragment(of amount: Int) -> LastCounter { self }
}

private struct GreatestCounter: BareTotal {
    var total = 0

    mutating func merge(_ other: GreatestCounter) { total = max(total, other.total) }
    func fragment(of amount: Int) -> GreatestCounter { self }
}

private struct BrokenCounterSubject<State: BareTotal>: LawSubject {
    let name = "broken counter"
    let start = State()

    func alphabet(of replica: Int, past: EventSet, in history: History<Int>) -> [Int] { [1, 2] }

    func choices(pastCount: Int) -> Int { 2 }

    func randomOperation(past: EventSet, in history: History<Int>, using generator: inout SplitMix64) -> Int {
        Int.random(in: 1...3, using: &generator)
    }

    func perform(_ event: Event<Int>, in history: History<Int>, on state: inout State) -> State {
        state.total += event.operation
        return state.fragment(of: event.operation)
    }

    func reading(of state: State) -> Int { state.total }

    func specification(of history: History<Int>, visible: EventSet) -> Int {
        visible.reduce(0) { $0 + history[$1].operation }
    }

    func checkInvariants(of state: State) {}
}
