import Causality

/// Packs items of one scope into the columns that `Segment` unpacks.
///
///     var writer = SegmentWriter(isPlaced: true)
///     guard try writer.append(change: dot, carried: bytes, place: place) else { … }  // full: encode, begin another
///     let bytes = writer.encoded()
///
/// The same items always give the same bytes. What is kept takes about as much memory as the items.
package struct SegmentWriter {
    package let isPlaced: Bool
    package private(set) var itemCount = 0

    private var operations = OperationWriter()
    private var times: [SegmentTime] = []
    private var kinds = RunWriter()
    private var feeds = ByteWriter()
    private var feedIndices: [FeedID: Int] = [:]
    /// The feed that was asked for last: most changes are of one.
    private var lastFeed: (id: FeedID, index: Int)?
    private var nextSequences: [UInt64] = []
    private var seenSequences: [UInt64] = []
    private var feedRuns = RunWriter()
    private var sequences = RunWriter()
    private var counters = RunWriter()
    private var verdicts = RunWriter()
    private var starts = ByteWriter()
    private var authors = ByteInterner()
    private var lastAuthor = 0
    private var authorList = ByteWriter()
    private var authorRuns = RunWriter()
    private var contextCounts = RunWriter()
    private var contexts = ByteWriter()
    private var partCounts = RunWriter()
    private var subjects: [SubjectID: Int] = [:]
    private var parts = ByteWriter()
    private var stubs = ByteWriter()
    private var entries = ByteWriter()
    private var stamp = HybridTimestamp.zero
    private var otherBytes = 0

    /// - Parameter isPlaced: whether the items have places in the scope's order; without, all are whole changes.
    package init(isPlaced: Bool) { self.isPlaced = isPlaced }

    package var isEmpty: Bool { itemCount == 0 }

    // MARK: - Items

    /// Takes a whole change.
    ///
    /// - Parameters:
    ///   - dot: its feed and sequence.
    ///   - bytes: its carried form, as `Change.init(carried:)` takes it.
    ///   - range: where in `bytes` it lies, if not in all of them.
    ///   - place: what the order says of it; given exactly where the segment is placed, its `start` for sequence 1.
    /// - Returns: false, and nothing has changed, where the segment is full; an empty one takes any change.
    /// - Throws: what is wrong with the bytes; nothing has changed.
    package mutating func append(
        change dot: Dot, carried bytes: [UInt8], range: Range<Int>? = nil, place: SegmentPlace?
    ) throws(CodecError) -> Bool {
        precondition((place != nil) == isPlaced, "a change has a place exactly where its segment has")
        precondition(
            place == nil || (place?.start != nil) == (dot.sequence == 1), "a feed's start comes with its first change")
        precondition(dot.sequence > 0, "a sequence starts at 1")
        var reader = ByteReader(bytes, range ?? 0..<bytes.count)
        guard reader.remaining <= Limit.bytesPerChange.value else { throw .limit(.bytesPerChange, at: reader.index) }
        let format = try reader.readInteger()
        guard format == Change.carriedFormat else { throw .unsupported("a change of format \(format)") }
        let stamp = HybridTimestamp(rawValue: try reader.readInteger())
        let author = try readAuthor(from: &reader)
        let context = try ChangeHeader.Carried.readContext(from: &reader, feed: dot.feed)
        let subjects = try ChangeHeader.Carried.readSubjects(from: &reader)
        var commitments: [Hash256] = []
        for _ in subjects { commitments.append(try reader.readHash()) }
        let range = try reader.readRange(.bytesPerChange)
        try operations.check(bytes, range)
        try reader.finish()
        guard hasRoom, operations.hasRoom(of: range.count) else { return false }
        begin(SegmentHead.Kind.full)
        write(dot)
        counters.append(
            UInt64(stamp.counter &- self.stamp.expectedCounter(at: stamp.milliseconds)))
        self.stamp = stamp
        times.append(SegmentTime(stamp: stamp.milliseconds, received: place.map { SegmentTime.held($0.received) }))
        if let place {
            verdicts.append(UInt64(place.verdict.rawValue))
            if let start = place.start { starts.write(start) }
        }
        write(author, bytes)
        write(context)
        write(subjects, commitments)
        try operations.append(bytes, of: range.count, stamp: stamp)
        return true
    }

    /// Takes a placed change that the reader holds.
    package mutating func append(known dot: Dot, received: Int64, verdict: Verdict) -> Bool {
        guard hasRoom else { return false }
        begin(SegmentHead.Kind.known)
        write(dot)
        times.append(SegmentTime(received: SegmentTime.held(received)))
        verdicts.append(UInt64(verdict.rawValue))
        return true
    }

    /// Takes a placed change of which only the header travels.
    package mutating func append(stub header: [UInt8], received: Int64, verdict: Verdict) -> Bool {
        guard hasRoom else { return false }
        begin(SegmentHead.Kind.stub)
        times.append(SegmentTime(received: SegmentTime.held(received)))
        verdicts.append(UInt64(verdict.rawValue))
        stubs.write(header)
        otherBytes += header.count
        return true
    }

    /// Takes an entry that is not of a change.
    package mutating func append(other entry: Entry) -> Bool {
        if case .change = entry { preconditionFailure("an entry of a change stands with its change") }
        guard hasRoom else { return false }
        begin(SegmentHead.Kind.other)
        entry.encode(into: &entries)
        return true
    }

    private var hasRoom: Bool {
        itemCount < Limit.itemsPerSegment.value && otherBytes <= Limit.rebuiltBytesPerSegment.value
    }

    private mutating func begin(_ kind: UInt64) {
        precondition(isPlaced || kind == SegmentHead.Kind.full, "an item without change in a segment without places")
        kinds.append(kind)
        itemCount += 1
    }

    // MARK: - Headers

    private mutating func write(_ dot: Dot) {
        let feed = index(of: dot.feed, first: dot.sequence)
        feedRuns.append(UInt64(feed))
        sequences.append(dot.sequence &- nextSequences[feed])
        nextSequences[feed] = dot.sequence &+ 1
    }

    private mutating func index(of feed: FeedID, first: UInt64) -> Int {
        if let last = lastFeed, last.id == feed { return last.index }
        if let index = feedIndices[feed] {
            lastFeed = (feed, index)
            return index
        }
        feedIndices[feed] = nextSequences.count
        nextSequences.append(first)
        seenSequences.append(first)
        feeds.write(feed)
        feeds.write(first)
        return nextSequences.count - 1
    }

    /// Who made a change and by which schema: mostly the one before.
    private enum Author {
        case last
        /// Where zone, person and schema lie, in the carried form as in the list.
        case other(Range<Int>)
    }

    private func readAuthor(from reader: inout ByteReader) throws(CodecError) -> Author {
        let start = reader.index
        let end = reader.bytes.withUnsafeBytes { bytes in
            authors.end(of: lastAuthor, in: UnsafeRawBufferPointer(rebasing: bytes[..<reader.end]), at: start)
        }
        guard let end else { return .other(try ChangeHeader.Carried.skipAuthor(from: &reader)) }
        reader.advance(by: end - start)
        return .last
    }

    private mutating func write(_ author: Author, _ bytes: [UInt8]) {
        if case .other(let range) = author {
            let (number, isNew) = authors.intern(bytes, range)
            if isNew {
                let last = number == 0 ? 0..<0 : authors.range(number - 1)
                FrontCoding.write(authors.bytes, authors.range(number), after: last, into: &authorList)
            }
            lastAuthor = number
        }
        authorRuns.append(UInt64(lastAuthor))
    }

    private mutating func write(_ context: [ChangeReference]) {
        contextCounts.append(UInt64(context.count))
        for reference in context {
            let feed = index(of: reference.dot.feed, first: reference.dot.sequence)
            contexts.write(feed)
            contexts.write(signed: Int64(bitPattern: reference.dot.sequence &- seenSequences[feed]))
            seenSequences[feed] = reference.dot.sequence
            contexts.write(reference.hash)
        }
    }

    private mutating func write(_ subjects: [SubjectID], _ commitments: [Hash256]) {
        partCounts.append(UInt64(subjects.count))
        for (subject, commitment) in zip(subjects, commitments) {
            let next = self.subjects.count
            let index = self.subjects[subject, default: next]
            parts.write(index)
            if index == next {
                self.subjects[subject] = next
                parts.write(subject)
            }
            parts.write(commitment)
        }
    }

    // MARK: - Encoding

    /// The segment's bytes: the head, the lengths of the streams, the streams.
    ///
    /// - Complexity: O(items + operations), each column several times.
    package func encoded() -> [UInt8] {
        let columns = operations.encodedColumns()
        let stampDifferences = self.stampDifferences
        var head = SegmentHead()
        head.isPlaced = isPlaced
        head.stampsNeverFall = stampDifferences.allSatisfy { $0 >= 0 }
        head.items = itemCount
        head.operations = operations.operations
        head.rebuiltBytes = operations.rebuiltBytes
        head.origins = operations.records.count
        head.columns = operations.columns.count
        var milliseconds = ByteWriter()
        for difference in stampDifferences {
            if head.stampsNeverFall {
                milliseconds.write(UInt64(difference))
            } else {
                milliseconds.write(signed: difference)
            }
        }
        let (received, followsStamp) = SegmentTime.received(times)
        head.receivedFollowsStamp = followsStamp
        var streams = Array(repeating: [UInt8](), count: SegmentStream.allCases.count)
        func set(_ stream: SegmentStream, _ bytes: [UInt8]) { streams[stream.rawValue] = bytes }
        set(.kinds, kinds.encoded())
        set(.feeds, feeds.bytes)
        set(.feedRuns, feedRuns.encoded())
        set(.sequences, sequences.encoded())
        set(.milliseconds, milliseconds.bytes)
        set(.counters, counters.encoded())
        set(.received, received)
        set(.verdicts, verdicts.encoded())
        set(.starts, starts.bytes)
        set(.authors, authorList.bytes)
        set(.authorRuns, authorRuns.encoded())
        set(.contextCounts, contextCounts.encoded())
        set(.contexts, contexts.bytes)
        set(.partCounts, partCounts.encoded())
        set(.parts, parts.bytes)
        set(.shapes, operations.shapes.bytes)
        set(.shapeCodes, operations.shapeCodes.bytes)
        set(.records, operations.records.codes.bytes)
        set(.origins, operations.records.list.bytes)
        set(.originSteps, operations.records.steps.bytes)
        set(.columns, columns.list)
        set(.stubs, stubs.bytes)
        set(.entries, entries.bytes)
        streams += columns.streams
        var writer = ByteWriter(reserving: streams.reduce(64) { $0 + $1.count + 4 })
        head.encode(into: &writer)
        head.encode(streams, into: &writer)
        return writer.bytes
    }

    private var stampDifferences: [Int64] {
        var last: Int64 = 0
        return times.compactMap(\.stamp).map { stamp in
            defer { last = stamp }
            return stamp - last
        }
    }
}
