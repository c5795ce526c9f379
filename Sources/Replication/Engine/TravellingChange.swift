import Causality
import Changes

/// A change as it came, in its carried form or in columns, with the personal parts that came along.
enum TravellingChange {
    case carried(CarriedChange)
    case unpacked(Segment, SegmentChange, parts: [[UInt8]?])

    var isStaged: Bool { if case .carried(let carried) = self { carried.isStaged } else { false } }

    var parts: [[UInt8]?] {
        switch self {
        case .carried(let carried): carried.parts
        case .unpacked(_, _, let parts): parts
        }
    }

    /// What counts against `Limit.bytesPerChange`: the parts, and what the operations come to.
    var byteCount: Int {
        switch self {
        case .carried(let carried): carried.byteCount
        case .unpacked(_, let change, let parts):
            change.operationBytes.count + parts.reduce(0) { $0 + ($1?.count ?? 0) }
        }
    }

    /// The change, after the one before it in its feed, and its operations.
    ///
    /// - Throws: `CodecError` where it is none, or its parts are not those that it commits to.
    func decoded(
        _ dot: Dot, previous: Hash256, scope: ScopeID
    ) throws(CodecError) -> (change: Change, operations: EncodedOperations) {
        switch self {
        case .carried(let carried):
            let (header, bytes) = try Change.decode(
                carried: carried.bytes, scope: scope, dot: dot, previous: previous)
            let operations = try EncodedOperations(bytes)
            let change = Change(header: header, operations: bytes)
            try change.checkParts(carried.parts)
            return (change, operations)
        case .unpacked(let segment, let packed, let parts):
            let change = Change(
                header: segment.header(of: packed, previous: previous),
                operations: Array(segment.operationBytes[packed.operationBytes]))
            try change.checkParts(parts)
            return (change, try EncodedOperations(change.operations))
        }
    }
}

/// Hands out the personal parts that came beside columns, in the order of the changes that have any.
struct PartsInOrder {
    private let parts: [[[UInt8]?]]
    private var next = 0

    init(_ packed: PackedBlock) { parts = packed.parts }

    /// - Throws: `CodecError` where there are none for a change that commits to some.
    mutating func parts(of change: SegmentChange) throws(CodecError) -> [[UInt8]?] {
        if change.parts.isEmpty { return [] }
        guard next < parts.count else { throw .malformed("the personal parts of \(change.dot) did not come", at: 0) }
        defer { next += 1 }
        return parts[next]
    }

    /// - Throws: `CodecError` where parts are left that no change commits to.
    func finish() throws(CodecError) {
        guard next == parts.count else { throw .malformed("personal parts came that no change commits to", at: 0) }
    }
}

/// Consecutive changes of one feed, as they came.
struct TravellingRun {
    let feed: FeedID
    let first: UInt64
    var changes: [TravellingChange]

    /// The runs of a block.
    ///
    /// - Parameter segment: what a packed block holds.
    /// - Throws: `CodecError`.
    static func all(_ block: PushBlock, _ segment: Segment?) throws(CodecError) -> [TravellingRun] {
        switch block {
        case .run(let run):
            return [TravellingRun(feed: run.feed, first: run.first, changes: run.changes.map { .carried($0) })]
        case .packed(let packed):
            guard let segment else { preconditionFailure("a packed block was unpacked") }
            guard !segment.isPlaced else { throw .malformed("a push says where its changes stand", at: 0) }
            var parts = PartsInOrder(packed)
            var runs: [TravellingRun] = []
            for item in segment.items {
                guard case .full(let change) = item else { throw .malformed("a push has whole changes", at: 0) }
                let travelling = TravellingChange.unpacked(segment, change, parts: try parts.parts(of: change))
                let isNext = runs.last.map {
                    $0.feed == change.dot.feed && $0.first + UInt64($0.changes.count) == change.dot.sequence
                }
                if isNext == true {
                    runs[runs.count - 1].changes.append(travelling)
                } else {
                    runs.append(
                        TravellingRun(feed: change.dot.feed, first: change.dot.sequence, changes: [travelling]))
                }
            }
            try parts.finish()
            return runs
        }
    }
}
