import Causality
import Changes
import Replication

/// What a transaction has added to the log and not yet written: its rows are written once, when it ends or when the
/// log is searched.
struct LogTail {
    /// A change's place: feeds of one replica have one id in every scope.
    struct Place: Hashable {
        let scope: Int64
        let dot: Dot
    }

    /// Consecutive changes of one feed that have no entry yet.
    struct Run {
        let scope: Int64
        let feed: Int64
        let feedID: FeedID
        let first: UInt64
        /// The hash of the change before the first.
        let previous: Hash256
        let number: Int64
        private(set) var changes: [StoredChange] = []
        /// For each change, what it touches.
        private var records: [[RecordID]] = []
        /// What all of them touch.
        private(set) var marks = RecordMarks()
        /// The row's body, where it is written as the changes come: see `StoredRun`.
        private var writer = ByteWriter()
        private let writesBody: Bool

        var next: UInt64 { first + UInt64(changes.count) }
        var body: [UInt8] { writesBody ? writer.bytes : StoredRun.body(of: changes) }

        /// - Parameter writesBody: whether to write the body as the changes come, in memory beside them.
        init(
            scope: Int64, feed: Int64, feedID: FeedID, first: UInt64, previous: Hash256, number: Int64, writesBody: Bool
        ) {
            self.writesBody = writesBody
            self.scope = scope
            self.feed = feed
            self.feedID = feedID
            self.first = first
            self.previous = previous
            self.number = number
        }

        mutating func append(_ change: StoredChange, _ records: [RecordID]) {
            if writesBody { StoredRun.write(change, into: &writer) }
            changes.append(change)
            self.records.append(records)
            for record in records { marks.insert(record) }
        }

        /// - Precondition: `sequence` is one of its changes'.
        fileprivate func appended(_ sequence: UInt64) -> Appended {
            let index = Int(sequence - first)
            return Appended(changes[index], records[index])
        }
    }

    /// A change with the records that it touches.
    struct Appended {
        let change: StoredChange
        let records: [RecordID]

        init(_ change: StoredChange, _ records: [RecordID]) {
            self.change = change
            self.records = records
        }
    }

    /// Appended in this transaction with an entry.
    var changes: [Place: Appended] = [:]
    /// In the order in which they came.
    private(set) var runs: [Run] = []
    /// By scope's row and feed, the numbers of its runs: a bundle may bring changes of two feeds in turn, and a run for each.
    private var runsOfFeed: [RunKey: [Int]] = [:]
    /// By scope's row, in order.
    var entries: [Int64: [EntryRow]] = [:]
    /// Entries that came packed, by scope's row, with the position of their first.
    var packed: [Int64: [UInt64: PackedEntries]] = [:]
    /// Changes that got their entry in this transaction and were stored before.
    var placed: [Place: Placement] = [:]

    private struct RunKey: Hashable {
        let scope: Int64
        let feed: FeedID
    }

    /// More runs than these have their bodies made when they are written: a bundle's changes are not in memory twice.
    private static let writtenBodies = 16

    /// Takes a change without an entry.
    mutating func append(_ change: StoredChange, _ records: [RecordID], scope: Int64, feed: Int64) {
        let header = change.header
        let isNext = runs.last.map {
            $0.scope == scope && $0.feedID == header.feed && $0.next == header.sequence
                && $0.changes.count < LogTail.changesPerRun
        }
        if isNext != true {
            runsOfFeed[RunKey(scope: scope, feed: header.feed), default: []].append(runs.count)
            runs.append(
                Run(
                    scope: scope, feed: feed, feedID: header.feed, first: header.sequence, previous: header.previous,
                    number: StoredChange.number(ofOrder: change.order), writesBody: runs.count < LogTail.writtenBodies))
        }
        runs[runs.count - 1].append(change, records)
    }

