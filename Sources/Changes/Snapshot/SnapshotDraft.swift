import Causality

/// One record of a chunk that is being written: its marks, and how its rows name theirs.
struct SnapshotDraft {
    let record: SnapshotRecord
    /// Sorted; each once.
    let marks: [SnapshotMark]
    /// In listing order.
    let rows: [LogRow]
    let log: SnapshotLog
    /// The earliest of all its marks: where it lies in the chunk.
    let earliest: SnapshotMark?

    /// - Parameter feedIndices: of every feed that the record names.
    init(_ record: SnapshotRecord, _ feedIndices: [FeedID: Int]) {
        self.record = record
        rows = record.log.sorted { ($0.mark, $0.field) < ($1.mark, $1.field) }
        var lastFeed: (id: FeedID, index: Int)?
        func mark(_ dot: Dot, _ time: HybridTimestamp) -> SnapshotMark {
            if lastFeed?.id != dot.feed {
                guard let index = feedIndices[dot.feed] else { preconditionFailure("the feeds were gone through") }
                lastFeed = (dot.feed, index)
            }
            return SnapshotMark(feed: lastFeed?.index ?? 0, sequence: dot.sequence, time: time.rawValue)
        }
        var all: [SnapshotMark] = []
        let slots = record.state.slots
        for index in slots.indices {
            for survivor in slots[index].survivors {
                let next = mark(survivor.dot, survivor.effective)
                // Nearly always one of the last few.
                if !all.suffix(4).contains(next) { all.append(next) }
            }
        }
        all.sort()
        marks = all.indices.filter { $0 == 0 || all[$0 - 1] != all[$0] }.map { all[$0] }
        let rowMarks = rows.map { mark($0.mark.dot, $0.mark.key) }
        earliest = (marks + rowMarks).min { ($0.time, $0) < ($1.time, $1) }
        log = SnapshotDraft.log(of: record.state, rows)
    }

    private static func log(of state: RecordState, _ rows: [LogRow]) -> SnapshotLog {
        if rows.isEmpty { return state.logCount == 0 ? .none : .stated }
        let isOfRows =
            state.logCount == UInt64(rows.count) && state.newestLog == rows.last?.mark
            && state.logSum == rows.reduce(0) { $0 &+ $1.digest }
        return isOfRows ? .ofRows : .stated
    }

    /// - Precondition: the mark is one of the record's slots'.
    func index(of mark: SnapshotMark) -> Int? {
        var low = 0
        var high = marks.count
        while low < high {
            let middle = (low + high) / 2
            if marks[middle] < mark { low = middle + 1 } else { high = middle }
        }
        return low < marks.count && marks[low] == mark ? low : nil
    }

    // MARK: - All of a chunk

    /// Goes through the records, and puts them in the order in which they are written.
    static func inOrder(
        of records: [SnapshotRecord]
    ) -> (feeds: [FeedID], feedIndices: [FeedID: Int], drafts: [SnapshotDraft]) {
        let feeds = feeds(of: records)
        let indices = Dictionary(uniqueKeysWithValues: feeds.enumerated().map { ($0.element, $0.offset) })
        return (feeds, indices, inOrder(records.map { SnapshotDraft($0, indices) }))
    }

    private static func feeds(of records: [SnapshotRecord]) -> [FeedID] {
        var all: Set<FeedID> = []
        var last: FeedID?
        func add(_ dot: Dot) {
            if last == dot.feed { return }
            all.insert(dot.feed)
            last = dot.feed
        }
        for record in records {
            let slots = record.state.slots
            for index in slots.indices { for survivor in slots[index].survivors { add(survivor.dot) } }
            for row in record.log { add(row.mark.dot) }
            if let newest = record.state.newestLog { add(newest.dot) }
        }
        return all.sorted()
    }

    /// By time, so that neighbours are alike; then by origin.
    private static func inOrder(_ drafts: [SnapshotDraft]) -> [SnapshotDraft] {
        // Only marks are compared, mostly: moving whole drafts about costs more than packing them.
        let keys = drafts.map(\.earliest)
        let order = drafts.indices.sorted { left, right in
            switch (keys[left], keys[right]) {
            case (let a?, let b?) where a != b: (a.time, a) < (b.time, b)
            case (nil, _?): true
            case (_?, nil): false
            default:
                drafts[left].record.origin.canonicalBytes.lexicographicallyPrecedes(
                    drafts[right].record.origin.canonicalBytes)
            }
        }
        return order.map { drafts[$0] }
    }
}

extension RecordOrigin {
    var canonicalBytes: [UInt8] {
        var writer = ByteWriter(reserving: 64)
        encode(into: &writer)
        return writer.bytes
    }
}
