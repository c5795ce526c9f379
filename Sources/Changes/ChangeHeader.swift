import Causality

/// Who made a change, when, after what: all of it but what it does and whom it concerns.
///
/// The hash of the header is the hash of the change, and the next header of the feed holds it: a feed is a hash
/// chain. A *stub* is the header alone.
package struct ChangeHeader: Hashable, Sendable {
    package let scope: ScopeID
    package let dot: Dot
    /// The hash of the feed's change before, or its start.
    package let previous: Hash256
    package let stamp: HybridTimestamp
    /// The offset of the author's clock from UTC.
    package let zoneMinutes: Int16
    /// The id of the person who acted; never a name.
    package let person: Text
    /// The schema that the operations follow, with its version.
    package let schema: Text
    /// The heads of other feeds that the author had applied since its last change in the scope, less those in
    /// the past of another listed one; sorted by feed, each once, usually none.
    package let context: [ChangeReference]
    package let operationsHash: Hash256
    package let parts: [PartCommitment]

    package init(
        scope: ScopeID, dot: Dot, previous: Hash256, stamp: HybridTimestamp, zoneMinutes: Int16, person: Text,
        schema: Text, context: [ChangeReference], operationsHash: Hash256, parts: [PartCommitment]
    ) {
        self.scope = scope
        self.dot = dot
        self.previous = previous
        self.stamp = stamp
        self.zoneMinutes = zoneMinutes
        self.person = person
        self.schema = schema
        self.context = context
        self.operationsHash = operationsHash
        self.parts = parts
    }

    package static var format: UInt64 { 1 }

    package var feed: FeedID { dot.feed }
    package var sequence: UInt64 { dot.sequence }

    /// The change's hash.
    package func hash() -> Hash256 {
        Hash256.of(.change) { writer in encode(into: &writer) }
    }

    /// hash(0) of a feed: what its first change names as the one before.
    package static func start(chain: ChainID, scope: ScopeID, replica: ReplicaID, publicKey: [UInt8]) -> Hash256 {
        Hash256.of(.feed) { writer in
            writer.write(chain)
            writer.write(scope)
            writer.write(replica)
            writer.write(publicKey)
        }
    }

    package func encode(into writer: inout ByteWriter) {
        writer.write(ChangeHeader.format)
        writer.write(scope)
        writer.write(dot.feed)
        writer.write(dot.sequence)
        writer.write(previous)
        encodeCarried(into: &writer)
        writer.write(operationsHash)
        for part in parts { writer.write(part.commitment) }
    }

    package init(from reader: inout ByteReader) throws(CodecError) {
        let format = try reader.readInteger()
        guard format == ChangeHeader.format else { throw .unsupported("a change of format \(format)") }
        let scope: ScopeID = try reader.readIdentifier()
        let dot = try Dot(from: &reader)
        let previous = try reader.readHash()
        let carried = try Carried(from: &reader, feed: dot.feed)
        let operationsHash = try reader.readHash()
        var commitments: [Hash256] = []
        for _ in carried.subjects { commitments.append(try reader.readHash()) }
        self.init(
            carried, scope: scope, dot: dot, previous: previous, operationsHash: operationsHash,
            commitments: commitments)
    }
}

package enum ChainKind {}

/// A company: the tenant of a hub. 128 random bits.
package typealias ChainID = Identifier128<ChainKind>

extension ChangeHeader {
    /// The fields of a header that a receiver cannot work out: it knows the scope, the feed, the sequence and the
    /// hash before from the run, and recomputes the hash of the operations.
    struct Carried {
        let stamp: HybridTimestamp
        let zoneMinutes: Int16
        let person: Text
        let schema: Text
        let context: [ChangeReference]
        let subjects: [SubjectID]

        /// - Parameter feed: the change's own, which its context must not name: a prefix is in the past anyway.
        init(from reader: inout ByteReader, feed: FeedID) throws(CodecError) {
            stamp = HybridTimestamp(rawValue: try reader.readInteger())
            zoneMinutes = try reader.readZone()
            person = try reader.readText(.nameBytes)
            schema = try reader.readText(.nameBytes)
            context = try Carried.readContext(from: &reader, feed: feed)
            subjects = try Carried.readSubjects(from: &reader)
        }

        /// Passes over who made the change and by which schema: zone, person and schema.
        static func skipAuthor(from reader: inout ByteReader) throws(CodecError) -> Range<Int> {
            let start = reader.index
            _ = try reader.readZone()
            _ = try reader.skipText(.nameBytes)
            _ = try reader.skipText(.nameBytes)
            return start..<reader.index
        }

        static func readContext(
            from reader: inout ByteReader, feed: FeedID
        ) throws(CodecError) -> [ChangeReference] {
            let contextCount = try reader.readCount(.contextEntries, leastBytes: 33)
            var context: [ChangeReference] = []
            for _ in 0..<contextCount {
                let position = reader.index
                try Carried.append(try ChangeReference(from: &reader), to: &context, of: feed, at: position)
            }
            return context
        }

        static func readSubjects(from reader: inout ByteReader) throws(CodecError) -> [SubjectID] {
            let partCount = try reader.readCount(.partsPerChange, leastBytes: 16)
            var subjects: [SubjectID] = []
            for _ in 0..<partCount {
                let position = reader.index
                let subject: SubjectID = try reader.readIdentifier()
                try Carried.check(subject, after: subjects.last, at: position)
                subjects.append(subject)
            }
            return subjects
        }

        /// Takes the next reference of a context of a change of `feed`.
        static func append(
            _ reference: ChangeReference, to context: inout [ChangeReference], of feed: FeedID, at position: Int
        ) throws(CodecError) {
            if let last = context.last, last.dot.feed >= reference.dot.feed {
                throw .malformed("a context is not sorted by feed", at: position)
            }
            guard reference.dot.feed != feed else { throw .malformed("a context names its own feed", at: position) }
            context.append(reference)
        }

        static func check(_ subject: SubjectID, after last: SubjectID?, at position: Int) throws(CodecError) {
            if let last, last >= subject {
                throw .malformed("personal parts are not sorted by subject", at: position)
            }
        }
    }

    func encodeCarried(into writer: inout ByteWriter) {
        writer.write(stamp.rawValue)
        writer.write(signed: Int64(zoneMinutes))
        writer.write(person)
        writer.write(schema)
        writer.write(context.count)
        for reference in context { reference.encode(into: &writer) }
        writer.write(parts.count)
        for part in parts { writer.write(part.subject) }
    }

    /// How many bytes `encodeCarried` writes.
    var carriedByteCount: Int {
        var count = ByteWriter.byteCount(of: stamp.rawValue) + ByteWriter.byteCount(ofSigned: Int64(zoneMinutes))
        for name in [person, schema] {
            let length = name.string.utf8.count
            count += ByteWriter.byteCount(of: UInt64(length)) + length
        }
        count += ByteWriter.byteCount(of: UInt64(context.count)) + ByteWriter.byteCount(of: UInt64(parts.count))
        for reference in context { count += reference.byteCount }
        return count + 16 * parts.count
    }

    init(
        _ carried: Carried, scope: ScopeID, dot: Dot, previous: Hash256, operationsHash: Hash256,
        commitments: [Hash256]
    ) {
        self.init(
            scope: scope, dot: dot, previous: previous, stamp: carried.stamp, zoneMinutes: carried.zoneMinutes,
            person: carried.person, schema: carried.schema, context: carried.context, operationsHash: operationsHash,
            parts: zip(carried.subjects, commitments).map(PartCommitment.init))
    }
}
