import Causality
import Changes

/// The ids of the records that a segment's changes name, each worked out once.
struct TouchedRecords {
    private let segment: Segment
    private let scope: ScopeID
    /// By origin, once they are known.
    private var known: [RecordID?]
    /// Of the changes that were noted; those that changes make among them.
    private(set) var ids: [RecordID] = []

    init(of segment: Segment, in scope: ScopeID) {
        self.segment = segment
        self.scope = scope
        known = Array(repeating: nil, count: segment.origins.count)
        ids.reserveCapacity(segment.origins.count)
    }

    /// The records of the segment's next change, in its order.
    @discardableResult
    mutating func note(_ change: SegmentChange, _ hash: Hash256) -> [RecordID] {
        var records: [RecordID] = []
        records.reserveCapacity(change.records.count)
        for mention in change.records {
            let origin = segment.recordIndices[mention]
            if let id = known[origin] {
                records.append(id)
                continue
            }
            let id = segment.origins[origin].recordID(in: scope, change: hash.short)
            // One that the change makes has another id in each.
            if case .here = segment.origins[origin] {} else { known[origin] = id }
            records.append(id)
            ids.append(id)
        }
        return records
    }
}
