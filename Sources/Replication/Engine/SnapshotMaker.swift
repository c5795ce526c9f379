import Causality
import Changes
import Compression

/// Why a scope's snapshot was not made. Nothing has changed.
package enum SnapshotRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    case unknownScope(ScopeID)
    /// Nothing of its order is folded yet.
    case empty(ScopeID)
    /// The scope's own records stand on a snapshot: what it includes cannot be told again.
    case standsOnBase(ScopeID)
    case tooLarge(Limit)
    /// The store lacks the beginning of a feed that it has a place for.
    case damaged(FeedID)

    package var description: String {
        switch self {
        case .unknownScope(let scope): "there is no scope \(scope)"
        case .empty(let scope): "nothing of the scope \(scope) is folded yet"
        case .standsOnBase(let scope): "the scope \(scope) stands on a snapshot itself"
        case .damaged(let feed): "the feed \(feed) has no first change; the store is damaged"
        case .tooLarge(let limit): "more than \(limit.value) \(limit.name)"
        }
    }
}

/// Makes the snapshot of a scope from one consistent state, at the position up to which it is folded.
///
/// Reads the records twice and the order once; memory grows with the dots that records name, not with the history.
package struct SnapshotMaker<Transaction: ReplicaTransaction> {
    private let transaction: Transaction
    private let key: SigningKey
    private let incarnation: ShortHash
    private let now: Int64
    private let chunkBytes: Int

    /// - Parameters:
    ///   - now: the hub's clock, milliseconds since 1970.
    ///   - chunkBytes: about how large a chunk becomes before it is compressed; a larger record has one of its own.
    package init(
        _ transaction: Transaction, key: SigningKey, incarnation: ShortHash, now: Int64,
        chunkBytes: Int = SnapshotLimits.chunkBytes
    ) {
        precondition(chunkBytes > 0, "a chunk holds something")
        self.transaction = transaction
        self.key = key
        self.incarnation = incarnation
        self.now = now
        self.chunkBytes = chunkBytes
    }

    /// - Parameter put: takes the chunks one after the other, as they travel.
    /// - Throws: `SnapshotRefusal`, what `put` and the store throw.
    package func make(of scope: ScopeID, put: (Int, [UInt8]) throws -> Void) throws -> SnapshotManifest {
        guard let state = try transaction.scope(scope) else { throw SnapshotRefusal.unknownScope(scope) }
        let position = state.foldedPosition
        guard position > 0, let history = try transaction.history(of: scope, at: position) else {
            throw SnapshotRefusal.empty(scope)
        }
        guard try transaction.base(of: scope) == nil else { throw SnapshotRefusal.standsOnBase(scope) }
        var chunks: [SnapshotManifest.Chunk] = []
        func add(_ plain: [UInt8], _ records: [SnapshotRecord], parts: Int) throws {
            guard plain.count <= Limit.bytesPerSnapshotChunk.value else {
                throw SnapshotRefusal.tooLarge(.bytesPerSnapshotChunk)
            }
            let bytes = Zstd.compress(plain)
            try put(chunks.count, bytes)
            chunks.append(
                SnapshotManifest.Chunk(
                    hash: Hash256.sha256(bytes), bytes: UInt64(bytes.count), records: UInt64(records.count),
                    first: records.first?.id(in: scope), parts: UInt64(parts)))
            guard chunks.count <= Limit.chunksPerSnapshot.value else {
                throw SnapshotRefusal.tooLarge(.chunksPerSnapshot)
            }
        }
        let (headings, heads) = try headings(of: scope, through: position)
        for order in try orders(of: scope, heads) { try add(order.encoded(), [], parts: 0) }
        try forEachChunk(of: scope) { records in
            let block = block(of: records, headings)
            try add(block.encoded(), records, parts: block.parts.count)
        }
        return SnapshotManifest(
            receipt: Receipt(
                incarnation: incarnation, scope: scope, position: position, history: history, hubTime: now,
                key: key),
            fingerprint: try transaction.fingerprint(of: scope).hash, clock: try transaction.clock().greatestEffective,
            chunks: chunks, key: key)
    }

    // MARK: - The order

    private func orders(of scope: ScopeID, _ heads: [FeedID: EntryReference]) throws -> [SnapshotOrder] {
        var first = SnapshotOrder()
        for head in heads.values.sorted(by: { $0.dot < $1.dot }) {
            guard let start = try transaction.change(at: Dot(feed: head.dot.feed, sequence: 1), of: scope) else {
                throw SnapshotRefusal.damaged(head.dot.feed)
            }
            first.heads.append(
                SnapshotOrder.Head(
                    feed: head.dot.feed, start: start.header.previous, sequence: head.dot.sequence, hash: head.hash))
        }
        func isIncluded(_ dot: Dot) -> Bool { heads[dot.feed].map { dot.sequence <= $0.dot.sequence } ?? false }
        first.unfolded = try transaction.quarantined(of: scope).filter { isIncluded($0.dot) }.map {
            SnapshotOrder.Unfolded(dot: $0.dot, reason: Text($0.reason))
        }
        var orders = [first]
        var size = 0
        for entry in try transaction.knots(of: scope)
        where isIncluded(Dot(feed: entry.feed, sequence: entry.knot.sequence)) {
            if size > chunkBytes {
                orders.append(SnapshotOrder())
                size = 0
            }
            orders[orders.count - 1].knots.append(entry)
            size += 8 + 6 * entry.knot.others.entries.count
        }
        return orders
    }

    // MARK: - The records

    /// What is known of each change that a record names.
    private struct Noted {
        let heading: SnapshotHeading
        let parts: [PartCommitment]
    }

    /// Also how far each feed has an entry up to the position.
    private func headings(
        of scope: ScopeID, through end: UInt64
    ) throws -> (noted: [Dot: Noted], heads: [FeedID: EntryReference]) {
        var named: Set<Dot> = []
        try forEachRecord(of: scope) { record in record.forEachDot { dot, _ in named.insert(dot) } }
        var noted: [Dot: Noted] = [:]
        noted.reserveCapacity(named.count)
        var heads: [FeedID: EntryReference] = [:]
        var position: UInt64 = 0
        while position < end {
            let rows = try transaction.entries(
                of: scope, after: position, limit: min(SnapshotLimits.step, Int(clamping: end - position)))
            guard let last = rows.last else { break }
            for row in rows {
                guard case .change(let reference, _, _) = row.entry else { continue }
                heads[reference.dot.feed] = reference
                guard named.contains(reference.dot),
                    let header = try transaction.change(at: reference.dot, of: scope)?.header
                else { continue }
                noted[reference.dot] = Noted(
                    heading: SnapshotHeading(header), parts: header.parts)
            }
            position = last.position
        }
        return (noted, heads)
    }

    private func forEachRecord(of scope: ScopeID, _ body: (SnapshotRecord) throws -> Void) throws {
        var last: RecordID?
        while true {
            let page = try transaction.records(of: scope, after: last, limit: SnapshotLimits.step)
            guard let end = page.last else { return }
            for record in page {
                try body(
                    SnapshotRecord(
                        origin: record.origin, state: record.state,
                        log: try transaction.logRows(of: record.id, scope: scope)))
            }
            last = end.id
            try transaction.settle()
        }
    }

    /// The first chunks are smaller, each twice the one before: whoever takes them unpacks the next one while one is written, and
    /// nothing can be written before the first.
    private func forEachChunk(of scope: ScopeID, _ body: ([SnapshotRecord]) throws -> Void) throws {
        var records: [SnapshotRecord] = []
        var room = SnapshotChunk.Room()
        var size = max(chunkBytes / SnapshotLimits.firstChunkShare, 1)
        try forEachRecord(of: scope) { record in
            if room.bytes < size, room.take(record) { return records.append(record) }
            if !records.isEmpty {
                try body(records)
                size = min(2 * size, chunkBytes)
            }
            records = [record]
            room = SnapshotChunk.Room()
            guard room.take(record) else { throw SnapshotRefusal.tooLarge(.rebuiltBytesPerSnapshotChunk) }
        }
        if !records.isEmpty { try body(records) }
    }

    private func block(of records: [SnapshotRecord], _ noted: [Dot: Noted]) -> SnapshotBlock {
        var headings: [Dot: SnapshotHeading] = [:]
        var parts: [SnapshotBlock.Part] = []
        for record in records {
            record.forEachDot { dot, _ in
                guard headings[dot] == nil else { return }
                guard let known = noted[dot] else { preconditionFailure("\(dot) is folded and has no entry") }
                headings[dot] = known.heading
                for (number, commitment) in known.parts.enumerated() {
                    parts.append(SnapshotBlock.Part(dot: dot, number: number, commitment: commitment))
                }
            }
        }
        parts.sort { $0.dot != $1.dot ? $0.dot < $1.dot : $0.number < $1.number }
        return SnapshotBlock(records: records, headings: headings, parts: parts)
    }
}

