import Causality

/// What a snapshot says of the changes that it includes, beside the records: where each feed stands, what had been seen
/// where, and what could not be folded. Of a large scope several chunks hold it, each some of it.
package struct SnapshotOrder: Hashable, Sendable {
    /// How far a feed is included.
    package struct Head: Hashable, Sendable {
        package let feed: FeedID
        /// hash(0).
        package let start: Hash256
        /// The last change that is included; 1 and up.
        package let sequence: UInt64
        package let hash: Hash256

        package init(feed: FeedID, start: Hash256, sequence: UInt64, hash: Hash256) {
            self.feed = feed
            self.start = start
            self.sequence = sequence
            self.hash = hash
        }

        package var dot: Dot { Dot(feed: feed, sequence: sequence) }
    }

    package struct FeedKnot: Hashable, Sendable {
        package let feed: FeedID
        package let knot: PastIndex.Knot

        package init(feed: FeedID, knot: PastIndex.Knot) {
            self.feed = feed
            self.knot = knot
        }
    }

    /// A change that the hub's version could not fold: it is in no record.
    package struct Unfolded: Hashable, Sendable {
        package let dot: Dot
        package let reason: Text

        package init(dot: Dot, reason: Text) {
            self.dot = dot
            self.reason = reason
        }
    }

    package var heads: [Head] = []
    package var knots: [FeedKnot] = []
    package var unfolded: [Unfolded] = []

    package init() {}

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 64 * (heads.count + knots.count) + 64)
        writer.write(heads.count)
        for head in heads {
            writer.write(head.feed)
            writer.write(head.start)
            writer.write(head.sequence)
            writer.write(head.hash)
        }
        // Each feed once, as the knots name it first.
        var feeds: [FeedID] = []
        var indices: [FeedID: Int] = [:]
        var column = ByteWriter()
        func write(_ feed: FeedID) {
            let index = indices[feed] ?? feeds.count
            if index == feeds.count {
                indices[feed] = index
                feeds.append(feed)
            }
            column.write(index)
        }
        for entry in knots {
            write(entry.feed)
            column.write(entry.knot.sequence)
            column.write(entry.knot.others.entries.count)
            for other in entry.knot.others.entries {
                write(other.feed)
                column.write(other.sequence)
            }
        }
        writer.write(feeds.count)
        for feed in feeds { writer.write(feed) }
        writer.write(knots.count)
        writer.write(raw: column.bytes)
        writer.write(unfolded.count)
        for change in unfolded {
            writer.write(change.dot.feed)
            writer.write(change.dot.sequence)
            writer.write(change.reason)
        }
        return writer.bytes
    }

    /// - Throws: `CodecError`.
    package init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        for _ in 0..<(try reader.readCount(.feedsPerSnapshot, leastBytes: 81)) {
            let feed: FeedID = try reader.readIdentifier()
            let start = try reader.readHash()
            let sequence = try SnapshotOrder.readSequence(from: &reader)
            heads.append(Head(feed: feed, start: start, sequence: sequence, hash: try reader.readHash()))
        }
        var feeds: [FeedID] = []
        for _ in 0..<(try reader.readCount(.feedsPerSnapshot, leastBytes: 16)) {
            feeds.append(try reader.readIdentifier())
        }
        for _ in 0..<(try reader.readCount(.knotsPerSnapshot, leastBytes: 3)) {
            let feed = try SnapshotOrder.readFeed(feeds, from: &reader)
            let sequence = try SnapshotOrder.readSequence(from: &reader)
            var others: [Dot] = []
            for _ in 0..<(try reader.readCount(.feedsPerSnapshot, leastBytes: 2)) {
                let other = try SnapshotOrder.readFeed(feeds, from: &reader)
                others.append(Dot(feed: other, sequence: try SnapshotOrder.readSequence(from: &reader)))
            }
            knots.append(
                FeedKnot(feed: feed, knot: PastIndex.Knot(sequence: sequence, others: VersionVector(others))))
        }
        for _ in 0..<(try reader.readCount(.knotsPerSnapshot, leastBytes: 18)) {
            let dot = try Dot(from: &reader)
            unfolded.append(Unfolded(dot: dot, reason: try reader.readText()))
        }
        try reader.finish()
    }

    private static func readSequence(from reader: inout ByteReader) throws(CodecError) -> UInt64 {
        let start = reader.index
        let sequence = try reader.readInteger(upTo: UInt64(Int64.max))
        guard sequence > 0 else { throw .malformed("a sequence starts at 1", at: start) }
        return sequence
    }

    private static func readFeed(_ feeds: [FeedID], from reader: inout ByteReader) throws(CodecError) -> FeedID {
        let start = reader.index
        let index = try reader.readInteger()
        guard index < UInt64(feeds.count) else { throw .malformed("a feed index is out of range", at: start) }
        return feeds[Int(index)]
    }
}

extension Limit {
    package static let feedsPerSnapshot = Limit("feeds in a chunk of a snapshot", 1 << 20)
    package static let knotsPerSnapshot = Limit("contexts in a chunk of a snapshot", 1 << 20)
}
