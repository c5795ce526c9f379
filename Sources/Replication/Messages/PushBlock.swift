import Causality
import Changes

/// Changes as a replica sends them, in order.
package enum PushBlock: Hashable, Sendable {
    /// In columns: see `Segment`.
    case packed(PackedBlock)
    /// Consecutive changes of one feed, each in its carried form: what no column takes.
    case run(ChangeRun)

    package var count: Int {
        switch self {
        case .packed(let packed): packed.count
        case .run(let run): run.changes.count
        }
    }

    /// Packs runs into columns wherever columns can hold them.
    ///
    /// - Parameter background: packs every other block.
    static func packed(_ runs: [ChangeRun], in background: some Background) -> [PushBlock] {
        let pieces = pieces(of: runs)
        var blocks: [PushBlock] = []
        for first in stride(from: 0, to: pieces.count, by: 2) {
            let second = first + 1 < pieces.count ? pieces[first + 1] : []
            let other = second.isEmpty ? nil : background.begin { packed(second) }
            blocks += packed(pieces[first])
            if let other { blocks += other() }
        }
        return blocks
    }

    /// The same changes, in pieces of as many as a block holds.
    private static func pieces(of runs: [ChangeRun]) -> [[ChangeRun]] {
        var pieces: [[ChangeRun]] = []
        var room = 0
        for run in runs {
            var next = 0
            while next < run.changes.count {
                if room == 0 {
                    pieces.append([])
                    room = BlockPacker.entriesPerBlock
                }
                let end = min(next + room, run.changes.count)
                pieces[pieces.count - 1].append(
                    ChangeRun(
                        feed: run.feed, first: run.first &+ UInt64(next), changes: Array(run.changes[next..<end])))
                room -= end - next
                next = end
            }
        }
        return pieces
    }

    /// The same here and now, and without a cut after as many changes as a block holds where one of them went alone.
    static func packed(_ runs: [ChangeRun]) -> [PushBlock] {
        var blocks: [PushBlock] = []
        var writer = SegmentWriter(isPlaced: false)
        var parts: [[[UInt8]?]] = []
        func flush() {
            guard !writer.isEmpty else { return }
            let packed = PackedEntries(segment: writer.encoded(), count: writer.itemCount, parts: parts)
            blocks.append(.packed(PackedBlock(packed)))
            writer = SegmentWriter(isPlaced: false)
            parts = []
        }
        func pack(_ change: CarriedChange, _ dot: Dot) -> Bool {
            guard !change.isStaged, writer.itemCount < BlockPacker.entriesPerBlock else { return false }
            do {
                guard try writer.append(change: dot, carried: change.bytes, place: nil) else { return false }
            } catch {
                // Bytes that are no change go as they are, and are refused where they come to.
                return false
            }
            if !change.parts.isEmpty { parts.append(change.parts) }
            return true
        }
        for run in runs {
            for (offset, change) in run.changes.enumerated() {
                let dot = Dot(feed: run.feed, sequence: run.first &+ UInt64(offset))
                if pack(change, dot) { continue }
                flush()
                if pack(change, dot) { continue }
                if offset > 0, case .run(let last) = blocks.last, last.feed == run.feed, last.last &+ 1 == dot.sequence
                {
                    blocks[blocks.count - 1] = .run(
                        ChangeRun(feed: run.feed, first: last.first, changes: last.changes + [change]))
                } else {
                    blocks.append(.run(ChangeRun(feed: run.feed, first: dot.sequence, changes: [change])))
                }
            }
        }
        flush()
        return blocks
    }

    private enum Tag {
        static let run: UInt8 = 0
        static let packed: UInt8 = 1
        static let coded: UInt8 = 2
    }

    func encode(into writer: inout ByteWriter, _ form: BlockForm) {
        switch self {
        case .run(let run):
            writer.write(byte: Tag.run)
            writer.write(run.feed)
            writer.write(run.first)
            writer.write(run.changes.count)
            for change in run.changes { change.encode(into: &writer) }
        case .packed(let packed): packed.encode(into: &writer, form, tags: (Tag.packed, Tag.coded))
        }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let position = reader.index
        switch try reader.readByte() {
        case Tag.run:
            let feed: FeedID = try reader.readIdentifier()
            let start = reader.index
            let first = try reader.readInteger(upTo: UInt64(Int64.max))
            guard first > 0 else { throw .malformed("a sequence starts at 1", at: start) }
            var changes: [CarriedChange] = []
            let count = try reader.readCount(.changesPerRun, leastBytes: 2)
            guard count > 0 else { throw .malformed("a run is empty", at: start) }
            changes.reserveCapacity(count)
            for _ in 0..<count { changes.append(try CarriedChange(from: &reader)) }
            self = .run(ChangeRun(feed: feed, first: first, changes: changes))
        case Tag.packed: self = .packed(try PackedBlock(from: &reader, isCoded: false))
        case Tag.coded: self = .packed(try PackedBlock(from: &reader, isCoded: true))
        case let tag: throw .malformed("push block \(tag) does not exist", at: position)
        }
    }
}