    /// What was appended in this transaction, with or without an entry.
    ///
    /// - Complexity: O(log runs of the feed).
    func appended(at place: Place) -> Appended? {
        if let placed = changes[place] { return placed }
        guard !runs.isEmpty, let own = runsOfFeed[RunKey(scope: place.scope, feed: place.dot.feed)] else { return nil }
        // A feed's changes come in the order of their sequences.
        var (low, high) = (0, own.count)
        while low < high {
            let middle = (low + high) / 2
            if runs[own[middle]].first <= place.dot.sequence { low = middle + 1 } else { high = middle }
        }
        guard low > 0, place.dot.sequence < runs[own[low - 1]].next else { return nil }
        return runs[own[low - 1]].appended(place.dot.sequence)
    }

    /// Forgets what is on disk now; what has its entry and is not among `written` waits for the entry's row.
    mutating func removeAll(writtenWithEntry written: Set<Place>) {
        let waiting = changes.filter { !written.contains($0.key) }
        // Its memory is kept: a change takes some hundred bytes, and a thousand come at a time.
        changes.removeAll(keepingCapacity: true)
        changes.merge(waiting) { first, _ in first }
        placed = placed.filter { !written.contains($0.key) }
        runs.removeAll(keepingCapacity: true)
        runsOfFeed.removeAll(keepingCapacity: true)
        entries = [:]
        packed = [:]
    }
}

/// A run as its row holds it, not taken apart.
struct RunBody {
    let place: RunPlace
    let number: Int64
    let feed: FeedID
    let count: UInt64
    let body: [UInt8]

    /// Visits the changes, each in its carried form.
    ///
    /// - Throws: `StoredValueError` where the body is not `count` changes.
    func visitChanges(_ visit: (UnplacedChange) -> Void) throws {
        do {
            var reader = ByteReader(body)
            for offset in 0..<count {
                let range = try reader.readRange(.bytesPerChange)
                visit(
                    UnplacedChange(
                        dot: Dot(feed: feed, sequence: place.sequence + offset),
                        order: StoredChange.order(unplaced: number &+ Int64(offset)), carried: Array(body[range]),
                        hasParts: try Change.hasParts(carried: body, range, feed: feed)))
            }
            try reader.finish()
        } catch {
            throw StoredValueError(table: "run", row: "\(place.key)", reason: error.description)
        }
    }
}

/// A run as its row holds it: each change in its carried form behind its length.
struct StoredRun {
    let number: Int64
    let first: UInt64
    let changes: [StoredChange]

    init(number: Int64, first: UInt64, changes: [StoredChange]) {
        self.number = number
        self.first = first
        self.changes = changes
    }

    var last: UInt64 { first + UInt64(changes.count) - 1 }

    static func body(of changes: some Sequence<StoredChange>) -> [UInt8] {
        var writer = ByteWriter(reserving: 4_096)
        for change in changes { write(change, into: &writer) }
        return writer.bytes
    }

    /// Writes the next change of a body.
    static func write(_ change: StoredChange, into writer: inout ByteWriter) {
        guard let operations = change.operations else { preconditionFailure("a stub has no carried form") }
        writer.write(Change.carriedByteCount(change.header, operations))
        Change.writeCarried(change.header, operations, into: &writer)
    }

    /// - Throws: `CodecError` where the body is not `count` changes.
    init(
        number: Int64, scope: ScopeID, feed: FeedID, first: UInt64, count: UInt64, previous: Hash256, body: [UInt8]
    ) throws(CodecError) {
        var reader = ByteReader(body)
        var changes: [StoredChange] = []
        var hash = previous
        guard count <= UInt64(body.count) else { throw .length(at: 0) }
        for offset in 0..<count {
            let range = try reader.readRange(.bytesPerChange)
            let (header, operations) = try Change.decode(
                carried: body, range: range, scope: scope, dot: Dot(feed: feed, sequence: first + offset),
                previous: hash)
            hash = header.hash()
            changes.append(
                StoredChange(
                    header: header, operations: operations, hash: hash, placement: nil,
                    order: StoredChange.order(unplaced: number &+ Int64(offset))))
        }
        try reader.finish()
        self.number = number
        self.first = first
        self.changes = changes
    }
}
