import Causality

/// A record's state as it stays in memory while changes are folded into it: it says the same as the canonical bytes in half as
/// many, since a field is named by its number, and the change that wrote several values stands once.
///
/// It belongs to the names of fields that it was made with, and to this process, which may set it aside: nothing of it is stored, sent or hashed.
///
/// Layout: head (see `CompactCursor`); feeds (16 bytes each, in any order; some may not be named any more); changes
/// (effective time, sequence, feed, uses); slots in the order of their targets (number of the field's name from 1, or 0; kind and
/// flags; the name, where it has no number; element, total and count of survivors where flags say so; survivors: number
/// of the change, value); the log as in the canonical bytes, where there is one.
package struct CompactState: Sendable {
    private(set) var bytes: [UInt8]

    /// The state of a record that nothing has touched.
    package init() { bytes = CompactState.empty }

    private static let empty: [UInt8] = Array(repeating: 0, count: CompactCursor.headBytes)

    /// - Parameter bytes: as `CompactWriter` made them.
    init(bytes: [UInt8]) { self.bytes = bytes }

    /// - Parameter bytes: those of a state that this process has set aside.
    package init(setAside bytes: [UInt8]) { self.bytes = bytes }

    package init(_ state: EncodedState, _ names: FieldNames) {
        var writer = CompactWriter()
        self = writer.state(state, names)
    }

    package var isEmpty: Bool {
        bytes.withUnsafeBytes {
            let cursor = CompactCursor($0)
            return cursor.slotCount == 0 && !cursor.hasLog
        }
    }

    /// Whether a value of the change at `dot` survives.
    func holdsWrite(of dot: Dot) -> Bool { bytes.withUnsafeBytes { CompactCursor($0).holdsWrite(of: dot) } }

    /// The feeds that it lists; nil for one that nothing names any more.
    package func forEachFeed(_ body: (FeedID?) throws -> Void) rethrows {
        try bytes.withUnsafeBytes { bytes in
            let cursor = CompactCursor(bytes)
            if cursor.feedCount == 1, cursor.namesOnlyFeed { return try body(cursor.feed(0)) }
            for (number, isUsed) in cursor.usedFeeds().enumerated() { try body(isUsed ? cursor.feed(number) : nil) }
        }
    }

    /// Memory that its bytes take.
    var byteCount: Int { bytes.capacity }

    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try bytes.withUnsafeBytes(body)
    }

    /// The state in its canonical bytes.
    ///
    /// - Parameter names: those that it was made with.
    package func encoded(_ names: FieldNames) -> EncodedState {
        var writer = ByteWriter(reserving: 2 * bytes.count + 64)
        encode(into: &writer, names)
        return EncodedState(canonical: writer.bytes)
    }

    /// What the record adds to its bucket: see `RecordState.digest`.
    ///
    /// - Parameter writer: whose memory is used anew.
    package func digest(of record: RecordID, _ names: FieldNames, in writer: inout ByteWriter) -> UInt128 {
        if isEmpty { return 0 }
        writer.removeAll()
        encode(into: &writer, names)
        return RecordState.digest(of: record, state: writer.bytes)
    }

    private func encode(into writer: inout ByteWriter, _ names: FieldNames) {
        bytes.withUnsafeBytes { bytes in
            names.withView { names in
                var encoder = CanonicalEncoder(CompactCursor(bytes), names)
                encoder.encode(into: &writer)
            }
        }
    }

    /// Applies those operations of a change that are on one of its records: of registers, sets and flags, where nothing
    /// tells which older writes were shown.
    ///
    /// The change's past must have been applied, and the change not yet. It can be folded: `foldError` is nil.
    /// - Parameters:
    ///   - record: which of the change's records this is.
    ///   - effective: the change's effective time.
    ///   - past: what the change had seen.
    ///   - memory: what is used anew for each fold; with the names that the state was made with.
    /// - Returns: false, and nothing has changed, where it is not done here.
    /// - Complexity: O(bytes of the state + bytes of the operations).
    package mutating func apply(
        _ operations: EncodedOperations, on record: Int, dot: Dot, effective: HybridTimestamp, past: Past,
        in memory: inout FoldMemory
    ) -> Bool {
        guard let (items, order) = operations.replacing(on: record) else { return false }
        let names = memory.names
        let folded = bytes.withUnsafeBytes { state in
            operations.bytes.withUnsafeBytes { source in
                names.withView { names in
                    StateFolder(
                        state: CompactCursor(state), names: names, source: source, dot: dot, effective: effective,
                        past: past
                    ).fold(items, order, in: &memory)
                }
            }
        }
        guard let folded else { return false }
        if folded == 0 {
            bytes = CompactState.empty
        } else {
            memory.copy(folded, over: &bytes)
        }
        return true
    }
}
