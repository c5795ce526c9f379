import Causality

/// Reads a segment, item after item; each stream is read forward once.
struct SegmentDecoder {
    let head: SegmentHead
    private(set) var items: [SegmentItem] = []
    private(set) var authors: [SegmentAuthor] = []
    private(set) var operations: OperationDecoder

    private let scope: ScopeID
    private var feeds: [Feed] = []
    private var lastFeed = 0
    private var stamp = HybridTimestamp.zero
    private var received: Int64 = 0
    private var subjects: [SubjectID] = []
    /// Canonical bytes of the authors.
    private var authorBytes: [UInt8] = []
    private var lastAuthor = 0..<0

    private var kinds: RunReader
    private var feedRuns: RunReader
    private var sequences: RunReader
    private var milliseconds: ByteReader
    private var counters: RunReader
    private var receivedTimes: ByteReader
    private var verdicts: RunReader
    private var starts: ByteReader
    private var authorList: ByteReader
    private var authorRuns: RunReader
    private var contextCounts: RunReader
    private var contexts: ByteReader
    private var partCounts: RunReader
    private var parts: ByteReader
    private var stubs: ByteReader
    private var entries: ByteReader

    private struct Feed {
        let id: FeedID
        /// The sequence that its next item most likely has.
        var next: UInt64
        /// The sequence at which a context named it last.
        var seen: UInt64
    }

    /// - Parameter isIndexed: whether to note where the operations lie.
    init(_ bytes: [UInt8], scope: ScopeID, isIndexed: Bool) throws(CodecError) {
        var reader = ByteReader(bytes)
        head = try SegmentHead(from: &reader)
        let streams = try head.readStreams(from: &reader)
        func stream(_ name: SegmentStream) -> ByteReader { streams[name.rawValue] }
        self.scope = scope
        operations = try OperationDecoder(head, streams, isIndexed: isIndexed)
        kinds = RunReader(stream(.kinds))
        feedRuns = RunReader(stream(.feedRuns))
        sequences = RunReader(stream(.sequences))
        milliseconds = stream(.milliseconds)
        counters = RunReader(stream(.counters))
        receivedTimes = stream(.received)
        verdicts = RunReader(stream(.verdicts))
        starts = stream(.starts)
        authorList = stream(.authors)
        authorRuns = RunReader(stream(.authorRuns))
        contextCounts = RunReader(stream(.contextCounts))
        contexts = stream(.contexts)
        partCounts = RunReader(stream(.partCounts))
        parts = stream(.parts)
        stubs = stream(.stubs)
        entries = stream(.entries)
        var list = stream(.feeds)
        while !list.isAtEnd {
            let id: FeedID = try list.readIdentifier()
            let first = try list.readInteger()
            feeds.append(Feed(id: id, next: first, seen: first))
        }
    }

    mutating func decodeItems() throws(CodecError) {
        items.reserveCapacity(head.items)
        for _ in 0..<head.items {
            let position = kinds.index
            switch try kinds.next() {
            case SegmentHead.Kind.full: items.append(.full(try readChange()))
            case let kind where !head.isPlaced:
                throw .malformed("item kind \(kind) is in a segment without places", at: position)
            case SegmentHead.Kind.known:
                let dot = try readDot()
                items.append(.known(dot: dot, received: try readReceived(), verdict: try readVerdict()))
            case SegmentHead.Kind.stub:
                items.append(
                    .stub(received: try readReceived(), verdict: try readVerdict(), header: try readStub()))
            case SegmentHead.Kind.other:
                let start = entries.index
                let entry = try Entry(from: &entries)
                if case .change = entry { throw .malformed("an entry of a change stands alone", at: start) }
                items.append(.other(entry))
            case let kind: throw .malformed("item kind \(kind) does not exist", at: position)
            }
        }
        try finish()
    }

    private func finish() throws(CodecError) {
        for runs in [kinds, feedRuns, sequences, counters, verdicts, authorRuns, contextCounts, partCounts] {
            try runs.finish()
        }
        for stream in [milliseconds, receivedTimes, starts, authorList, contexts, parts, stubs, entries] {
            try stream.finish()
        }
        try operations.finish(at: kinds.index)
    }

    // MARK: - A change

    private mutating func readChange() throws(CodecError) -> SegmentChange {
        let position = milliseconds.index
        let dot = try readDot()
        try readStamp()
        let place = head.isPlaced ? try readPlace(of: dot) : nil
        let author = try readAuthor()
        let contextCount = try contextCounts.next()
        let context = contextCount == 0 ? [] : try readContext(contextCount, of: dot.feed)
        let partCount = try partCounts.next()
        let parts = partCount == 0 ? [] : try readParts(partCount)
        let ranges = try operations.next(stamp: stamp, at: position)
        let change = SegmentChange(
            dot: dot, stamp: stamp, author: author, context: context, parts: parts, records: ranges.records,
            operationBytes: ranges.bytes, place: place)
        // All but the operations is at most 33 bytes for each of 64 references, 48 for each of 256 parts, and names.
        if ranges.bytes.count > Limit.bytesPerChange.value - 1 << 15 { try checkSize(of: change, at: position) }
        return change
    }

    private func checkSize(of change: SegmentChange, at position: Int) throws(CodecError) {
        var writer = ByteWriter()
        writer.write(Change.carriedFormat)
        writer.write(change.stamp.rawValue)
        authors[change.author].encode(into: &writer)
        writer.write(change.context.count)
        for reference in change.context { reference.encode(into: &writer) }
        writer.write(change.parts.count)
        writer.write(change.operationBytes.count)
        let count = writer.count + 48 * change.parts.count + change.operationBytes.count
        guard count <= Limit.bytesPerChange.value else { throw .limit(.bytesPerChange, at: position) }
    }

