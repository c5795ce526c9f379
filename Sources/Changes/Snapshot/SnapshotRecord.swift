import Causality

/// One record as a snapshot carries it: all that a fold goes on from. Its id follows from the origin and the scope.
package struct SnapshotRecord: Hashable, Sendable {
    /// How changes name it; never `here`.
    package let origin: RecordOrigin
    package let state: RecordState
    /// In listing order: by mark, then by field.
    package let log: [LogRow]

    package init(origin: RecordOrigin, state: RecordState, log: [LogRow]) {
        self.origin = origin
        self.state = state
        self.log = log
    }
}
