import Causality

/// One step of a run of changes of one scope.
package enum SegmentItem: Hashable, Sendable {
    case full(SegmentChange)
    /// The reader holds the change; its hash comes from there.
    case known(dot: Dot, received: Int64, verdict: Verdict)
    /// The canonical header alone: of a change that is void, held or lost.
    case stub(received: Int64, verdict: Verdict, header: [UInt8])
    /// A step of the order that is not of a change.
    case other(Entry)
}

/// What the order says of a change that lies in a placed segment.
package struct SegmentPlace: Hashable, Sendable {
    /// Milliseconds since 1970, by the hub's clock.
    package let received: Int64
    package let verdict: Verdict
    /// What a feed's first change names as the one before; there for sequence 1, absent otherwise.
    package let start: Hash256?

    package init(received: Int64, verdict: Verdict, start: Hash256? = nil) {
        self.received = received
        self.verdict = verdict
        self.start = start
    }
}

/// A whole change of a decoded segment. What may be long lies in the segment, shared; the ranges lead there.
package struct SegmentChange: Hashable, Sendable {
    package let dot: Dot
    package let stamp: HybridTimestamp
    /// An index into `Segment.authors`.
    package let author: Int
    /// Sorted by feed, each once.
    package let context: [ChangeReference]
    /// Sorted by subject, each once.
    package let parts: [PartCommitment]
    /// Into `Segment.recordIndices`: the change's records in their order.
    package let records: Range<Int>
    /// Into `Segment.operationBytes`: the canonical operations.
    package let operationBytes: Range<Int>
    /// Absent in a segment that is not placed.
    package let place: SegmentPlace?
}

/// Who made a change and by which schema: the fields of its header that hardly change from one to the next.
package struct SegmentAuthor: Hashable, Sendable {
    package let zoneMinutes: Int16
    package let person: Text
    package let schema: Text

    init(zoneMinutes: Int16, person: Text, schema: Text) {
        self.zoneMinutes = zoneMinutes
        self.person = person
        self.schema = schema
    }

    /// As in a header: zone, person, schema.
    init(from reader: inout ByteReader) throws(CodecError) {
        zoneMinutes = try reader.readZone()
        person = try reader.readText(.nameBytes)
        schema = try reader.readText(.nameBytes)
    }

    func encode(into writer: inout ByteWriter) {
        writer.write(signed: Int64(zoneMinutes))
        writer.write(person)
        writer.write(schema)
    }
}
