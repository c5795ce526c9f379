import Causality
import Changes
import Compression

/// A packed block of a page, taken apart and hashed as far as that goes without the store.
struct PreparedBlock: Sendable {
    let packed: PackedEntries
    let segment: Segment
    /// The columns as the log keeps them; nil where it was not known ahead that the block can be taken whole.
    let compressed: [UInt8]?
    /// Nil where the block has to be taken entry by entry, or does not go on where `Start` says.
    private let changes: ChainedChanges?
    /// What the order comes to before the block and with it; nil where that is not known.
    private let order: (before: HistoryHash, after: HistoryHash)?

    /// What comes before a block, as far as it is known: handed on from one block of a page to the next.
    struct Start: Sendable {
        var feeds: [FeedID: FeedState] = [:]
        var history: HistoryHash?
    }

    /// - Parameter isLast: whether nobody asks what comes after it.
    /// - Throws: `CodecError`.
    init(_ block: PackedBlock, of scope: ScopeID, after start: inout Start, isLast: Bool) throws {
        let packed = try block.decoded()
        self.packed = packed
        segment = try packed.unpacked(scope: scope, isIndexed: packed.parts.isEmpty)
        let feeds = start.feeds
        changes = packed.parts.isEmpty ? try ChainedChanges(segment, of: scope) { feeds[$0] } : nil
        compressed = changes.map { _ in Zstd.compress(packed.segment) }
        if let changes, let before = start.history {
            order = (before, changes.history(of: segment, after: before))
        } else {
            order = nil
        }
        if isLast { return }
        start.history = order?.after
        if let changes { start.move(on: changes) } else { start.move(over: segment) }
    }

    /// The block's changes where it can be taken whole.
    ///
    /// - Parameter head: how far a feed is known here.
    func changes(of scope: ScopeID, after head: (FeedID) throws -> FeedState?) throws -> ChainedChanges? {
        guard packed.parts.isEmpty else { return nil }
        if let changes,
            try changes.stretches.allSatisfy({ stretch in
                guard let known = try head(stretch.feed) else { return stretch.first == 1 }
                return known.sequence + 1 == stretch.first && known.hash == stretch.previous
            })
        {
            return changes
        }
        return try ChainedChanges(segment, of: scope, after: head)
    }

    /// What the order comes to with `changes`, the block's.
    func history(of changes: ChainedChanges, after history: HistoryHash) -> HistoryHash {
        if let order, order.before == history { return order.after }
        return changes.history(of: segment, after: history)
    }
}

extension PreparedBlock.Start {
    fileprivate mutating func move(on changes: ChainedChanges) {
        for (stretch, head) in zip(changes.stretches, changes.heads) {
            var state = feeds[stretch.feed] ?? FeedState(feed: stretch.feed, start: stretch.previous)
            state.sequence = stretch.last
            state.hash = head
            feeds[stretch.feed] = state
        }
    }

    /// Follows the feeds through a block that is taken entry by entry, as far as its items say how they go on.
    fileprivate mutating func move(over segment: Segment) {
        for case .full(let change) in segment.items {
            let dot = change.dot
            var state = feeds[dot.feed]
            if state == nil, dot.sequence == 1, let start = change.place?.start {
                state = FeedState(feed: dot.feed, start: start)
            }
            guard var state, dot.sequence > state.sequence else { continue }
            if dot.sequence == state.sequence + 1 {
                state.hash = segment.header(of: change, previous: state.hash).hash()
                state.sequence = dot.sequence
                feeds[dot.feed] = state
            } else {
                feeds[dot.feed] = nil
            }
        }
    }
}
