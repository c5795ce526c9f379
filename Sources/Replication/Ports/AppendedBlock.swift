import Causality
import Changes
import Compression

/// Entries that place whole changes as they came packed, each new and the next of its feed, or all held here and without
/// an entry: a log that keeps them in this form need not pack them again, nor take them apart.
package struct AppendedBlock {
    package let packed: PackedEntries
    /// Of the first entry.
    package let position: UInt64
    /// The history hash before the first entry, and at the last.
    package let before: HistoryHash
    package let history: HistoryHash
    /// What it says of each feed, in the order in which they come.
    package let stretches: [Stretch]
    /// The records that its changes touch, in any order; each may be there more than once.
    package let records: [RecordID]
    /// Whether the changes are held here, and get their entries.
    package let isHeld: Bool
    /// The columns compressed, where they are already.
    private let ready: [UInt8]?

    package init(
        packed: PackedEntries, position: UInt64, before: HistoryHash, history: HistoryHash, stretches: [Stretch],
        records: [RecordID], isHeld: Bool = false, compressed: [UInt8]? = nil
    ) {
        self.packed = packed
        self.position = position
        self.before = before
        self.history = history
        self.stretches = stretches
        self.records = records
        self.isHeld = isHeld
        ready = compressed
    }

    /// The columns compressed.
    package var compressed: [UInt8] { ready ?? Zstd.compress(packed.segment) }

    /// What a run of entries says of one feed: consecutive changes of it.
    package struct Stretch: Equatable, Sendable {
        package let feed: FeedID
        package let first: UInt64
        package fileprivate(set) var count: UInt64
        /// The hash of the change before the first.
        package let previous: Hash256

        package init(feed: FeedID, first: UInt64, count: UInt64, previous: Hash256) {
            self.feed = feed
            self.first = first
            self.count = count
            self.previous = previous
        }

        package var last: UInt64 { first + count - 1 }

        /// Takes the next change of the feed.
        package mutating func extend() { count += 1 }
    }
}

extension ChangeLog {
    /// Appends a block entry by entry.
    package func appendEach(of block: AppendedBlock, in scope: ScopeID) throws {
        let segment = try block.packed.unpacked(scope: scope)
        var heads: [FeedID: Hash256] = [:]
        for stretch in block.stretches { heads[stretch.feed] = stretch.previous }
        var history = block.before
        for (offset, item) in segment.items.enumerated() {
            guard case .full(let packed) = item, let place = packed.place, let previous = heads[packed.dot.feed] else {
                preconditionFailure("a block holds whole changes of its stretches")
            }
            let change = Change(
                header: segment.header(of: packed, previous: previous),
                operations: Array(segment.operationBytes[packed.operationBytes]))
            heads[packed.dot.feed] = change.hash
            let position = block.position + UInt64(offset)
            let placement = Placement(position: position, received: place.received, verdict: place.verdict)
            if block.isHeld {
                try self.place(change.dot, of: scope, at: placement)
            } else {
                let operations = try EncodedOperations(change.operations)
                _ = try append(
                    change, records: operations.recordIDs(in: scope, change: change.hash.short), parts: [],
                    placement: placement)
            }
            let entry = Entry.change(
                reference: EntryReference(dot: change.dot, hash: change.hash), received: place.received,
                verdict: place.verdict)
            history = history.appending(entry.encoded())
            try append(EntryRow(position: position, entry: entry, history: history), of: scope)
        }
    }
}