/// The named sizes of snapshots.
package enum SnapshotLimits {
    /// A scope whose order is longer is begun with a snapshot.
    package static let leastEntries: UInt64 = 4_096
    /// What the records of a chunk weigh by `SnapshotChunk.Room`: some 4,000 records of twenty fields. More in a chunk
    /// are smaller together; one record that is folded again unpacks its whole chunk.
    package static let chunkBytes = 8 << 20
    /// The first chunk is this part of others.
    static let firstChunkShare = 8
    /// Chunks that are unpacked, or being so, beside the one that is taken.
    static let chunksAhead = 2
    /// How long a hub keeps a snapshot: 24 hours, in milliseconds.
    package static let keptMilliseconds: Int64 = 24 * 3_600_000
    /// How many times as long the order may be as when a snapshot that is kept was made.
    package static let greatestGrowth: UInt64 = 2
    /// Records or entries read at a time.
    static let step = 500
}

extension ReplicaTransaction {
    /// The personal parts that belong to a chunk, as they travel: in the order of its commitments.
    package func snapshotParts(of block: SnapshotBlock, scope: ScopeID) throws -> [UInt8] {
        let parts = try block.parts.map { part -> [UInt8]? in
            let held = try self.parts(of: part.dot, scope: scope)
            return held.indices.contains(part.number) ? held[part.number] : nil
        }
        return Zstd.compress(SnapshotParts.encode(parts))
    }
}
