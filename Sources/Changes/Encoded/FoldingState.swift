import Causality

/// A record's state while changes are folded into it: compact as long as each change can be folded there, and taken apart
/// where one cannot.
package struct FoldingState: Sendable {
    private enum Form: Sendable {
        /// As it was put, until something is folded into it.
        case encoded(EncodedState)
        case compact(CompactState)
        indirect case apart(RecordState)
    }

    private var form: Form

    package init(_ state: CompactState = CompactState()) { form = .compact(state) }

    package init(_ state: EncodedState) { form = .encoded(state) }

    package init(_ state: RecordState) { form = .apart(state) }

    /// - Parameter names: by which compact states name fields.
    package func state(_ names: FieldNames) -> RecordState {
        switch form {
        case .encoded(let encoded): encoded.state
        case .compact(let compact): compact.encoded(names).state
        case .apart(let state): state
        }
    }

    package func encoded(_ names: FieldNames) -> EncodedState {
        switch form {
        case .encoded(let encoded): encoded
        case .compact(let compact): compact.encoded(names)
        case .apart(let state): EncodedState(state)
        }
    }

    /// What the record adds to its bucket: see `RecordState.digest`.
    ///
    /// - Parameter writer: whose memory is used anew.
    package func digest(of record: RecordID, _ names: FieldNames, in writer: inout ByteWriter) -> UInt128 {
        switch form {
        case .encoded(let encoded): encoded.digest(of: record)
        case .compact(let compact): compact.digest(of: record, names, in: &writer)
        case .apart(let state): state.digest(of: record)
        }
    }

    /// Reads its slots.
    ///
    /// - Returns: the bytes in which they lie.
    package func read(into slots: inout StateSlots, _ names: FieldNames) -> [UInt8] {
        switch form {
        case .compact(let compact):
            compact.withBytes { slots.read(compact: $0) }
            return compact.bytes
        case .encoded, .apart:
            let bytes = encoded(names).bytes
            bytes.withUnsafeBytes { bytes in names.withView { slots.read(canonical: bytes, $0) } }
            return bytes
        }
    }

    /// The state as it is folded.
    package func compact(_ names: FieldNames, in writer: inout CompactWriter) -> CompactState {
        switch form {
        case .encoded(let encoded): writer.state(encoded, names)
        case .compact(let compact): compact
        case .apart(let state): writer.state(EncodedState(state), names)
        }
    }

    /// Calls `body` with the feeds that it lists, in the order in which its compact form lists them; nil for one that nothing names
    /// any more.
    package func forEachFeed(_ body: (FeedID?) throws -> Void) rethrows {
        switch form {
        case .encoded(let encoded): try encoded.forEachFeed(body)
        case .compact(let compact): try compact.forEachFeed(body)
        case .apart(let state): try EncodedState(state).forEachFeed(body)
        }
    }

    /// Puts a state that was taken apart together again: it takes less memory.
    package mutating func settle() {
        guard case .apart(let state) = form else { return }
        form = .encoded(EncodedState(state))
    }

    /// Bytes that the state takes, about.
    package var byteCount: Int {
        switch form {
        case .encoded(let encoded): encoded.bytes.capacity
        case .compact(let compact): compact.byteCount
        case .apart(let state): 160 * (state.slots.count + 1)
        }
    }

    /// Applies those operations of a change that are on one of its records.
    ///
    /// The change's past must have been applied, and the change not yet. It can be folded: `foldError` is nil.
    /// - Parameters:
    ///   - record: which of the change's records this is.
    ///   - memory: what is used anew for each fold; with the names of the states before.
    ///   - greatestLogKey: see `RecordState.apply`.
    /// - Returns: the rows that its log operations add.
    /// - Throws: `FoldedTwice`, what `greatestLogKey` throws; the state may be half changed.
    package mutating func apply(
        _ operations: EncodedOperations, on record: Int, dot: Dot, effective: HybridTimestamp, past: Past,
        in memory: inout FoldMemory, greatestLogKey: () throws -> HybridTimestamp?
    ) throws -> [LogRow] {
        if case .encoded(let encoded) = form { form = .compact(memory.compact(encoded)) }
        if case .compact(var compact) = form {
            if compact.holdsWrite(of: dot) { throw FoldedTwice(dot: dot) }
            // The only reference to its bytes, so that they are changed where they lie.
            form = .compact(CompactState())
            let isDone = compact.apply(
                operations, on: record, dot: dot, effective: effective, past: past, in: &memory)
            form = .compact(compact)
            if isDone { return [] }
        }
        var state = self.state(memory.names)
        if state.holdsWrite(of: dot) { throw FoldedTwice(dot: dot) }
        form = .compact(CompactState())
        var rows: [LogRow] = []
        for item in operations.items(on: record) {
            let row = try state.apply(
                try operations.operation(item), dot: dot, effective: effective, past: past,
                greatestLogKey: greatestLogKey)
            if let row { rows.append(row) }
        }
        form = .apart(state)
        return rows
    }
}
