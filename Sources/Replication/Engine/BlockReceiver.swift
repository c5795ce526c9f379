import Causality
import Changes

/// Applies a block of a page whose changes are chained: appends the block to the log as it came, and folds them.
struct BlockReceiver<Transaction: ReplicaTransaction> {
    let transaction: Transaction
    let folder: RecordFolder<Transaction>
    let scope: ScopeID

    /// Applies the block after the position and history of `state`, which move on.
    ///
    /// - Parameter changes: the block's, after the feeds as they are known here.
    func apply(
        _ block: PreparedBlock, _ changes: ChainedChanges, to state: inout ScopeState,
        _ clock: inout HybridLogicalClock
    ) throws {
        let others = try changes.stretches.map { stretch in
            try transaction.past(of: Dot(feed: stretch.feed, sequence: stretch.first), scope: scope).others
        }
        // Before the folding: where memory is short, records are written in the midst of it, with what the log says of their changes.
        try append(block, changes, to: &state)
        for (index, item) in block.segment.items.enumerated() {
            guard case .full(let change) = item, let place = change.place else {
                preconditionFailure("the items were looked at")
            }
            guard place.verdict == .ok else { continue }
            let effective = change.stamp.effective(received: place.received)
            clock.observe(effective: effective)
            try folder.fold(
                changes.operations(at: index), into: changes.records[change.records], of: scope,
                by: FoldStep(
                    dot: change.dot, hash: changes.hashes[index].short, effective: effective,
                    past: Past(of: change.dot, others: others[changes.places[index]])))
        }
    }

    private func append(_ block: PreparedBlock, _ changes: ChainedChanges, to state: inout ScopeState) throws {
        let (start, before) = (state.position + 1, state.history)
        state.history = block.history(of: changes, after: before)
        state.position += UInt64(block.packed.count)
        try transaction.append(
            AppendedBlock(
                packed: block.packed, position: start, before: before, history: state.history,
                stretches: changes.stretches, records: changes.touched, compressed: block.compressed),
            of: scope)
        for (index, stretch) in changes.stretches.enumerated() {
            var feed =
                try transaction.feed(stretch.feed, of: scope)
                ?? FeedState(feed: stretch.feed, start: stretch.previous)
            feed.sequence = stretch.last
            feed.hash = changes.heads[index]
            try transaction.put(feed, of: scope)
        }
    }
}
