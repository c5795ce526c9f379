import Causality

/// A run of consecutive items of one scope, unpacked from columns.
///
/// What its changes do lies in one piece of canonical bytes, rebuilt exactly: such as `Change.init(carried:)` takes, and
/// folded from there without parsing or allocating for each. Origins are decoded once and shared.
///
///     let segment = try Segment(decoding: bytes, scope: scope, isIndexed: true)
///     for (number, case .full(let change)) in segment.items.enumerated() {
///         let header = segment.header(of: change, previous: head)
///         let operations = segment.indexed?[number]
///     }
package struct Segment: Sendable {
    package let scope: ScopeID
    /// Whether its changes have places in the scope's order.
    package let isPlaced: Bool
    package let items: [SegmentItem]
    package let authors: [SegmentAuthor]
    /// The records that the segment names. A hostile segment may list one twice: compare records by id.
    package let origins: [RecordOrigin]
    /// The records of each change, as indexes into `origins`: `SegmentChange.records` leads here.
    package let recordIndices: [Int]
    /// All changes' canonical operations: `SegmentChange.operationBytes` leads here.
    package let operationBytes: [UInt8]
    /// Where the operations of its whole changes lie, if that was asked for.
    package let indexed: SegmentOperations?
    /// What its operations do to which fields, each once.
    let forms: [FieldOperation.Form]

    /// Whether an operation of it may name what its author was shown.
    package var mayHaveShown: Bool { forms.contains { $0.isShown } }

    /// - Parameters:
    ///   - bytes: what `SegmentWriter.encoded()` gave, or anything.
    ///   - isIndexed: whether its changes are to be folded, so that where their operations lie is to be noted.
    /// - Throws: `.unsupported` for another format, the limit that is exceeded, or what is malformed: also where a
    ///   change in it is none that `Change.init(carried:)` takes.
    /// - Complexity: O(bytes + rebuilt bytes); the latter are at most `Limit.rebuiltBytesPerSegment`.
    package init(decoding bytes: [UInt8], scope: ScopeID, isIndexed: Bool = false) throws(CodecError) {
        var decoder = try SegmentDecoder(bytes, scope: scope, isIndexed: isIndexed)
        try decoder.decodeItems()
        self.scope = scope
        isPlaced = decoder.head.isPlaced
        items = decoder.items
        authors = decoder.authors
        origins = decoder.operations.origins
        recordIndices = decoder.operations.mentions
        operationBytes = decoder.operations.rebuilt.bytes
        indexed = decoder.operations.index?.operations(in: operationBytes)
        forms = decoder.operations.columns.map(\.form)
    }

    /// The memory that a segment takes once it is decoded, about: its head alone is read, and announces it.
    ///
    /// - Throws: `CodecError` where the bytes are no segment.
    package static func announcedMemory(of bytes: [UInt8]) throws(CodecError) -> Int {
        var reader = ByteReader(bytes)
        let head = try SegmentHead(from: &reader)
        // An operation that is looked at takes as much as the 120 bytes that it takes in columns; an item is a change.
        return head.rebuiltBytes + 240 * head.operations + 512 * head.items + 128 * head.origins
    }

    /// Whether every change of an encoded segment was placed with verdict ok; nothing else of it is read.
    ///
    /// - Throws: `CodecError` where the bytes are no segment.
    package static func isAllOK(encoded bytes: [UInt8]) throws(CodecError) -> Bool {
        var reader = ByteReader(bytes)
        let head = try SegmentHead(from: &reader)
        // Zeros at the end of a column are left out, and ok is 0.
        return head.isPlaced ? try head.readStreams(from: &reader)[SegmentStream.verdicts.rawValue].isAtEnd : false
    }

    /// The change's records, in its order.
    package func records(of change: SegmentChange) -> [RecordOrigin] {
        recordIndices[change.records].map { origins[$0] }
    }

    package func operations(of change: SegmentChange) throws(CodecError) -> Operations {
        try Operations(Array(operationBytes[change.operationBytes]))
    }

    /// The canonical header; hashes the operations.
    ///
    /// - Parameter previous: the hash of the feed's change before, or its start.
    package func header(of change: SegmentChange, previous: Hash256) -> ChangeHeader {
        header(
            of: change, previous: previous, operationsHash: Operations.hash(operationBytes, change.operationBytes))
    }

    /// The same where the operations were hashed already.
    package func header(
        of change: SegmentChange, previous: Hash256, operationsHash: Hash256
    ) -> ChangeHeader {
        let author = authors[change.author]
        return ChangeHeader(
            scope: scope, dot: change.dot, previous: previous, stamp: change.stamp, zoneMinutes: author.zoneMinutes,
            person: author.person, schema: author.schema, context: change.context, operationsHash: operationsHash,
            parts: change.parts)
    }

    /// The change as it lies in a row of its own; nothing is hashed.
    package func carried(_ change: SegmentChange) -> [UInt8] {
        let author = authors[change.author]
        var writer = ByteWriter(reserving: change.operationBytes.count + 96)
        writer.write(Change.carriedFormat)
        writer.write(change.stamp.rawValue)
        author.encode(into: &writer)
        writer.write(change.context.count)
        for reference in change.context { reference.encode(into: &writer) }
        writer.write(change.parts.count)
        for part in change.parts { writer.write(part.subject) }
        for part in change.parts { writer.write(part.commitment) }
        writer.write(operationBytes[change.operationBytes])
        return writer.bytes
    }
}
