import Causality
import Changes

extension ScopeState {
    /// Gives a change the next position of the order, and moves the scope on.
    ///
    /// - Parameter now: the hub's clock, milliseconds since 1970; received times never fall, whatever it says.
    mutating func admit(
        _ reference: EntryReference, verdict: Verdict, now: Int64
    ) -> (placement: Placement, row: EntryRow) {
        receivedFloor = min(max(receivedFloor, now), HybridTimestamp.greatestMilliseconds)
        let entry = Entry.change(reference: reference, received: receivedFloor, verdict: verdict)
        position += 1
        history = history.appending(entry.encoded())
        return (
            Placement(position: position, received: receivedFloor, verdict: verdict),
            EntryRow(position: position, entry: entry, history: history)
        )
    }
}
