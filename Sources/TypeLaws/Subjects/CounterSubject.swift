import Causality
import ReplicatedTypes

/// The counter: the sum over the visible events.
struct CounterSubject: LawSubject {
    let name = "counter"
    let start = ReplicatedCounter()

    func alphabet(of replica: Int, past: EventSet, in history: History<Int64>) -> [Int64] { [1, -2, .max] }

    func choices(pastCount: Int) -> Int { 3 }

    func randomOperation(past: EventSet, in history: History<Int64>, using generator: inout SplitMix64) -> Int64 {
        Int64(truncatingIfNeeded: generator.next())
    }

    func perform(
        _ event: Event<Int64>, in history: History<Int64>, on state: inout ReplicatedCounter
    ) -> ReplicatedCounter {
        state.add(event.operation, at: event.dot)
    }

    func reading(of state: ReplicatedCounter) -> Int128 { state.total }

    func specification(of history: History<Int64>, visible: EventSet) -> Int128 {
        visible.reduce(0) { $0 + Int128(history[$1].operation) }
    }

    func checkInvariants(of state: ReplicatedCounter) { state.amounts.checkInvariants() }
}
