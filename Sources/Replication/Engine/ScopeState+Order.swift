import Causality
import Changes

extension ScopeState {
    /// Gives a change the next position of the order, and moves the scope on.
    ///
    /// - Parameters:
    ///   - now: the hub's clock, milliseconds since 1970; received times never fall, whatever it says.
    ///   - writer: memory that is used again.
    mutating func admit(
        _ reference: EntryReference, verdict: Verdict, now: Int64, in writer: inout ByteWriter
    ) -> (placement: Placement, row: EntryRow) {
        receivedFloor = min(max(receivedFloor, now), HybridTimestamp.greatestMilliseconds)
        let entry = Entry.change(reference: reference, received: receivedFloor, verdict: verdict)
        position += 1
        history = history.appending(entry, in: &writer)
        return (
            Placement(position: position, received: receivedFloor, verdict: verdict),
            EntryRow(position: position, entry: entry, history: history)
        )
    }
}
