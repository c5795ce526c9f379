import Causality
import Changes

/// Entries of a page as they travel, in order.
package enum PageBlock: Hashable, Sendable {
    /// In columns: see `Segment`.
    case packed(PackedBlock)
    /// One that lies by itself: of a change that the receiver has staged, or that no column takes.
    case single(PagedEntry)

    package var count: Int {
        switch self {
        case .packed(let packed): packed.count
        case .single: 1
        }
    }
}

/// Entries, or changes that have none yet, in columns; the personal parts beside them.
package struct PackedEntries: Hashable, Sendable {
    /// What `Segment` decodes.
    package let segment: [UInt8]
    package let count: Int
    /// For each whole change in the segment that has any, in order; nil where the sender lacks one.
    package let parts: [[[UInt8]?]]

    package init(segment: [UInt8], count: Int, parts: [[[UInt8]?]]) {
        self.segment = segment
        self.count = count
        self.parts = parts
    }

    package var byteCount: Int {
        segment.count + parts.reduce(0) { $0 + $1.reduce(0) { $0 + ($1?.count ?? 0) } }
    }

    /// - Parameter isIndexed: see `Segment`.
    /// - Throws: `CodecError`, also where the segment has not as many items as was said.
    package func unpacked(scope: ScopeID, isIndexed: Bool = false) throws(CodecError) -> Segment {
        let decoded = try Segment(decoding: segment, scope: scope, isIndexed: isIndexed)
        guard decoded.items.count == count else {
            throw .malformed("\(count) entries were announced, and \(decoded.items.count) came", at: 0)
        }
        return decoded
    }
}

/// Gathers what travels into blocks: in columns wherever columns can hold it.
struct BlockPacker {
    /// Entries of a block: what a receiver unpacks at a time, and a sealed segment of its log.
    static var entriesPerBlock: Int { 1_024 }

    private(set) var blocks: [PageBlock] = []
    private var writer = SegmentWriter(isPlaced: true)
    private var parts: [[[UInt8]?]] = []

    mutating func append(_ entry: PagedEntry) {
        if pack(entry) { return }
        flush()
        if !pack(entry) { blocks.append(.single(entry)) }
    }

    /// Takes entries that are packed already.
    mutating func append(_ packed: PackedEntries) {
        flush()
        blocks.append(.packed(PackedBlock(packed)))
    }

    mutating func finish() -> [PageBlock] {
        flush()
        return blocks
    }

    private mutating func pack(_ entry: PagedEntry) -> Bool {
        guard writer.itemCount < BlockPacker.entriesPerBlock else { return false }
        switch entry {
        case .known(let dot, let received, let verdict):
            return writer.append(known: dot, received: received, verdict: verdict)
        case .full(let dot, let received, let verdict, let start, let change):
            if change.isStaged || (dot.sequence == 1) != (start != nil) { return false }
            do {
                let place = SegmentPlace(received: received, verdict: verdict, start: start)
                guard try writer.append(change: dot, carried: change.bytes, place: place) else { return false }
            } catch {
                // Bytes that are no change go as they are, and are refused where they come to.
                return false
            }
            if !change.parts.isEmpty { parts.append(change.parts) }
            return true
        case .stub(let received, let verdict, let header):
            return writer.append(stub: header, received: received, verdict: verdict)
        // What is no entry of its own goes as it is, and is refused where it comes to.
        case .other(.change): return false
        case .other(let entry): return writer.append(other: entry)
        }
    }

    private mutating func flush() {
        guard !writer.isEmpty else { return }
        let packed = PackedEntries(segment: writer.encoded(), count: writer.itemCount, parts: parts)
        blocks.append(.packed(PackedBlock(packed)))
        writer = SegmentWriter(isPlaced: true)
        parts = []
    }
}