    private mutating func readDot() throws(CodecError) -> Dot {
        let position = feedRuns.index
        let index = try feedRuns.next()
        guard index < UInt64(feeds.count) else { throw .malformed("a feed is not listed", at: position) }
        let feed = Int(index)
        let sequence = feeds[feed].next &+ (try sequences.next())
        guard sequence > 0 else { throw .malformed("a sequence starts at 1", at: position) }
        feeds[feed].next = sequence &+ 1
        return Dot(feed: feeds[feed].id, sequence: sequence)
    }

    private mutating func readStamp() throws(CodecError) {
        let position = milliseconds.index
        let difference =
            head.stampsNeverFall
            ? Int64(bitPattern: try milliseconds.readInteger()) : try milliseconds.readSigned()
        let time = stamp.milliseconds &+ difference
        guard (0...HybridTimestamp.greatestMilliseconds).contains(time) else { throw .integer(at: position) }
        let step = UInt16(truncatingIfNeeded: try counters.next())
        stamp = HybridTimestamp(milliseconds: time, counter: stamp.expectedCounter(at: time) &+ step)
    }

    private mutating func readReceived() throws(CodecError) -> Int64 {
        let position = receivedTimes.index
        received &+= try receivedTimes.readSigned()
        guard (0...HybridTimestamp.greatestMilliseconds).contains(received) else { throw .integer(at: position) }
        return received
    }

    private mutating func readVerdict() throws(CodecError) -> Verdict {
        let position = verdicts.index
        let number = try verdicts.next()
        guard let verdict = Verdict(rawValue: UInt8(clamping: number)) else {
            throw .malformed("verdict \(number) does not exist", at: position)
        }
        return verdict
    }

    private mutating func readPlace(of dot: Dot) throws(CodecError) -> SegmentPlace {
        if head.receivedFollowsStamp { received = stamp.milliseconds }
        let received = try readReceived()
        let verdict = try readVerdict()
        return SegmentPlace(
            received: received, verdict: verdict, start: dot.sequence == 1 ? try starts.readHash() : nil)
    }

    private mutating func readAuthor() throws(CodecError) -> Int {
        let position = authorRuns.index
        let index = try authorRuns.next()
        if index < UInt64(authors.count) { return Int(index) }
        guard index == UInt64(authors.count) else { throw .malformed("an author is not listed", at: position) }
        lastAuthor = try FrontCoding.read(
            from: &authorList, after: lastAuthor, into: &authorBytes, limit: SegmentDecoder.greatestAuthorBytes)
        var reader = ByteReader(authorBytes, lastAuthor)
        authors.append(try SegmentAuthor(from: &reader))
        try reader.finish()
        return authors.count - 1
    }

    /// A zone, and two names behind their counts.
    private static let greatestAuthorBytes = 2 + 2 * (2 + Limit.nameBytes.value)

    private mutating func readContext(_ count: UInt64, of feed: FeedID) throws(CodecError) -> [ChangeReference] {
        let position = contexts.index
        guard count <= UInt64(Limit.contextEntries.value) else { throw .limit(.contextEntries, at: position) }
        var context: [ChangeReference] = []
        for _ in 0..<count {
            let position = contexts.index
            let index = try contexts.readInteger()
            guard index < UInt64(feeds.count) else { throw .malformed("a feed is not listed", at: position) }
            let sequence = feeds[Int(index)].seen &+ UInt64(bitPattern: try contexts.readSigned())
            guard sequence > 0 else { throw .malformed("a sequence starts at 1", at: position) }
            feeds[Int(index)].seen = sequence
            let dot = Dot(feed: feeds[Int(index)].id, sequence: sequence)
            let reference = ChangeReference(dot: dot, hash: try contexts.readIdentifier())
            try ChangeHeader.Carried.append(reference, to: &context, of: feed, at: position)
        }
        return context
    }

    private mutating func readParts(_ count: UInt64) throws(CodecError) -> [PartCommitment] {
        guard count <= UInt64(Limit.partsPerChange.value) else { throw .limit(.partsPerChange, at: parts.index) }
        var result: [PartCommitment] = []
        for _ in 0..<count {
            let position = parts.index
            let index = try parts.readInteger()
            if index == UInt64(subjects.count) { subjects.append(try parts.readIdentifier()) }
            guard index < UInt64(subjects.count) else { throw .malformed("a subject is not listed", at: position) }
            let subject = subjects[Int(index)]
            try ChangeHeader.Carried.check(subject, after: result.last?.subject, at: position)
            result.append(PartCommitment(subject: subject, commitment: try parts.readHash()))
        }
        return result
    }

    // MARK: - A stub

    private mutating func readStub() throws(CodecError) -> [UInt8] {
        var reader = try stubs.readNested(.bytesPerHeader)
        let start = reader.index
        let header = try ChangeHeader(from: &reader)
        try reader.finish()
        guard header.scope == scope else { throw .malformed("a stub is of another scope", at: start) }
        return Array(reader.bytes[start..<reader.end])
    }
}

extension HybridTimestamp {
    /// The counter that the next change most likely has: one more within the same millisecond, else 0.
    func expectedCounter(at time: Int64) -> UInt16 { time == milliseconds ? counter &+ 1 : 0 }
}
