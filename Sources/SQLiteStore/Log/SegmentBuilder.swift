import Causality
import Changes
import Compression
import Replication

/// Gathers entries and the changes that they place into the row of a segment.
struct SegmentBuilder {
    let position: UInt64
    private(set) var count = 0
    private(set) var history: HistoryHash?
    /// Whether every change's body is in it.
    private(set) var isWhole = true
    private(set) var stretches: [DecodedSegment.Stretch] = []
    private var writer = SegmentWriter(isPlaced: true)
    private var marks = RecordMarks()

    /// The entries as they came, packed already: nothing is left to write but what is found by.
    private let packed: PackedEntries?

    /// - Parameter packed: holds exactly the entries that will be appended, as far as it goes.
    init(position: UInt64, packed: PackedEntries? = nil) {
        self.position = position
        self.packed = packed
    }

    var isPacked: Bool { packed != nil }

    /// Takes the next entry.
    ///
    /// - Parameters:
    ///   - change: what it places.
    ///   - records: what the change touches, where that is known.
    ///   - isInline: whether the change's body goes in; else it lies in a run.
    /// - Returns: false, and nothing has changed, where the segment is full.
    mutating func append(
        _ row: EntryRow, _ change: StoredChange?, _ records: [RecordID]?, isInline: Bool
    ) throws -> Bool {
        let hasRoom: Bool
        switch (row.entry, change) {
        case (.change, _?) where isPacked:
            hasRoom = count < packed?.count ?? 0
            if !isInline { isWhole = false }
        case (.change(let reference, let received, let verdict), let change?):
            if !isInline {
                hasRoom = writer.append(known: reference.dot, received: received, verdict: verdict)
                if hasRoom { isWhole = false }
            } else if change.operations == nil {
                var header = ByteWriter(reserving: 160)
                change.header.encode(into: &header)
                hasRoom = writer.append(stub: header.bytes, received: received, verdict: verdict)
            } else {
                hasRoom = try writer.append(
                    change: reference.dot, carried: change.carried,
                    place: SegmentPlace(
                        received: received, verdict: verdict,
                        start: reference.dot.sequence == 1 ? change.header.previous : nil))
            }
        case (.change(let reference, _, _), nil):
            preconditionFailure("the change at \(reference.dot) has an entry and is not here")
        default: hasRoom = packed.map { count < $0.count } ?? writer.append(other: row.entry)
        }
        if hasRoom {
            if let change {
                if isInline {
                    if let records {
                        for record in records { marks.insert(record) }
                    } else {
                        try marks.insert(change)
                    }
                }
                note(change)
            }
            count += 1
            history = row.history
        }
        return hasRoom
    }

    private mutating func note(_ change: StoredChange) {
        if let index = stretches.firstIndex(where: { $0.feed == change.dot.feed }) {
            stretches[index].extend()
        } else {
            stretches.append(
                DecodedSegment.Stretch(
                    feed: change.dot.feed, first: change.dot.sequence, count: 1, previous: change.header.previous))
        }
    }

    var body: [UInt8] { Zstd.compress(packed?.segment ?? writer.encoded()) }
    var records: [UInt8] { marks.encoded }
}
