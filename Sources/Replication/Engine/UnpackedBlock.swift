import Causality
import Changes

/// A block of a push, taken apart without the store.
struct UnpackedBlock: Sendable {
    let packed: PackedEntries
    let segment: Segment
    /// What the block's changes do, where the block can be taken whole; nil where its changes are taken one by one.
    let changes: [Change]?
    /// The records that they touch, as far as no hash of a change is in their ids.
    let touched: TouchedRecords

    struct Change: Sendable {
        let change: SegmentChange
        let operationsHash: Hash256
    }

    /// - Throws: `CodecError` where the columns, or a change in them, are none.
    init(_ packed: PackedEntries, of scope: ScopeID) throws(CodecError) {
        self.packed = packed
        segment = try packed.unpacked(scope: scope)
        changes = UnpackedBlock.wholeChanges(packed, segment)
        var touched = TouchedRecords(of: segment, in: scope)
        if changes != nil { touched.resolve() }
        self.touched = touched
    }

    /// Nil where they do not follow each other in one feed, or one of them has a context, personal parts, or shows what it
    /// replaces.
    private static func wholeChanges(_ packed: PackedEntries, _ segment: Segment) -> [Change]? {
        guard packed.parts.isEmpty, !segment.isPlaced, !segment.mayHaveShown else { return nil }
        var changes: [Change] = []
        changes.reserveCapacity(segment.items.count)
        var last: Dot?
        for item in segment.items {
            guard case .full(let change) = item,
                last.map({ $0.feed == change.dot.feed && $0.sequence &+ 1 == change.dot.sequence }) ?? true,
                change.context.isEmpty, change.parts.isEmpty,
                change.operationBytes.count <= Limit.bytesPerChange.value
            else { return nil }
            changes.append(
                Change(
                    change: change, operationsHash: Operations.hash(segment.operationBytes, change.operationBytes)))
            last = change.dot
        }
        return changes
    }
}
