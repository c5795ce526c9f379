import Causality
import ReplicatedTypes

/// The set: an element is present iff some visible add of it is replaced by no visible operation on it.
struct SetSubject: LawSubject {
    struct Operation: Sendable {
        let isAdd: Bool
        let element: Int
        let replaced: ReplacedEvents
    }

    let name = "observed-remove set"
    let start = ObservedRemoveSet<Int>()

    /// Listed removes of one element; of the other only plain ones, to be interleaved with them.
    func alphabet(of replica: Int, past: EventSet, in history: History<Operation>) -> [Operation] {
        let listed = ReplacedEvents.choices(past: past).map {
            Operation(isAdd: false, element: 1, replaced: $0)
        }
        return listed + [
            Operation(isAdd: true, element: 1, replaced: .seen),
            Operation(isAdd: true, element: 2, replaced: .seen),
            Operation(isAdd: false, element: 2, replaced: .seen),
        ]
    }

    func choices(pastCount: Int) -> Int { 3 + 1 << pastCount }

    func randomOperation(
        past: EventSet, in history: History<Operation>, using generator: inout SplitMix64
    ) -> Operation {
        Operation(
            isAdd: Int.random(in: 0..<5, using: &generator) < 3,
            element: Int.random(in: 1...3, using: &generator),
            replaced: .random(past: past, using: &generator))
    }

    func perform(
        _ event: Event<Operation>, in history: History<Operation>, on state: inout ObservedRemoveSet<Int>
    ) -> ObservedRemoveSet<Int> {
        let operation = event.operation
        let replacement = operation.replaced.replacement(in: history)
        return operation.isAdd
            ? state.add(operation.element, at: event.dot, replacing: replacement)
            : state.remove(operation.element, at: event.dot, replacing: replacement)
    }

    /// The elements present; `contains` is read for each that could be.
    func reading(of state: ObservedRemoveSet<Int>) -> [Bool] {
        let elements = state.elements
        return (1...3).map { elements.contains($0) } + (1...3).map { state.contains($0) }
            + [elements.count == Set(elements).count]
    }

    func specification(of history: History<Operation>, visible: EventSet) -> [Bool] {
        let present = (1...3).map { element in
            visible.contains { add in
                history[add].operation.isAdd && history[add].operation.element == element
                    && !visible.contains { other in
                        let operation = history[other].operation
                        return operation.element == element
                            && operation.replaced.events(past: history[other].past).contains(add)
                    }
            }
        }
        return present + present + [true]
    }

    func checkInvariants(of state: ObservedRemoveSet<Int>) { state.adds.checkInvariants() }
}
