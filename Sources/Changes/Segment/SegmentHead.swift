/// The streams of a segment that are there whatever it holds. One more follows for each column.
enum SegmentStream: Int, CaseIterable {
    case kinds, feeds, feedRuns, sequences, milliseconds, counters, received, verdicts, starts
    case authors, authorRuns, contextCounts, contexts, partCounts, parts
    case shapes, shapeCodes, records, origins, originSteps, columns
    case stubs, entries
}

/// What a segment announces: its totals, and where its streams lie.
struct SegmentHead {
    var isPlaced = false
    /// No stamp lies before the one of the change before it.
    var stampsNeverFall = false
    /// Received times of whole changes are told from their stamps, not from the received time before.
    var receivedFollowsStamp = false
    var items = 0
    var operations = 0
    /// Of the canonical operations of all its changes.
    var rebuiltBytes = 0
    /// Records that the segment lists.
    var origins = 0
    var columns = 0

    static var format: UInt64 { 1 }

    enum Kind {
        static let full: UInt64 = 0
        static let known: UInt64 = 1
        static let stub: UInt64 = 2
        static let other: UInt64 = 3
    }

    var streamCount: Int { SegmentStream.allCases.count + columns }

    func encode(into writer: inout ByteWriter) {
        writer.write(SegmentHead.format)
        writer.write(byte: (isPlaced ? 1 : 0) | (stampsNeverFall ? 2 : 0) | (receivedFollowsStamp ? 4 : 0))
        for count in [items, operations, rebuiltBytes, origins, columns] { writer.write(count) }
    }

    init() {}

    /// - Parameter reader: past the head afterwards, where the streams' lengths begin.
    init(from reader: inout ByteReader) throws(CodecError) {
        let format = try reader.readInteger()
        guard format == SegmentHead.format else { throw .unsupported("a segment of format \(format)") }
        let start = reader.index
        let flags = try reader.readByte()
        guard flags < 8 else { throw .malformed("segment flags \(flags) do not exist", at: start) }
        isPlaced = flags & 1 != 0
        stampsNeverFall = flags & 2 != 0
        receivedFollowsStamp = flags & 4 != 0
        // An item, an operation, a record and a column each take at least one byte.
        items = try reader.readCount(.itemsPerSegment)
        operations = try reader.readCount(.operationsPerSegment)
        rebuiltBytes = try reader.readCount(.rebuiltBytesPerSegment, leastBytes: 0)
        origins = try reader.readCount(.operationsPerSegment)
        columns = try reader.readCount(.columnsPerSegment)
    }

    /// Writes which of the first streams are not empty, and the lengths of those and of the columns.
    func encode(_ streams: [[UInt8]], into writer: inout ByteWriter) {
        let first = streams.prefix(SegmentStream.allCases.count)
        writer.write(first.enumerated().reduce(UInt64(0)) { $1.element.isEmpty ? $0 : $0 | 1 << UInt64($1.offset) })
        for (index, stream) in streams.enumerated() where index >= first.count || !stream.isEmpty {
            writer.write(stream.count)
        }
        for stream in streams { writer.write(raw: stream) }
    }

    /// Reads the lengths; the streams fill the rest of the bytes exactly.
    func readStreams(from reader: inout ByteReader) throws(CodecError) -> [ByteReader] {
        let start = reader.index
        var lengths: [Int] = []
        lengths.reserveCapacity(streamCount)
        var total = 0
        let present = try reader.readInteger(upTo: 1 << UInt64(SegmentStream.allCases.count) - 1)
        for stream in 0..<streamCount {
            let isLeftOut = stream < SegmentStream.allCases.count && present & 1 << UInt64(stream) == 0
            let length = isLeftOut ? 0 : try reader.readCount(.bytesPerSegment)
            total += length
            lengths.append(length)
        }
        guard total == reader.remaining else { throw .length(at: start) }
        var first = reader.index
        return lengths.map { length in
            defer { first += length }
            return ByteReader(reader.bytes, first..<first + length)
        }
    }
}
