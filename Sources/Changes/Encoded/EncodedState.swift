import Causality

/// A record's state in its canonical bytes, folded where they lie.
///
/// It says the same as the `RecordState` of these bytes. Nearly all that happens to a record is a write that replaces
/// one value by another: then the bytes of the new value take the place of the old one's, and no text, no slot and no
/// array is made for it. What is rarer is not done here; `apply` says so, and the state is folded as a `RecordState`.
package struct EncodedState: Hashable, Sendable {
    /// Canonical.
    package private(set) var bytes: [UInt8]

    /// The state of a record that nothing has touched.
    package init() { bytes = EncodedState.empty }

    package init(_ state: RecordState) { bytes = state.encoded() }

    /// - Parameter bytes: as `RecordState` reads them: whoever brings them has looked.
    package init(canonical bytes: [UInt8]) { self.bytes = bytes }

    private static let empty = RecordState().encoded()

    /// The feeds whose changes it names, sorted.
    package var feeds: [FeedID] {
        bytes.withUnsafeBytes { bytes in
            let cursor = StateCursor(bytes)
            return (0..<cursor.feedCount).map { cursor.feed($0) }
        }
    }

    package var isEmpty: Bool { bytes == EncodedState.empty }

    /// - Precondition: the bytes are canonical.
    package var state: RecordState {
        do { return try RecordState(bytes) } catch { preconditionFailure("a state's bytes are none: \(error)") }
    }

    /// What the record adds to its bucket: see `RecordState.digest`.
    package func digest(of record: RecordID) -> UInt128 {
        isEmpty ? 0 : RecordState.digest(of: record, state: bytes)
    }

    /// Applies those operations of a change that are on one of its records: of registers, sets and flags, where nothing
    /// tells which older writes were shown.
    ///
    /// The change's past must have been applied, and the change not yet. It can be folded: `foldError` is nil.
    /// - Parameters:
    ///   - record: which of the change's records this is.
    ///   - effective: the change's effective time.
    ///   - past: what the change had seen.
    ///   - memory: what is used anew for each fold.
    /// - Returns: false, and nothing has changed, where it is not done here.
    /// - Complexity: O(bytes of the state + bytes of the operations).
    package mutating func apply(
        _ operations: EncodedOperations, on record: Int, dot: Dot, effective: HybridTimestamp, past: Past,
        in memory: inout FoldMemory
    ) -> Bool {
        guard let order = operations.replacing(on: record) else { return false }
        let folded = bytes.withUnsafeBytes { state in
            operations.bytes.withUnsafeBytes { source in
                StateFolder(
                    state: StateCursor(state), source: source, dot: dot, effective: effective, past: past
                ).fold(operations.items, order, in: &memory)
            }
        }
        guard let folded else { return false }
        if folded == 0 {
            bytes = EncodedState.empty
        } else {
            memory.copy(folded, over: &bytes)
        }
        return true
    }
}
