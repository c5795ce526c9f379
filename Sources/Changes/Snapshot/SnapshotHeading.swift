import Causality

/// What is kept of a change whose body a snapshot replaced: who made it, and when by the author's clock.
package struct SnapshotHeading: Hashable, Sendable {
    package let stamp: HybridTimestamp
    package let zoneMinutes: Int16
    package let person: Text

    package init(stamp: HybridTimestamp, zoneMinutes: Int16, person: Text) {
        self.stamp = stamp
        self.zoneMinutes = zoneMinutes
        self.person = person
    }

    package init(_ header: ChangeHeader) {
        self.init(stamp: header.stamp, zoneMinutes: header.zoneMinutes, person: header.person)
    }
}

/// The headings of all dots that some records name, in the order in which they name them first.
enum SnapshotHeadings {
    private struct Author: Hashable {
        let zoneMinutes: Int16
        let person: Text
    }

    static func encode(
        _ headings: [Dot: SnapshotHeading], of records: [SnapshotRecord], into writer: inout ByteWriter
    ) {
        var authors: [Author] = []
        var indices: [Author: Int] = [:]
        var column = ByteWriter()
        var stamps = ByteWriter()
        for named in dots(of: records) {
            guard let heading = headings[named.dot] else { preconditionFailure("\(named.dot) has no heading") }
            let author = Author(zoneMinutes: heading.zoneMinutes, person: heading.person)
            let index = indices[author] ?? authors.count
            if index == authors.count {
                indices[author] = index
                authors.append(author)
            }
            column.write(index)
            // Nearly always the effective time is the stamp.
            stamps.write(signed: Int64(bitPattern: heading.stamp.rawValue &- named.time.rawValue))
        }
        writer.write(authors.count)
        for author in authors {
            writer.write(signed: Int64(author.zoneMinutes))
            writer.write(author.person)
        }
        writer.write(column.bytes)
        writer.write(stamps.bytes)
    }

    /// - Parameter named: the dots that the records name, as their decoder met them.
    static func decode(
        of named: [NamedDot], from reader: inout ByteReader
    ) throws(CodecError) -> [Dot: SnapshotHeading] {
        let count = try reader.readCount(.authorsPerSnapshotChunk, leastBytes: 2)
        var authors: [Author] = []
        authors.reserveCapacity(count)
        for _ in 0..<count {
            let start = reader.index
            guard let zone = Int16(exactly: try reader.readSigned()) else { throw .integer(at: start) }
            authors.append(Author(zoneMinutes: zone, person: try reader.readText(.nameBytes)))
        }
        var column = try reader.readNested(.bytesPerSnapshotChunk)
        var stamps = try reader.readNested(.bytesPerSnapshotChunk)
        var headings: [Dot: SnapshotHeading] = [:]
        headings.reserveCapacity(named.count)
        for dot in named {
            let start = column.index
            let index = try column.readInteger()
            guard index < UInt64(authors.count) else { throw .malformed("there is no such author", at: start) }
            let author = authors[Int(index)]
            let difference = UInt64(bitPattern: try stamps.readSigned())
            headings[dot.dot] = SnapshotHeading(
                stamp: HybridTimestamp(rawValue: dot.time.rawValue &+ difference), zoneMinutes: author.zoneMinutes,
                person: author.person)
        }
        try column.finish()
        try stamps.finish()
        return headings
    }

    /// Each once, with the time that is named with it first.
    private static func dots(of records: [SnapshotRecord]) -> [NamedDot] {
        var seen: Set<Dot> = []
        var result: [NamedDot] = []
        for record in records {
            record.forEachDot { dot, time in
                if seen.insert(dot).inserted { result.append(NamedDot(dot: dot, time: time)) }
            }
        }
        return result
    }
}
