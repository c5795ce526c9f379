import Causality
import Changes

/// Feeds a history to the engine's fold, change by change, with pasts from `PastIndex`.
struct Replay: Equatable {
    private(set) var state = RecordState()
    /// In the order of arrival.
    private(set) var rows: [LogRow] = []

    /// The pasts that the engine works out from the changes' contexts.
    static func pasts(of history: History) -> PastIndex {
        history.events.indices.reduce(into: PastIndex()) { index, event in
            index.insert(history.events[event].dot, context: history.context(of: event))
        }
    }

    mutating func apply(_ event: History.Event, past: Past) throws {
        for operation in event.operations {
            let row = try state.apply(operation, dot: event.dot, effective: event.effective, past: past) {
                rows.filter { past.contains($0.mark.dot) }.map(\.mark.key).max()
            }
            if let row { rows.append(row) }
        }
    }

    /// All of `history`, which holds nothing that this version cannot fold, in the given order or its own.
    static func whole(_ history: History, order: [Int]? = nil) -> Replay {
        let pasts = pasts(of: history)
        var replay = Replay()
        for index in order ?? Array(history.events.indices) {
            let event = history.events[index]
            do { try replay.apply(event, past: pasts.past(of: event.dot)) } catch {
                preconditionFailure("\(event.dot): \(error)")
            }
        }
        return replay
    }
}
