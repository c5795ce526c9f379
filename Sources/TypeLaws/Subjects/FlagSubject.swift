import Causality
import ReplicatedTypes

/// Either flag: the settings that no visible operation replaces decide; the winning one if there is any.
struct FlagSubject<Flag: ReplicatedFlag>: LawSubject {
    struct Operation: Sendable {
        let isOn: Bool
        let replaced: ReplacedEvents
    }

    let name: String
    /// The setting that wins over a concurrent one.
    let winner: Bool
    let start = Flag()

    func alphabet(of replica: Int, past: EventSet, in history: History<Operation>) -> [Operation] {
        ReplacedEvents.choices(past: past).flatMap { replaced in
            [true, false].map { Operation(isOn: $0, replaced: replaced) }
        }
    }

    func choices(pastCount: Int) -> Int { 2 << pastCount }

    func randomOperation(
        past: EventSet, in history: History<Operation>, using generator: inout SplitMix64
    ) -> Operation {
        Operation(isOn: Bool.random(using: &generator), replaced: .random(past: past, using: &generator))
    }

    func perform(_ event: Event<Operation>, in history: History<Operation>, on state: inout Flag) -> Flag {
        state.set(
            event.operation.isOn, at: event.dot, replacing: event.operation.replaced.replacement(in: history))
    }

    func reading(of state: Flag) -> Bool { state.isEnabled }

    func specification(of history: History<Operation>, visible: EventSet) -> Bool {
        let settings = visible.filter { setting in
            !visible.contains { other in
                history[other].operation.replaced.events(past: history[other].past).contains(setting)
            }
        }.map { history[$0].operation.isOn }
        if settings.isEmpty { return false }
        return settings.contains(winner) ? winner : !winner
    }

    func checkInvariants(of state: Flag) { state.settings.checkInvariants() }
}
