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
        /// The row's body: see `StoredRun`.
        private var writer = ByteWriter(reserving: 1_024)

        var next: UInt64 { first + UInt64(changes.count) }
        var body: [UInt8] { writer.bytes }

        init(scope: Int64, feed: Int64, feedID: FeedID, first: UInt64, previous: Hash256, number: Int64) {
            self.scope = scope
            self.feed = feed
            self.feedID = feedID
            self.first = first
            self.previous = previous
            self.number = number
        }

        mutating func append(_ change: StoredChange, _ records: [RecordID]) {
            StoredRun.write(change, into: &writer)
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
    var runs: [Run] = []
    /// By scope's row, in order.
    var entries: [Int64: [EntryRow]] = [:]
    /// Entries that came packed, by scope's row, with the position of their first.
    var packed: [Int64: [UInt64: PackedEntries]] = [:]
    /// Changes that got their entry in this transaction and were stored before.
    var placed: [Place: Placement] = [:]

    /// What was appended in this transaction, with or without an entry.
    ///
    /// - Complexity: O(runs): a transaction has few.
    func appended(at place: Place) -> Appended? {
        if let placed = changes[place] { return placed }
        let run = runs.last {
            $0.scope == place.scope && $0.feedID == place.dot.feed && $0.first <= place.dot.sequence
                && place.dot.sequence < $0.next
        }
        return run?.appended(place.dot.sequence)
    }

    /// Forgets what is on disk now; what has its entry and is not among `written` waits for the entry's row.
    mutating func removeAll(writtenWithEntry written: Set<Place>) {
        let waiting = changes.filter { !written.contains($0.key) }
        // Its memory is kept: a change takes some hundred bytes, and a thousand come at a time.
        changes.removeAll(keepingCapacity: true)
        changes.merge(waiting) { first, _ in first }
        placed = placed.filter { !written.contains($0.key) }
        runs.removeAll(keepingCapacity: true)
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
