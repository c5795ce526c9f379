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
    let block: UnpackedBlock
    /// The hash before the first change.
    let previous: Hash256
    let changes: [UnpackedBlock.Change]
    /// Of the changes.
    let hashes: [Hash256]

    /// Nil where the block's changes have to be taken one by one.
    ///
    /// - Parameter head: of the feed that its first change is of.
    init?(_ block: UnpackedBlock, after head: FeedState) {
        guard let changes = block.changes, let first = changes.first?.change.dot, first.feed == head.feed,
            first.sequence == head.sequence + 1
        else { return nil }
        self.block = block
        self.changes = changes
        previous = head.hash
        var hash = head.hash
        var hashes: [Hash256] = []
        hashes.reserveCapacity(changes.count)
        var writer = ByteWriter(reserving: 512)
        let span = changes.span
        for index in span.indices {
            let header = block.segment.header(
                of: span[index].change, previous: hash, operationsHash: span[index].operationsHash)
            hash = Hash256.of(.change, in: &writer) { header.encode(into: &$0) }
            hashes.append(hash)
        }
        self.hashes = hashes
    }

    /// The feed with the block's changes.
    func following(_ head: FeedState) -> FeedState {
        var feed = head
        feed.sequence += UInt64(changes.count)
        feed.hash = hashes.last ?? head.hash
        return feed
    }
}
