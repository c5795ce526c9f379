import Causality

/// One local transaction: a header and its operations, in one scope, atomic everywhere. Immutable.
package struct Change: Hashable, Sendable {
    package let header: ChangeHeader
    /// The canonical bytes that `header.operationsHash` covers.
    package let operations: [UInt8]
    package let hash: Hash256

    /// - Precondition: `header.operationsHash` is the hash of `operations`.
    package init(header: ChangeHeader, operations: [UInt8]) {
        self.header = header
        self.operations = operations
        hash = header.hash()
    }

    package var dot: Dot { header.dot }
    package var scope: ScopeID { header.scope }
    package var reference: ChangeReference { ChangeReference(dot: dot, hash: hash.short) }

    /// The ids of the records that it names, in order.
    ///
    /// - Throws: what is wrong with the operations' bytes.
    package func recordIDs() throws(CodecError) -> [RecordID] {
        try EncodedOperations(operations).recordIDs(in: scope, change: hash.short)
    }

    /// - Throws: what is wrong with the operations' bytes.
    package func decodedOperations() throws(CodecError) -> Operations { try Operations(operations) }
}

/// The form in which a change lies on disk and travels: complete but for what its place in a feed tells.
///
/// Layout: format 1, carried header fields (stamp, zone, person, schema, context, subjects), the parts'
/// commitments, operations behind their count. Scope, feed, sequence and the hash before come from the place;
/// the hash of the operations is recomputed. From these the canonical header is rebuilt byte for byte.
extension Change {
    package static var carriedFormat: UInt64 { 1 }

    package func carried() -> [UInt8] { Change.carried(header, operations) }

    /// How many bytes the carried form has; they are not made.
    package static func carriedByteCount(_ header: ChangeHeader, _ operations: [UInt8]) -> Int {
        ByteWriter.byteCount(of: Change.carriedFormat) + header.carriedByteCount + 32 * header.parts.count
            + ByteWriter.byteCount(of: UInt64(operations.count)) + operations.count
    }

    /// The carried form of the change with this header and these operations, without hashing them.
    package static func carried(_ header: ChangeHeader, _ operations: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(reserving: operations.count + 96)
        writeCarried(header, operations, into: &writer)
        return writer.bytes
    }

    package static func writeCarried(_ header: ChangeHeader, _ operations: [UInt8], into writer: inout ByteWriter) {
        writer.write(Change.carriedFormat)
        header.encodeCarried(into: &writer)
        for part in header.parts { writer.write(part.commitment) }
        writer.write(operations)
    }

    /// Whether a change in its carried form commits to personal parts.
    package static func hasParts(carried bytes: [UInt8], _ range: Range<Int>, feed: FeedID) throws(CodecError) -> Bool {
        var reader = ByteReader(bytes, range)
        let format = try reader.readInteger()
        guard format == Change.carriedFormat else { throw .unsupported("a change of format \(format)") }
        _ = try reader.readInteger()
        _ = try ChangeHeader.Carried.skipAuthor(from: &reader)
        _ = try ChangeHeader.Carried.readContext(from: &reader, feed: feed)
        return try !ChangeHeader.Carried.readSubjects(from: &reader).isEmpty
    }

    /// Rebuilds the change at `dot` from its carried form.
    ///
    /// - Parameter checkingOperations: whether the operations are parsed, and refused when they are malformed.
    package init(
        carried bytes: [UInt8], range: Range<Int>? = nil, scope: ScopeID, dot: Dot, previous: Hash256,
        checkingOperations: Bool = true
    ) throws(CodecError) {
        let (header, operations) = try Change.decode(
            carried: bytes, range: range, scope: scope, dot: dot, previous: previous)
        if checkingOperations { _ = try Operations(operations) }
        self.init(header: header, operations: operations)
    }

    /// The header and the operations' bytes from the carried form, for a reader of its own disk: the operations are not
    /// parsed and the change is not hashed.
    package static func decode(
        carried bytes: [UInt8], range: Range<Int>? = nil, scope: ScopeID, dot: Dot, previous: Hash256
    ) throws(CodecError) -> (header: ChangeHeader, operations: [UInt8]) {
        var reader = ByteReader(bytes, range ?? 0..<bytes.count)
        guard reader.remaining <= Limit.bytesPerChange.value else {
            throw .limit(.bytesPerChange, at: reader.index)
        }
        let format = try reader.readInteger()
        guard format == Change.carriedFormat else { throw .unsupported("a change of format \(format)") }
        let carried = try ChangeHeader.Carried(from: &reader, feed: dot.feed)
        var commitments: [Hash256] = []
        for _ in carried.subjects { commitments.append(try reader.readHash()) }
        let operations = try reader.readBytes(.bytesPerChange)
        try reader.finish()
        return (
            header: ChangeHeader(
                carried, scope: scope, dot: dot, previous: previous, operationsHash: Operations.hash(operations),
                commitments: commitments),
            operations: operations
        )
    }
}
