import Causality
import Changes

/// A page as it travels: its receipt, then block after block.
extension Page {
    private enum Tag {
        static let known: UInt8 = 0
        static let full: UInt8 = 1
        static let stub: UInt8 = 2
        static let other: UInt8 = 3
        static let packed: UInt8 = 4
        static let coded: UInt8 = 5
    }

    package func encode(into writer: inout ByteWriter, _ form: BlockForm) {
        receipt.encode(into: &writer)
        writer.write(byte: (hasMore ? 1 : 0) | (piece == nil ? 0 : 2))
        piece?.encode(into: &writer)
        writer.write(blocks.count)
        for block in blocks {
            switch block {
            case .packed(let packed): packed.encode(into: &writer, form, tags: (Tag.packed, Tag.coded))
            case .single(let entry): Page.encode(entry, into: &writer)
            }
        }
    }

    private static func encode(_ entry: PagedEntry, into writer: inout ByteWriter) {
        switch entry {
        case .known(let dot, let received, let verdict):
            writer.write(byte: Tag.known)
            writer.write(dot.feed)
            writer.write(dot.sequence)
            writer.write(milliseconds: received)
            writer.write(byte: verdict.rawValue)
        case .full(let dot, let received, let verdict, let start, let change):
            precondition((dot.sequence == 1) == (start != nil), "a feed's first change travels with its start")
            writer.write(byte: Tag.full)
            writer.write(dot.feed)
            writer.write(dot.sequence)
            writer.write(milliseconds: received)
            writer.write(byte: verdict.rawValue)
            if let start { writer.write(start) }
            change.encode(into: &writer)
        case .stub(let received, let verdict, let header):
            writer.write(byte: Tag.stub)
            writer.write(milliseconds: received)
            writer.write(byte: verdict.rawValue)
            writer.write(header)
        case .other(let entry):
            writer.write(byte: Tag.other)
            entry.encode(into: &writer)
        }
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        receipt = try Receipt(from: &reader)
        let start = reader.index
        let flag = try reader.readByte()
        guard flag < 4 else { throw .malformed("page flags \(flag) do not exist", at: start) }
        hasMore = flag & 1 != 0
        piece = flag & 2 != 0 ? try ChangePiece(from: &reader) : nil
        let count = try reader.readCount(.entriesPerPage, leastBytes: 3)
        var blocks: [PageBlock] = []
        blocks.reserveCapacity(count)
        var entries = 0
        for _ in 0..<count {
            let position = reader.index
            let block = try Page.block(from: &reader)
            entries += block.count
            guard entries <= Limit.entriesPerPage.value else { throw .limit(.entriesPerPage, at: position) }
            blocks.append(block)
        }
        self.blocks = blocks
    }

    private static func block(from reader: inout ByteReader) throws(CodecError) -> PageBlock {
        let position = reader.index
        switch try reader.readByte() {
        case Tag.known:
            let dot = try Dot(from: &reader)
            let received = try reader.readMilliseconds()
            return .single(.known(dot: dot, received: received, verdict: try Verdict(from: &reader)))
        case Tag.full:
            let dot = try Dot(from: &reader)
            let received = try reader.readMilliseconds()
            let verdict = try Verdict(from: &reader)
            let start = dot.sequence == 1 ? try reader.readHash() : nil
            let change = try CarriedChange(from: &reader)
            return .single(.full(dot: dot, received: received, verdict: verdict, start: start, change: change))
        case Tag.stub:
            let received = try reader.readMilliseconds()
            let verdict = try Verdict(from: &reader)
            return .single(
                .stub(received: received, verdict: verdict, header: try reader.readBytes(.bytesPerChange)))
        case Tag.other: return .single(.other(try Entry(from: &reader)))
        case Tag.packed: return .packed(try PackedBlock(from: &reader, isCoded: false))
        case Tag.coded: return .packed(try PackedBlock(from: &reader, isCoded: true))
        case let tag: throw .malformed("paged entry \(tag) does not exist", at: position)
        }
    }
}
