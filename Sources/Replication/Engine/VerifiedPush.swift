import Causality
import Changes

/// What of a push is not known yet, and was found good.
enum VerifiedChanges {
    /// One change, with the parts that came along.
    case one(change: Change, operations: EncodedOperations, parts: [[UInt8]?])
    /// Changes that follow each other in one feed, made by somebody who had seen nothing new of others and was shown nothing
    /// older, without personal parts: the usual block of a push, whose columns can stay as they came.
    case block(VerifiedBlock)
}

struct VerifiedBlock {
    let packed: PackedEntries
    let segment: Segment
    /// The hash before the first change.
    let previous: Hash256
    let changes: [(change: SegmentChange, hash: Hash256, operations: EncodedOperations)]

    /// The block as far as it can be told without the feed; nil where its changes have to be taken one by one.
    ///
    /// - Parameter head: of the feed that its first change is of; nil where that is not known.
    /// - Throws: `CodecError` where a change is none.
    init?(_ packed: PackedEntries, _ segment: Segment, after head: FeedState) throws(CodecError) {
        guard packed.parts.isEmpty, !segment.isPlaced else { return nil }
        self.packed = packed
        self.segment = segment
        previous = head.hash
        var hash = head.hash
        var changes: [(change: SegmentChange, hash: Hash256, operations: EncodedOperations)] = []
        changes.reserveCapacity(segment.items.count)
        var next = head.sequence + 1
        var writer = ByteWriter(reserving: 512)
        for item in segment.items {
            guard case .full(let change) = item, change.dot.feed == head.feed, change.dot.sequence == next,
                change.context.isEmpty, change.parts.isEmpty,
                change.operationBytes.count <= Limit.bytesPerChange.value
            else { return nil }
            let operations = try EncodedOperations(segment.operationBytes, change.operationBytes)
            if operations.hasShown { return nil }
            let header = segment.header(of: change, previous: hash)
            hash = Hash256.of(.change, in: &writer) { header.encode(into: &$0) }
            changes.append((change, hash, operations))
            next += 1
        }
        self.changes = changes
    }

    /// The feed with the block's changes.
    func following(_ head: FeedState) -> FeedState {
        var feed = head
        feed.sequence += UInt64(changes.count)
        feed.hash = changes.last?.hash ?? head.hash
        return feed
    }
}
