import Causality
import Changes
import Replication
import SQLiteStore

/// A change that was read from the log and holds together with what lies around it.
struct DecodedChange {
    let header: ChangeHeader
    /// Nil for a stub.
    let operations: Operations?
    /// Of the records that the operations name, in their order.
    let recordIDs: [RecordID]
    let hash: Hash256
    let placement: Placement?

    var dot: Dot { header.dot }
    var effective: HybridTimestamp { header.stamp.effective(received: placement?.received) }
    /// Whether it is part of the records' state, as the engine tells it.
    var isFolded: Bool {
        operations.map { $0.foldError == nil && (placement?.verdict ?? .ok) == .ok } ?? false
    }

    /// - Parameter operations: nil for a stub.
    init(_ header: ChangeHeader, _ operations: Operations?, hash: Hash256, placement: Placement?) {
        self.header = header
        self.operations = operations
        self.hash = hash
        self.placement = placement
        recordIDs = operations?.recordIDs(in: header.scope, change: hash.short) ?? []
    }

    /// A change that was read before.
    ///
    /// - Parameter verdict: what later entries made of it, if any did.
    /// - Throws: `CodecError`, never for what an audit noted.
    init(_ noted: NotedChange, scope: ScopeID, feed: FeedID, verdict: Verdict?) throws(CodecError) {
        let placement = noted.placement.map {
            Placement(position: $0.position, received: $0.received, verdict: verdict ?? $0.verdict)
        }
        if noted.isStub {
            var reader = ByteReader(noted.body)
            let header = try ChangeHeader(from: &reader)
            self.init(header, nil, hash: noted.hash, placement: placement)
            return
        }
        // The hash before is not needed any more: the change's own was worked out with it.
        let (header, bytes) = try Change.decode(
            carried: noted.body, scope: scope, dot: Dot(feed: feed, sequence: noted.sequence), previous: .zero)
        self.init(header, try Operations(bytes), hash: noted.hash, placement: placement)
    }
}
