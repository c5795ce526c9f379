import Causality
import Changes

/// Applies a block of a page that holds nothing but whole changes, each new here, the next of its feed, and made by
/// somebody who had seen nothing new of others: nearly every block of a history. Verified and folded change by change,
/// and appended to the log as it came.
struct BlockReceiver<Transaction: ReplicaTransaction> {
    private let transaction: Transaction
    private let folder: RecordFolder<Transaction>
    private let scope: ScopeID
    private let segment: Segment
    /// By feed, in the order in which they come; a block has few.
    private var feeds: [Feed] = []
    private var lastFeed = 0
    private var touched: TouchedRecords
    private var headerBytes = ByteWriter(reserving: 512)
    private var entryBytes = ByteWriter(reserving: 128)

    private struct Feed {
        var state: FeedState
        /// What its changes in the block had seen of others.
        let others: VersionVector
        var stretch: AppendedBlock.Stretch
    }

    /// Nil where the block has to be taken entry by entry.
    init?(
        _ transaction: Transaction, folder: RecordFolder<Transaction>, scope: ScopeID, packed: PackedEntries,
        segment: Segment
    ) throws {
        self.transaction = transaction
        self.folder = folder
        self.scope = scope
        self.segment = segment
        touched = TouchedRecords(of: segment, in: scope)
        guard packed.parts.isEmpty, try findFeeds() else { return nil }
    }

    /// Looks whether every item is a change that goes on where its feed ends here.
    private mutating func findFeeds() throws -> Bool {
        for item in segment.items {
            guard case .full(let change) = item, let place = change.place, change.context.isEmpty,
                change.parts.isEmpty
            else { return false }
            let dot = change.dot
            if let index = index(of: dot.feed) {
                guard feeds[index].stretch.last + 1 == dot.sequence else { return false }
                feeds[index].stretch.extend()
                continue
            }
            let state: FeedState
            if let known = try transaction.feed(dot.feed, of: scope) {
                guard known.sequence + 1 == dot.sequence else { return false }
                state = known
            } else {
                guard dot.sequence == 1, let start = place.start else { return false }
                state = FeedState(feed: dot.feed, start: start)
            }
            lastFeed = feeds.count
            feeds.append(
                Feed(
                    state: state, others: try transaction.past(of: dot, scope: scope).others,
                    stretch: AppendedBlock.Stretch(
                        feed: dot.feed, first: dot.sequence, count: 1, previous: state.hash)))
        }
        return !feeds.isEmpty
    }

    private mutating func index(of feed: FeedID) -> Int? {
        if lastFeed < feeds.count, feeds[lastFeed].state.feed == feed { return lastFeed }
        guard let index = feeds.firstIndex(where: { $0.state.feed == feed }) else { return nil }
        lastFeed = index
        return index
    }

    /// Applies the block after the position and history of `state`, which move on.
    mutating func apply(
        _ packed: PackedEntries, to state: inout ScopeState, _ clock: inout HybridLogicalClock
    ) throws {
        let start = state.position + 1
        let before = state.history
        // What is folded names its feed, before the block that brings the feed is in the log.
        for feed in feeds where feed.state.sequence == 0 { try transaction.put(feed.state, of: scope) }
        for item in segment.items {
            guard case .full(let change) = item, let place = change.place, let feed = index(of: change.dot.feed) else {
                preconditionFailure("the block was looked at before")
            }
            let header = segment.header(of: change, previous: feeds[feed].state.hash)
            let hash = Hash256.of(.change, in: &headerBytes) { header.encode(into: &$0) }
            feeds[feed].state.sequence = change.dot.sequence
            feeds[feed].state.hash = hash
            let entry = Entry.change(
                reference: EntryReference(dot: change.dot, hash: hash), received: place.received,
                verdict: place.verdict)
            state.history = state.history.appending(entry, in: &entryBytes)
            state.position += 1
            try fold(change, place, header.stamp, hash, others: feeds[feed].others, &clock)
        }
        try transaction.append(
            AppendedBlock(
                packed: packed, position: start, before: before, history: state.history,
                stretches: feeds.map(\.stretch), records: touched.ids),
            of: scope)
        for feed in feeds { try transaction.put(feed.state, of: scope) }
    }

    private mutating func fold(
        _ change: SegmentChange, _ place: SegmentPlace, _ stamp: HybridTimestamp, _ hash: Hash256,
        others: VersionVector, _ clock: inout HybridLogicalClock
    ) throws {
        let operations = try EncodedOperations(segment.operationBytes, change.operationBytes)
        let effective = stamp.effective(received: place.received)
        let isFolded = place.verdict == .ok
        if isFolded { clock.observe(effective: effective) }
        let records = touched.note(change, hash)
        guard isFolded else { return }
        try folder.fold(
            operations, into: records, of: scope,
            by: FoldStep(
                dot: change.dot, hash: hash.short, effective: effective, past: Past(of: change.dot, others: others)))
    }
}
