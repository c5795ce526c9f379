import Causality

/// A record's state while changes are folded into it: in its bytes as long as each change can be folded there, and
/// taken apart where one cannot.
package struct FoldingState: Sendable {
    private enum Form: Sendable {
        case encoded(EncodedState)
        case apart(RecordState)
    }

    private var form: Form

    package init(_ state: EncodedState = EncodedState()) { form = .encoded(state) }

    package init(_ state: RecordState) { form = .apart(state) }

    package var state: RecordState {
        switch form {
        case .encoded(let encoded): encoded.state
        case .apart(let state): state
        }
    }

    /// The state in its bytes, in which it stays.
    package mutating func encoded() -> EncodedState {
        switch form {
        case .encoded(let encoded): return encoded
        case .apart(let state):
            let encoded = EncodedState(state)
            form = .encoded(encoded)
            return encoded
        }
    }

    /// Bytes that the state takes, about.
    package var byteCount: Int {
        switch form {
        case .encoded(let encoded): encoded.bytes.capacity
        case .apart(let state): 160 * (state.slots.count + 1)
        }
    }

    /// Applies those operations of a change that are on one of its records.
    ///
    /// The change's past must have been applied, and the change not yet. It can be folded: `foldError` is nil.
    /// - Parameters:
    ///   - record: which of the change's records this is.
    ///   - memory: what is used anew for each fold.
    ///   - greatestLogKey: see `RecordState.apply`.
    /// - Returns: the rows that its log operations add.
    /// - Throws: what `greatestLogKey` throws; the state may be half changed.
    package mutating func apply(
        _ operations: EncodedOperations, on record: Int, dot: Dot, effective: HybridTimestamp, past: Past,
        in memory: inout FoldMemory, greatestLogKey: () throws -> HybridTimestamp?
    ) throws -> [LogRow] {
        if case .encoded(var encoded) = form {
            // The only reference to its bytes, so that they are changed where they lie.
            form = .encoded(EncodedState())
            let isDone = encoded.apply(
                operations, on: record, dot: dot, effective: effective, past: past, in: &memory)
            form = .encoded(encoded)
            if isDone { return [] }
        }
        var state = self.state
        form = .encoded(EncodedState())
        var rows: [LogRow] = []
        for index in operations.indices(on: record) {
            let row = try state.apply(
                try operations.operation(operations.items[index]), dot: dot, effective: effective, past: past,
                greatestLogKey: greatestLogKey)
            if let row { rows.append(row) }
        }
        form = .apart(state)
        return rows
    }
}
