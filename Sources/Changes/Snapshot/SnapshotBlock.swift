import Causality

/// What one chunk of a snapshot holds: records whose ids lie between two, who made the changes that they name, and what those changes
/// commit to of personal parts. The parts themselves travel beside it: erasing one never touches a chunk.
package struct SnapshotBlock: Sendable {
    /// In the order of `SnapshotChunk.ordered`.
    package let records: [SnapshotRecord]
    /// Of every dot that the records name.
    package let headings: SnapshotHeadings
    /// In the order of their changes and numbers.
    package let parts: [Part]

    /// The commitment to one personal part of a change that the records name.
    package struct Part: Hashable, Sendable {
        package let dot: Dot
        /// Its index among the change's parts.
        package let number: Int
        package let commitment: PartCommitment

        package init(dot: Dot, number: Int, commitment: PartCommitment) {
            self.dot = dot
            self.number = number
            self.commitment = commitment
        }

        /// Whether `bytes` are the part that was committed to in `scope`.
        package func isKept(by bytes: [UInt8], scope: ScopeID) -> Bool {
            // Bytes that are no part are not this one.
            guard let part = try? PersonalPart(bytes) else { return false }
            return part.subject == commitment.subject
                && PersonalPart.commitment(bytes, key: part.key, scope: scope, dot: dot, index: number)
                    == commitment.commitment
        }
    }

    /// - Parameter records: in any order.
    package init(records: [SnapshotRecord], headings: [Dot: SnapshotHeading], parts: [Part]) {
        self.init(ordered: SnapshotChunk.ordered(records), headings: SnapshotHeadings(headings), parts: parts)
    }

    private init(ordered records: [SnapshotRecord], headings: SnapshotHeadings, parts: [Part]) {
        self.records = records
        self.headings = headings
        self.parts = parts
    }

    /// Who made the changes that one of its records names.
    package func headings(of record: SnapshotRecord) -> [Dot: SnapshotHeading] {
        var found: [Dot: SnapshotHeading] = [:]
        record.forEachDot { dot, _ in found[dot] = headings[dot] }
        return found
    }

    package func encoded() -> [UInt8] {
        let body = SnapshotChunk.encode(records)
        var writer = ByteWriter(reserving: body.count + 1_024)
        writer.write(body)
        headings.encode(of: records, into: &writer)
        writer.write(parts.count)
        for part in parts {
            writer.write(part.dot.feed)
            writer.write(part.dot.sequence)
            writer.write(part.number)
            writer.write(part.commitment.subject)
            writer.write(part.commitment.commitment)
        }
        return writer.bytes
    }

    /// - Throws: `CodecError`.
    package init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        var decoder = try SnapshotDecoder(try reader.readBytes(.bytesPerSnapshotChunk))
        let records = try decoder.decode()
        let headings = try decoder.headings(from: &reader)
        let start = reader.index
        var parts: [Part] = []
        for _ in 0..<(try reader.readCount(.partsPerSnapshotChunk, leastBytes: 66)) {
            let dot = try Dot(from: &reader)
            let number = Int(try reader.readInteger(upTo: UInt64(Limit.partsPerChange.value)))
            let subject: SubjectID = try reader.readIdentifier()
            parts.append(
                Part(
                    dot: dot, number: number,
                    commitment: PartCommitment(subject: subject, commitment: try reader.readHash())))
        }
        for (part, next) in zip(parts, parts.dropFirst()) {
            guard part.dot < next.dot || part.dot == next.dot && part.number < next.number else {
                throw .malformed("the parts of a snapshot are not in order", at: start)
            }
        }
        try reader.finish()
        self.init(ordered: records, headings: headings, parts: parts)
    }
}

/// The personal parts of one chunk, in the order of its commitments: nil where one is not held or erased.
package enum SnapshotParts {
    package static func encode(_ parts: [[UInt8]?]) -> [UInt8] {
        var writer = ByteWriter(reserving: 256 * parts.count)
        writer.write(parts.count)
        for part in parts {
            writer.write(byte: part == nil ? 0 : 1)
            if let part { writer.write(part) }
        }
        return writer.bytes
    }

    package static func decode(_ bytes: [UInt8]) throws(CodecError) -> [[UInt8]?] {
        var reader = ByteReader(bytes)
        let count = try reader.readCount(.partsPerSnapshotChunk)
        var parts: [[UInt8]?] = []
        parts.reserveCapacity(count)
        for _ in 0..<count { parts.append(try reader.readFlag() ? try reader.readBytes(.bytesPerChange) : nil) }
        try reader.finish()
        return parts
    }
}
