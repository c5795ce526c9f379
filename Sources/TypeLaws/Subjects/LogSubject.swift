import Causality
import ReplicatedTypes

/// The log: the visible steps by (key, feed, sequence), the key by its recursive definition over pasts.
struct LogSubject: LawSubject {
    struct Reading: Equatable, Sendable {
        let dots: [Dot]
        let keys: [HybridTimestamp]
    }

    let name = "grow-only log"
    let start = GrowOnlyLog<Int>()

    /// Two times one tick apart, so that keys moved by a tick meet them, and one far off.
    func alphabet(
        of replica: Int, past: EventSet, in history: History<HybridTimestamp>
    ) -> [HybridTimestamp] { [10, 11, 500_000].map { HybridTimestamp(rawValue: $0) } }

    func choices(pastCount: Int) -> Int { 3 }

    func randomOperation(
        past: EventSet, in history: History<HybridTimestamp>, using generator: inout SplitMix64
    ) -> HybridTimestamp {
        // Clocks wrong by years, and near the end of a millisecond's counter, where a tick carries.
        let base: UInt64 = Bool.random(using: &generator) ? 0 : 10 * 31_557_600_000 << 16
        return HybridTimestamp(rawValue: base + UInt64.random(in: 65_530...65_540, using: &generator))
    }

    func perform(
        _ event: Event<HybridTimestamp>, in history: History<HybridTimestamp>, on state: inout GrowOnlyLog<Int>
    ) -> GrowOnlyLog<Int> {
        state.append(event.past.count, at: event.dot, effective: event.operation)
    }

    func reading(of state: GrowOnlyLog<Int>) -> Reading {
        let listed = state.listed
        return Reading(dots: listed.map(\.dot), keys: listed.map(\.payload.key))
    }

    func specification(of history: History<HybridTimestamp>, visible: EventSet) -> Reading {
        // Events come after their past, so each key is there when it is asked for.
        var keys: [UInt64] = []
        for event in history.events {
            let greatest = event.past.map { keys[$0] }.max()
            keys.append(max(event.operation.rawValue, greatest.map { $0 + 1 } ?? 0))
        }
        let listed = visible.sorted { (keys[$0], history[$0].dot) < (keys[$1], history[$1].dot) }
        return Reading(
            dots: listed.map { history[$0].dot }, keys: listed.map { HybridTimestamp(rawValue: keys[$0]) })
    }

    func violation(of history: History<HybridTimestamp>, visible: EventSet, reading: Reading) -> String? {
        for event in visible {
            let place = reading.dots.firstIndex(of: history[event].dot)
            for seen in history[event].past {
                guard let place, let before = reading.dots.firstIndex(of: history[seen].dot), before < place else {
                    return "step \(event) saw step \(seen) and is not listed after it"
                }
            }
        }
        return nil
    }

    func checkInvariants(of state: GrowOnlyLog<Int>) { state.steps.checkInvariants() }
}
