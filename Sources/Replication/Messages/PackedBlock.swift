import Changes

/// In which forms a message may have blocks.
package enum BlockForm: Sendable {
    /// Those that messages of version 2 and bundles have.
    case plain
    /// Small ones are entropy-coded.
    case coded
}

/// Packed entries as they travel: a small segment in fewer bytes (`SegmentEntropyCoding`).
///
/// Columns are read where they are needed and not with the message: one scope's columns that are malformed are that
/// scope's misfortune, and a receiver holds one block's changes at a time.
package struct PackedBlock: Hashable, Sendable {
    /// With the segment as it is or, where `isCoded`, as it came.
    private let entries: PackedEntries
    private let isCoded: Bool

    package init(_ entries: PackedEntries) {
        self.entries = entries
        isCoded = false
    }

    package var count: Int { entries.count }
    package var parts: [[[UInt8]?]] { entries.parts }

    /// - Throws: `CodecError` where that is none.
    /// - Complexity: O(1) where it is not coded.
    package func decoded() throws(CodecError) -> PackedEntries {
        guard isCoded else { return entries }
        let segment = try SegmentEntropyCoding.decode(entries.segment)
        return PackedEntries(segment: segment, count: count, parts: parts)
    }

    /// The segment as it travels where it may be coded; nil where it goes as it is.
    private var coded: [UInt8]? { isCoded ? entries.segment : SegmentEntropyCoding.encode(entries.segment) }

    /// Whether they travel as the same bytes.
    package static func == (left: PackedBlock, right: PackedBlock) -> Bool {
        left.count == right.count && left.parts == right.parts
            && (left.coded ?? left.entries.segment) == (right.coded ?? right.entries.segment)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        hasher.combine(parts)
    }

    /// - Parameter tags: by which the receiver tells the forms apart.
    func encode(into writer: inout ByteWriter, _ form: BlockForm, tags: (plain: UInt8, coded: UInt8)) {
        let coded = isCoded || form == .coded ? self.coded : nil
        writer.write(byte: coded == nil ? tags.plain : tags.coded)
        writer.write(count)
        writer.write(coded ?? entries.segment)
        writer.write(parts.count)
        for parts in parts { CarriedChange.encode(parts, into: &writer) }
    }

    init(from reader: inout ByteReader, isCoded: Bool) throws(CodecError) {
        self.isCoded = isCoded
        let start = reader.index
        let count = Int(try reader.readInteger(upTo: UInt64(Limit.itemsPerSegment.value)))
        guard count > 0 else { throw .malformed("a block is empty", at: start) }
        let segment = try reader.readBytes(isCoded ? .bytesPerCodedSegment : .bytesPerSegment)
        var parts: [[[UInt8]?]] = []
        for _ in 0..<(try reader.readCount(.itemsPerSegment)) {
            parts.append(try CarriedChange.parts(from: &reader))
        }
        entries = PackedEntries(segment: segment, count: count, parts: parts)
    }
}
