import Causality
import Changes
import Replication
import SQLiteStore

/// A stored change whose bytes were read.
struct DecodedChange {
    let number: Int64
    let header: ChangeHeader
    /// Nil for a stub.
    let operations: Operations?
    /// Of the records that the operations name, in their order.
    let recordIDs: [RecordID]
    /// As it is stored.
    let hash: Hash256
    let placement: Placement?

    var dot: Dot { header.dot }
    var effective: HybridTimestamp { header.stamp.effective(received: placement?.received) }
    /// Whether it is part of the records' state, as the engine tells it.
    var isFolded: Bool {
        operations.map { $0.foldError == nil && (placement?.verdict ?? .ok) == .ok } ?? false
    }

    /// - Parameters:
    ///   - previous: the hash of the change before, which a whole change's bytes leave out.
    ///   - isChecked: whether the bytes were compared with what is read from them before.
    /// - Throws: `CodecError` where the bytes are not exactly a change's.
    init(
        _ stored: AuditedChange, scope: ScopeID, feed: FeedID, previous: Hash256 = .zero, isChecked: Bool = false
    ) throws(CodecError) {
        number = stored.number
        hash = stored.hash
        placement = (try? stored.placement.get()) ?? nil
        if stored.isStub {
            var reader = ByteReader(stored.body)
            header = try ChangeHeader(from: &reader)
            try reader.finish()
            operations = nil
            recordIDs = []
            var writer = ByteWriter(reserving: stored.body.count)
            header.encode(into: &writer)
            guard writer.bytes == stored.body else { throw .malformed("the header is not canonical", at: 0) }
            return
        }
        let (header, bytes) = try Change.decode(
            carried: stored.body, scope: scope, dot: Dot(feed: feed, sequence: stored.sequence), previous: previous)
        self.header = header
        let decoded = try Operations(bytes)
        operations = decoded
        recordIDs = decoded.recordIDs(in: scope, change: stored.hash.short)
        guard isChecked || decoded.encoded() == bytes && Change.carried(header, bytes) == stored.body else {
            throw .malformed("the change is not canonical", at: 0)
        }
    }
}

extension ChangeHeader {
    /// This header as it would be after another change.
    func following(_ previous: Hash256) -> ChangeHeader {
        ChangeHeader(
            scope: scope, dot: dot, previous: previous, stamp: stamp, zoneMinutes: zoneMinutes, person: person,
            schema: schema, context: context, operationsHash: operationsHash, parts: parts)
    }
}
