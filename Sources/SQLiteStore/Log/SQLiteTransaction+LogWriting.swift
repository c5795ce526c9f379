import Causality
import Changes
import Replication
import SQLiteKit

/// Writing the log: what a transaction added.
extension SQLiteTransaction {
    /// Writes what this transaction has added to the log, but for a change whose entry is still to come.
    func flushLog() throws {
        guard !caches.tail.runs.isEmpty || !caches.tail.entries.isEmpty else { return }
        let written = try writeLog(caches.tail)
        caches.tail.removeAll(writtenWithEntry: written)
    }

    /// - Returns: what has been written with its entry.
    private func writeLog(_ tail: LogTail) throws -> Set<LogTail.Place> {
        var written: Set<LogTail.Place> = []
        for (scope, rows) in tail.entries.sorted(by: { $0.key < $1.key }) {
            try insert(rows, of: scope, tail, &written)
        }
        // A change that was appended and got its entry in this very transaction lies in the segment.
        for run in tail.runs {
            try insert(run) { written.contains(LogTail.Place(scope: run.scope, dot: $0.dot)) }
        }
        return written
    }

    private func insert(
        _ rows: [EntryRow], of scope: Int64, _ tail: LogTail, _ written: inout Set<LogTail.Place>
    ) throws {
        guard let first = rows.first, let id = try scopeID(scope) else { return }
        var builder = SegmentBuilder(position: first.position, packed: tail.packed[scope]?[first.position])
        for row in rows {
            var change: StoredChange?
            var records: [RecordID]?
            var isInline = true
            if case .change(let reference, _, _) = row.entry {
                let place = LogTail.Place(scope: scope, dot: reference.dot)
                if let appended = tail.appended(at: place) {
                    (change, records) = (appended.change, appended.records)
                } else {
                    isInline = false
                    change = try self.change(at: reference.dot, of: id)
                }
                written.insert(place)
            }
            let packed = tail.packed[scope]?[row.position]
            let isAtBlock = packed != nil && builder.count > 0
            if isAtBlock || builder.count >= entriesPerSegment && !builder.isPacked {
                try insert(builder, scope: scope)
                builder = SegmentBuilder(position: row.position, packed: packed)
            }
            if try !builder.append(row, change, records, isInline: isInline) {
                try insert(builder, scope: scope)
                builder = SegmentBuilder(position: row.position)
                let hasRoom = try builder.append(row, change, records, isInline: isInline)
                precondition(hasRoom, "an empty segment takes any entry")
            }
        }
        try insert(builder, scope: scope)
    }

    private func insert(_ builder: SegmentBuilder, scope: Int64) throws {
        guard let segment = PackedSegment(builder) else { return }
        try insert(segment, scope: scope)
    }

    /// Inserts the next segment of the order, sealed where it can stay as it is.
    func insert(_ segment: PackedSegment, scope: Int64) throws {
        let open = try openCount(of: scope)
        // Open ones stay together at the end of the order: what is sealed later is what comes first.
        let isSealed = segment.isWhole && segment.count >= entriesPerSegment && open.entries == 0
        try insert(segment, scope: scope, isSealed: isSealed)
        if !isSealed { caches.openEntries[scope] = open.adding(segment.count, smallBelow: smallSegment) }
    }

    func insert(_ segment: PackedSegment, scope: Int64, isSealed: Bool) throws {
        try connection.execute(
            """
            INSERT INTO segment (scope, position, count, is_whole, is_sealed, history, body, digest, records)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            scope, Int64(segment.position), segment.count, segment.isWhole, isSealed, segment.history.hash.bytes,
            segment.body, segment.digest, segment.records)
        let feeds = try loadFeeds(scope)
        for stretch in segment.stretches {
            guard let feed = feeds[stretch.feed] else { preconditionFailure("a placed change has a feed") }
            try connection.execute(
                "INSERT INTO stretch (feed, sequence, count, position, hash) VALUES (?, ?, ?, ?, ?)",
                feed.rid, Int64(stretch.first), Int64(stretch.count), Int64(segment.position), stretch.previous.bytes)
        }
    }
}

/// A segment as its row takes it.
struct PackedSegment {
    let position: UInt64
    let count: Int
    let isWhole: Bool
    let history: HistoryHash
    let body: [UInt8]
    let digest: [UInt8]
    let records: [UInt8]
    let stretches: [DecodedSegment.Stretch]

    /// Nil where nothing was gathered.
    init?(_ builder: SegmentBuilder) {
        guard let history = builder.history else { return nil }
        position = builder.position
        count = builder.count
        isWhole = builder.isWhole
        self.history = history
        body = builder.body
        digest = RowDigest.of(body)
        records = builder.records
        stretches = builder.stretches
    }

    /// Of entries that came packed, and touch the records of `marks`.
    init(_ block: AppendedBlock, _ marks: RecordMarks) {
        position = block.position
        count = block.packed.count
        isWhole = true
        history = block.history
        body = block.compressed
        digest = RowDigest.of(body)
        records = marks.encoded
        stretches = block.stretches
    }
}
