import Causality

/// The headings of the changes that a chunk's records name, sorted by their dots: thousands are read where few are asked for.
package struct SnapshotHeadings: Sendable {
    private struct Author: Hashable {
        let zoneMinutes: Int16
        let person: Text
    }

    /// A change by its feed, into the chunk's feeds, and its sequence.
    struct Place: Comparable {
        let feed: Int
        let sequence: UInt64

        static func < (left: Place, right: Place) -> Bool {
            left.feed != right.feed ? left.feed < right.feed : left.sequence < right.sequence
        }
    }

    /// Sorted.
    private let feeds: [FeedID]
    /// Sorted.
    private let changes: [Place]
    /// Of each change, into `authors`; negative where it has no heading.
    private var authorOfChange: [Int32]
    private var stamps: [UInt64]
    private var authors: [Author] = []

    package init(_ headings: [Dot: SnapshotHeading]) {
        let dots = headings.keys.sorted()
        var feeds: [FeedID] = []
        var changes: [Place] = []
        for dot in dots {
            if feeds.last != dot.feed { feeds.append(dot.feed) }
            changes.append(Place(feed: feeds.count - 1, sequence: dot.sequence))
        }
        self.init(among: changes, feeds: feeds)
        var indices: [Author: Int32] = [:]
        for (change, dot) in dots.enumerated() {
            guard let heading = headings[dot] else { preconditionFailure("a key has a value") }
            let author = Author(zoneMinutes: heading.zoneMinutes, person: heading.person)
            let index = indices[author] ?? Int32(authors.count)
            if Int(index) == authors.count {
                indices[author] = index
                authors.append(author)
            }
            authorOfChange[change] = index
            stamps[change] = heading.stamp.rawValue
        }
    }

    /// None has a heading yet.
    private init(among changes: [Place], feeds: [FeedID]) {
        self.feeds = feeds
        self.changes = changes
        authorOfChange = Array(repeating: -1, count: changes.count)
        stamps = Array(repeating: 0, count: changes.count)
    }

    /// - Complexity: O(log n).
    package subscript(dot: Dot) -> SnapshotHeading? {
        let feed = feeds.lowerBound(of: dot.feed)
        guard feed < feeds.count, feeds[feed] == dot.feed else { return nil }
        let place = Place(feed: feed, sequence: dot.sequence)
        let change = changes.lowerBound(of: place)
        guard change < changes.count, changes[change] == place, authorOfChange[change] >= 0 else { return nil }
        let author = authors[Int(authorOfChange[change])]
        return SnapshotHeading(
            stamp: HybridTimestamp(rawValue: stamps[change]), zoneMinutes: author.zoneMinutes, person: author.person)
    }

    // MARK: - Bytes

    /// In the order in which the records name the changes first.
    func encode(of records: [SnapshotRecord], into writer: inout ByteWriter) {
        var authors: [Author] = []
        var indices: [Author: Int] = [:]
        var column = ByteWriter()
        var stamps = ByteWriter()
        var seen: Set<Dot> = []
        for record in records {
            record.forEachDot { dot, time in
                guard seen.insert(dot).inserted else { return }
                guard let heading = self[dot] else { preconditionFailure("\(dot) has no heading") }
                let author = Author(zoneMinutes: heading.zoneMinutes, person: heading.person)
                let index = indices[author] ?? authors.count
                if index == authors.count {
                    indices[author] = index
                    authors.append(author)
                }
                column.write(index)
                // Nearly always the effective time is the stamp.
                stamps.write(signed: Int64(bitPattern: heading.stamp.rawValue &- time.rawValue))
            }
        }
        writer.write(authors.count)
        for author in authors {
            writer.write(signed: Int64(author.zoneMinutes))
            writer.write(author.person)
        }
        writer.write(column.bytes)
        writer.write(stamps.bytes)
    }

    /// - Parameters:
    ///   - named: the changes that the records name, in that order, each once and with the time that is named with it first.
    ///   - changes: sorted.
    ///   - feeds: sorted.
    init(
        of named: some Sequence<(change: Int, time: UInt64)>, among changes: [Place], feeds: [FeedID],
        from reader: inout ByteReader
    ) throws(CodecError) {
        self.init(among: changes, feeds: feeds)
        let count = try reader.readCount(.authorsPerSnapshotChunk, leastBytes: 2)
        authors.reserveCapacity(count)
        for _ in 0..<count {
            let start = reader.index
            guard let zone = Int16(exactly: try reader.readSigned()) else { throw .integer(at: start) }
            authors.append(Author(zoneMinutes: zone, person: try reader.readText(.nameBytes)))
        }
        var column = try reader.readNested(.bytesPerSnapshotChunk)
        var differences = try reader.readNested(.bytesPerSnapshotChunk)
        for (change, time) in named {
            let start = column.index
            let index = try column.readInteger()
            guard index < UInt64(authors.count) else { throw .malformed("there is no such author", at: start) }
            authorOfChange[change] = Int32(index)
            stamps[change] = time &+ UInt64(bitPattern: try differences.readSigned())
        }
        try column.finish()
        try differences.finish()
    }
}
