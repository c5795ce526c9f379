import Causality
import Changes

extension PageReceiver {
    /// Gives the changes of a block that was pushed from here their places, where the next entries are of exactly these
    /// changes and none of them moves: the columns of the push become the log's.
    ///
    /// - Parameter verified: those of the page's pushed blocks that follow; nil before the first one.
    /// - Returns: how many entries it took; 0 where they have to be taken one by one.
    /// - Throws: what the store throws.
    func placePushed(
        _ items: ArraySlice<SegmentItem>, of scope: ScopeID, _ state: inout ScopeState,
        _ clock: inout HybridLogicalClock, _ verified: inout VerifiedBlocks?
    ) throws -> Int {
        guard case .known(let first, _, _)? = items.first else { return 0 }
        let pushed = try transaction.pushed(from: first, of: scope)
        guard let packed = pushed.first?.packed, packed.count <= items.count else { return 0 }
        let entries = items.prefix(packed.count)
        guard PageReceiver.areInRow(entries), let held = try transaction.change(at: first, of: scope),
            held.placement == nil
        else { return 0 }
        if verified?.next != first { verified = VerifiedBlocks(pushed, after: held.header, in: scope) }
        guard let block = try verified?.take(transaction), block.previous == held.header.previous,
            let places = PageReceiver.places(of: entries, in: block)
        else { return 0 }
        let (start, before) = (state.position + 1, state.history)
        var touched = block.block.touched
        var writer = ByteWriter(reserving: 128)
        let changes = block.changes.span
        for index in changes.indices {
            let change = changes[index].change
            let entry = Entry.change(
                reference: EntryReference(dot: change.dot, hash: block.hashes[index]),
                received: places[index].received, verdict: places[index].verdict)
            state.history = state.history.appending(entry, in: &writer)
            clock.observe(effective: change.stamp.effective(received: places[index].received))
            touched.note(change, block.hashes[index])
        }
        state.position += UInt64(packed.count)
        let bytes = try Segment.placed(packed.segment, block.block.segment, at: places)
        try transaction.append(
            AppendedBlock(
                packed: PackedEntries(segment: bytes, count: packed.count, parts: []), position: start,
                before: before, history: state.history,
                stretches: [
                    AppendedBlock.Stretch(
                        feed: first.feed, first: first.sequence, count: UInt64(packed.count),
                        previous: block.previous)
                ],
                records: touched.ids, isHeld: true),
            of: scope)
        return packed.count
    }

    /// Whether they are entries of consecutive changes of one feed, with nothing set aside.
    private static func areInRow(_ items: ArraySlice<SegmentItem>) -> Bool {
        var last: Dot?
        for item in items {
            guard case .known(let dot, _, let verdict) = item, verdict == .ok,
                last.map({ $0.feed == dot.feed && $0.sequence &+ 1 == dot.sequence }) ?? true
            else { return false }
            last = dot
        }
        return true
    }

    /// Nil where one of them counts as made at another time than it did without a place: its records are then folded
    /// again.
    private static func places(of entries: ArraySlice<SegmentItem>, in block: VerifiedBlock) -> [SegmentPlace]? {
        var places: [SegmentPlace] = []
        places.reserveCapacity(entries.count)
        for (item, change) in zip(entries, block.changes) {
            let stamp = change.change.stamp
            guard case .known(let dot, let received, let verdict) = item,
                stamp.effective(received: received) == stamp.effective(received: nil)
            else { return nil }
            places.append(
                SegmentPlace(
                    received: received, verdict: verdict, start: dot.sequence == 1 ? block.previous : nil))
        }
        return places
    }
}

/// Blocks that were pushed from here, each verified while the one before is placed.
struct VerifiedBlocks {
    private let firsts: [Dot]
    private var blocks: Lookahead<FeedState, Result<VerifiedBlock?, any Error>>
    private var taken = 0

    /// - Parameters:
    ///   - pushed: blocks that follow each other in one feed; at least one.
    ///   - first: the header of the first change.
    init(_ pushed: [PushedBlocks.Block], after first: ChangeHeader, in scope: ScopeID) {
        var head = FeedState(feed: first.feed, start: first.previous)
        head.sequence = first.sequence - 1
        firsts = pushed.map(\.first)
        blocks = Lookahead(count: pushed.count, from: head) { head, index in
            Result {
                let block = VerifiedBlock(try UnpackedBlock(pushed[index].packed, of: scope), after: head)
                if let block { head = block.following(head) }
                return block
            }
        }
    }

    /// The first change of the next block.
    var next: Dot? { taken < firsts.count ? firsts[taken] : nil }

    /// - Returns: nil where its changes have to be taken one by one.
    /// - Throws: `CodecError`.
    /// - Precondition: there is a next one.
    mutating func take(_ background: some Background) throws -> VerifiedBlock? {
        taken += 1
        return try blocks.take(background).get()
    }
}
