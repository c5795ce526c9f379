import Causality
import Changes

/// What the changes of a block are, where it holds nothing but whole changes, each the next of its feed and made by somebody who had
/// seen nothing new of others: nearly every block of a history. Found out without the store.
struct ChainedChanges: Sendable {
    /// What the block says of each feed, in the order in which they come; it has few.
    private(set) var stretches: [AppendedBlock.Stretch] = []
    /// By stretch: the hash of its last change.
    private(set) var heads: [Hash256] = []
    /// By item.
    private(set) var hashes: [Hash256] = []
    /// By item: into `stretches`.
    private(set) var places: [Int] = []
    private let indexed: SegmentOperations?
    /// By item: of those that are not indexed.
    private var apart: [Int: EncodedOperations] = [:]
    /// By item: where `SegmentChange.records` leads.
    private(set) var records: [RecordID] = []
    /// Each of them once, but for those that changes make.
    let touched: [RecordID]

    /// Nil where the block has to be taken entry by entry.
    ///
    /// - Parameter head: how far a feed is known before the block.
    init?(_ segment: Segment, of scope: ScopeID, after head: (FeedID) throws -> FeedState?) throws {
        guard try ChainedChanges.areInRow(segment, after: head, &stretches, &places), !places.isEmpty else {
            return nil
        }
        heads = stretches.map(\.previous)
        hashes.reserveCapacity(segment.items.count)
        indexed = segment.indexed
        records.reserveCapacity(segment.recordIndices.count)
        var touched = TouchedRecords(of: segment, in: scope)
        var writer = ByteWriter(reserving: 512)
        for (item, place) in zip(segment.items, places) {
            guard case .full(let change) = item else { preconditionFailure("the items were looked at") }
            let header = segment.header(of: change, previous: heads[place])
            let hash = Hash256.of(.change, in: &writer) { header.encode(into: &$0) }
            heads[place] = hash
            hashes.append(hash)
            if indexed?[hashes.count - 1] == nil {
                apart[hashes.count - 1] = try EncodedOperations(
                    segment.operationBytes, change.operationBytes, inOrder: true)
            }
            touched.note(change, hash, &records)
        }
        self.touched = touched.ids
    }

    /// - Parameter item: a change's number in the block.
    func operations(at item: Int) -> EncodedOperations {
        guard let operations = indexed?[item] ?? apart[item] else {
            preconditionFailure("the operations of each change were looked at")
        }
        return operations
    }

    /// Whether every item is a change that goes on where its feed ends.
    private static func areInRow(
        _ segment: Segment, after head: (FeedID) throws -> FeedState?, _ stretches: inout [AppendedBlock.Stretch],
        _ places: inout [Int]
    ) rethrows -> Bool {
        places.reserveCapacity(segment.items.count)
        var last = 0
        for item in segment.items {
            guard case .full(let change) = item, let place = change.place, change.context.isEmpty,
                change.parts.isEmpty
            else { return false }
            let dot = change.dot
            if last >= stretches.count || stretches[last].feed != dot.feed {
                last = stretches.firstIndex { $0.feed == dot.feed } ?? stretches.count
            }
            places.append(last)
            if last < stretches.count {
                guard stretches[last].last + 1 == dot.sequence else { return false }
                stretches[last].extend()
                continue
            }
            let previous: Hash256
            if let known = try head(dot.feed) {
                guard known.sequence + 1 == dot.sequence else { return false }
                previous = known.hash
            } else {
                guard dot.sequence == 1, let start = place.start else { return false }
                previous = start
            }
            stretches.append(
                AppendedBlock.Stretch(feed: dot.feed, first: dot.sequence, count: 1, previous: previous))
        }
        return true
    }

    /// What the order comes to with the block.
    ///
    /// - Parameter segment: the block's.
    func history(of segment: Segment, after history: HistoryHash) -> HistoryHash {
        var history = history
        var writer = ByteWriter(reserving: 128)
        for (item, hash) in zip(segment.items, hashes) {
            guard case .full(let change) = item, let place = change.place else {
                preconditionFailure("the items were looked at")
            }
            let entry = Entry.change(
                reference: EntryReference(dot: change.dot, hash: hash), received: place.received,
                verdict: place.verdict)
            history = history.appending(entry, in: &writer)
        }
        return history
    }
}
