import Causality

/// A record's state in its canonical bytes: what it adds to a fingerprint is a hash of them.
package struct EncodedState: Hashable, Sendable {
    /// Canonical.
    package let bytes: [UInt8]

    /// The state of a record that nothing has touched.
    package init() { bytes = EncodedState.empty }

    package init(_ state: RecordState) { bytes = state.encoded() }

    /// - Parameter bytes: as `RecordState` reads them: whoever brings them has looked.
    package init(canonical bytes: [UInt8]) { self.bytes = bytes }

    private static let empty = RecordState().encoded()

    /// The feeds whose changes it names, sorted.
    package var feeds: [FeedID] {
        var feeds: [FeedID] = []
        forEachFeed { feeds.append($0) }
        return feeds
    }

    /// Calls `body` with each of them.
    package func forEachFeed(_ body: (FeedID) throws -> Void) rethrows {
        try bytes.withUnsafeBytes { bytes in
            let cursor = StateCursor(bytes)
            for number in 0..<cursor.feedCount { try body(cursor.feed(number)) }
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
}
