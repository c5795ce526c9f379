import Causality
import Changes
import Replication

/// A segment of a scope's order, unpacked: its entries, and the changes that they place.
///
/// A segment is *open* while some of its changes lie in runs of their own; sealing brings them together.
final class DecodedSegment {
    typealias Stretch = AppendedBlock.Stretch

    struct Item {
        let entry: Entry
        /// The change that the entry places, with the placement that the entry gives it.
        let change: StoredChange?
        /// Whether the change's body lies in this segment.
        let isInline: Bool
    }

    /// Of its first entry.
    let position: UInt64
    let items: [Item]
    /// Sorted by feed.
    let stretches: [Stretch]
    private let indices: [Dot: Int]

    var end: UInt64 { position + UInt64(items.count) - 1 }

    /// - Parameters:
    ///   - stretches: as they are stored: where each feed's hash chain goes on.
    ///   - held: a change whose body lies in a run.
    /// - Throws: `CodecError`, and what `held` throws.
    init(
        _ segment: Segment, at position: UInt64, stretches: [Stretch], held: (Dot) throws -> StoredChange?
    ) throws {
        var heads: [FeedID: (next: UInt64, hash: Hash256)] = [:]
        for stretch in stretches { heads[stretch.feed] = (stretch.first, stretch.previous) }
        var items: [Item] = []
        items.reserveCapacity(segment.items.count)
        var indices: [Dot: Int] = [:]
        indices.reserveCapacity(segment.items.count)
        /// Takes the next change of its feed.
        func add(_ change: StoredChange, _ placement: Placement, isInline: Bool) throws {
            let dot = change.dot
            guard let head = heads[dot.feed], head.next == dot.sequence, head.hash == change.header.previous else {
                throw CodecError.malformed("\(dot) does not follow its feed", at: 0)
            }
            heads[dot.feed] = (dot.sequence + 1, change.hash)
            indices[dot] = items.count
            items.append(
                Item(
                    entry: .change(
                        reference: EntryReference(dot: dot, hash: change.hash), received: placement.received,
                        verdict: placement.verdict),
                    change: change, isInline: isInline))
        }
        for item in segment.items {
            let place = position + UInt64(items.count)
            switch item {
            case .full(let change):
                guard let head = heads[change.dot.feed], let word = change.place else {
                    throw CodecError.malformed("\(change.dot) has no stretch", at: 0)
                }
                let header = segment.header(of: change, previous: head.hash)
                let placement = Placement(position: place, received: word.received, verdict: word.verdict)
                try add(
                    StoredChange(
                        header: header, operations: Array(segment.operationBytes[change.operationBytes]),
                        hash: header.hash(), placement: placement, order: StoredChange.order(at: place)),
                    placement, isInline: true)
            case .stub(let received, let verdict, let bytes):
                var reader = ByteReader(bytes)
                let header = try ChangeHeader(from: &reader)
                try reader.finish()
                guard header.scope == segment.scope else {
                    throw CodecError.malformed("a stub is of another scope", at: 0)
                }
                let placement = Placement(position: place, received: received, verdict: verdict)
                try add(
                    StoredChange(
                        header: header, operations: nil, hash: header.hash(), placement: placement,
                        order: StoredChange.order(at: place)),
                    placement, isInline: true)
            case .known(let dot, let received, let verdict):
                guard let change = try held(dot) else {
                    throw CodecError.malformed("the body of \(dot) is nowhere", at: 0)
                }
                let placement = Placement(position: place, received: received, verdict: verdict)
                try add(change.following(placement), placement, isInline: false)
            case .other(let entry):
                items.append(Item(entry: entry, change: nil, isInline: true))
            }
        }
        self.position = position
        self.items = items
        self.indices = indices
        self.stretches = stretches
    }

    func change(at dot: Dot) -> StoredChange? { indices[dot].flatMap { items[$0].change } }

    /// The entries with the history hash at each, from the hash before the first.
    func entries(after history: HistoryHash) -> [EntryRow] {
        var history = history
        return items.enumerated().map { index, item in
            history = history.appending(item.entry.encoded())
            return EntryRow(position: position + UInt64(index), entry: item.entry, history: history)
        }
    }
}

extension StoredChange {
    /// The change at a place of the scope's order.
    func following(_ placement: Placement) -> StoredChange {
        StoredChange(
            header: header, operations: operations, hash: hash, placement: placement,
            order: StoredChange.order(at: placement.position))
    }

    /// The order of a placed change: by position, before all that have none.
    static func order(at position: UInt64) -> Int64 { min(Int64(clamping: position), firstUnplacedOrder - 1) }

    /// The order of a change without an entry: by its number among those.
    static func order(unplaced number: Int64) -> Int64 { firstUnplacedOrder &+ number }

    /// What `order` takes for the number of a change without an entry; less than 1 for what is not one.
    static func number(ofOrder order: Int64) -> Int64 { order &- firstUnplacedOrder }

    private static var firstUnplacedOrder: Int64 { 1 << 52 }
}
