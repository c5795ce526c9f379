import Causality

/// One record as a snapshot carries it: all that a fold goes on from. Its id follows from the origin and the scope.
package struct SnapshotRecord: Hashable, Sendable {
    /// How changes name it; never `here`.
    package let origin: RecordOrigin
    private let form: Form
    /// In listing order: by mark, then by field.
    package let log: [LogRow]

    /// The state as it is at hand: in its bytes where a chunk was unpacked.
    private enum Form: Sendable {
        case encoded(EncodedState)
        case apart(RecordState)
    }

    package init(origin: RecordOrigin, state: EncodedState, log: [LogRow]) {
        self.origin = origin
        form = .encoded(state)
        self.log = log
    }

    package init(origin: RecordOrigin, state: RecordState, log: [LogRow]) {
        self.origin = origin
        form = .apart(state)
        self.log = log
    }

    /// - Complexity: O(state) where a chunk was unpacked.
    package var state: RecordState {
        switch form {
        case .encoded(let encoded): encoded.state
        case .apart(let state): state
        }
    }

    /// - Complexity: O(state) where no chunk was unpacked.
    package var encoded: EncodedState {
        switch form {
        case .encoded(let encoded): encoded
        case .apart(let state): EncodedState(state)
        }
    }

    package static func == (left: SnapshotRecord, right: SnapshotRecord) -> Bool {
        left.origin == right.origin && left.state == right.state && left.log == right.log
    }

    /// Of the origin alone: hardly two records that are compared have the same.
    package func hash(into hasher: inout Hasher) { hasher.combine(origin) }

    /// - Complexity: one hash.
    package func id(in scope: ScopeID) -> RecordID {
        origin.recordID(in: scope)
    }
}

extension SnapshotRecord {
    /// The dots that the record names, each with the time that is at hand for it: what survives, then the log.
    /// A dot comes as often as it is named.
    package func forEachDot(_ body: (Dot, HybridTimestamp) throws -> Void) rethrows {
        for slot in state.slots {
            for survivor in slot.survivors { try body(survivor.dot, survivor.effective) }
        }
        for row in log { try body(row.mark.dot, row.mark.key) }
    }
}
