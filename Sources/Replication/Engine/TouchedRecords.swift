import Causality
import Changes

/// The ids of the records that a segment's changes name, each worked out once.
struct TouchedRecords: Sendable {
    private let segment: Segment
    private let scope: ScopeID
    /// By origin, once they are known.
    private var known: [RecordID?]
    /// By origin, whether a change that was noted names it.
    private var isNoted: [Bool]
    /// Of the changes that were noted; those that changes make among them.
    private(set) var ids: [RecordID] = []

    init(of segment: Segment, in scope: ScopeID) {
        self.segment = segment
        self.scope = scope
        known = Array(repeating: nil, count: segment.origins.count)
        isNoted = Array(repeating: false, count: segment.origins.count)
        ids.reserveCapacity(segment.origins.count)
    }

    /// Works out the ids in which no hash of a change is.
    mutating func resolve() {
        for (index, origin) in segment.origins.enumerated() {
            if case .here = origin { continue }
            known[index] = origin.recordID(in: scope)
        }
    }

    /// Takes the segment's next change.
    ///
    /// - Parameter records: its records, in its order, are appended.
    mutating func note(_ change: SegmentChange, _ hash: Hash256, _ records: inout [RecordID]) {
        for mention in change.records {
            let origin = segment.recordIndices[mention]
            let id = known[origin] ?? segment.origins[origin].recordID(in: scope, change: hash.short)
            records.append(id)
            if isNoted[origin] { continue }
            ids.append(id)
            // One that the change makes has another id in each.
            if case .here = segment.origins[origin] { continue }
            known[origin] = id
            isNoted[origin] = true
        }
    }

    /// Takes the segment's next change, whose records nobody asks for.
    mutating func note(_ change: SegmentChange, _ hash: Hash256) {
        var records: [RecordID] = []
        note(change, hash, &records)
    }
}
