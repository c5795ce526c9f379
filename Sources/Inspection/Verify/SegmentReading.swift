import Causality
import Changes
import Replication
import SQLiteStore

/// One segment's items, read against the feeds' hash chains and the runs.
final class SegmentReading {
    private let world: AuditedWorld
    private let findings: Findings
    private let changes: ChangeAudit
    private let runs: RunAudit
    private let segment: Segment
    private let stored: AuditedSegment
    private let place: ChangeAudit.Place
    private let scope: ScopeState
    /// As they are stored.
    private let rows: [AuditedStretch]
    /// Feeds met so far.
    private var keys: [Int64: StretchAudit.Key] = [:]
    private var marks = RecordMarks()
    private var position: UInt64

    /// What the history may come to; empty where it cannot be known.
    private(set) var histories: [HistoryHash]
    /// What the segment says of each feed.
    private(set) var stretches: [StretchAudit.Key: StretchAudit.Stretch] = [:]
    /// The greatest time of receipt, where clocks do not say otherwise.
    private(set) var floor: Int64
    /// Whether every body is in it.
    private(set) var isWhole = true
    /// Whether every item in it could be read.
    private(set) var isComplete = true

    init(
        _ segment: Segment, _ stored: AuditedSegment, in place: ChangeAudit.Place, of scope: ScopeState,
        rows: [AuditedStretch], histories: [HistoryHash], floor: Int64, _ audit: SegmentAudit
    ) {
        world = audit.world
        findings = audit.findings
        changes = audit.changes
        runs = audit.runs
        self.segment = segment
        self.stored = stored
        self.place = place
        self.scope = scope
        self.rows = rows
        self.histories = histories
        self.floor = floor
        position = stored.position
    }

    /// - Throws: what the file throws.
    func run() throws {
        for item in segment.items {
            do {
                try take(item)
            } catch let error as Violation {
                // What comes after it in its feed hangs in the air.
                findings.addFirst(.chain, place.table, place.row, error.reason)
                return lose()
            } catch is UnknownFeed {
                return lose()
            } catch let error as CodecError {
                findings.addFirst(.body, place.table, place.row, error.description)
                return lose()
            }
            position += 1
        }
        if isComplete, marks.encoded != stored.body.records {
            findings.addFirst(.touch, place.table, place.row, "its marks are not those of the records in it")
        }
        if !isComplete { world.lose(stored.body) }
    }

    private struct Violation: Error {
        let reason: String
    }

    /// A feed whose row cannot be read, and is named.
    private struct UnknownFeed: Error {}

    private func lose() {
        isComplete = false
        histories = []
        world.lose(stored.body)
    }

    // MARK: - Items

    private func take(_ item: SegmentItem) throws {
        switch item {
        case .full(let change):
            guard let word = change.place else { throw Violation(reason: "\(change.dot) has no place") }
            let (feed, head) = try begin(change.dot)
            if let start = word.start, !world.checkStart(start, of: feed, findings) {
                throw Violation(reason: "\(change.dot) does not follow its feed's beginning")
            }
            guard let previous = word.start ?? head.hash else { return try pass(change.dot, feed) }
            let header = segment.header(of: change, previous: previous)
            try accept(
                header, try segment.operations(of: change), word.received, word.verdict, feed,
                body: segment.carried(change)
            )
        case .stub(let received, let verdict, let bytes):
            let header = try SegmentReading.header(bytes, scope)
            let (feed, head) = try begin(header.dot)
            let follows =
                header.sequence == 1
                ? world.checkStart(header.previous, of: feed, findings)
                : head.hash.map { $0 == header.previous } ?? true
            guard follows else { throw Violation(reason: "\(header.dot) does not follow the change before it") }
            try accept(header, nil, received, verdict, feed, body: bytes)
        case .known(let dot, let received, let verdict):
            isWhole = false
            let (feed, head) = try begin(dot)
            guard let held = try runs.change(at: dot, of: feed, for: place.row) else { return try pass(dot, feed) }
            // The first change of a feed whose beginning is damaged names the true one.
            if let hash = head.hash, dot.sequence > 1, hash != held.header.previous {
                throw Violation(reason: "\(dot) does not follow the change before it")
            }
            let operations = try held.operations.map { try Operations($0) }
            try accept(held.header, operations, received, verdict, feed, body: held.carried, isInline: false)
        case .other(let entry):
            try take(entry)
        }
    }

    private static func header(_ bytes: [UInt8], _ scope: ScopeState) throws -> ChangeHeader {
        var reader = ByteReader(bytes)
        let header = try ChangeHeader(from: &reader)
        try reader.finish()
        var writer = ByteWriter(reserving: bytes.count)
        header.encode(into: &writer)
        guard header.scope == scope.id, writer.bytes == bytes else {
            throw Violation(reason: "a stub is not canonical")
        }
        return header
    }

    private func take(_ entry: Entry) throws {
        switch entry {
        case .clock(let time): floor = time
        case .verdict(let dot, let verdict):
            let feed = world.feedRows[rid]?[dot.feed]
            if !world.isIncomplete,
                try feed.flatMap({ try world.notes.change(feed: $0, sequence: dot.sequence) }) == nil
            {
                findings.addFirst(
                    .placement, place.table, place.row, "it judges the change \(dot), which has no entry before")
            }
            world.verdicts[rid, default: [:]][dot] = verdict
        case .change, .lost: break
        }
        note(entry)
    }

    private func note(_ entry: Entry) {
        let bytes = entry.encoded()
        histories = histories.map { $0.appending(bytes) }
    }

    private var rid: Int64 { stored.scope }

    // MARK: - Changes

    /// The feed of the next change, which follows its head.
    private func begin(_ dot: Dot) throws -> (AuditedFeed, FeedHead) {
        guard let feed = feed(of: dot) else {
            if world.isIncomplete { throw UnknownFeed() }
            throw Violation(reason: "the feed of \(dot) is not here")
        }
        var head = world.head(of: feed)
        let key = StretchAudit.Key(feed: feed.rid, sequence: dot.sequence)
        if keys[feed.rid] == nil {
            let row = rows.first { $0.feed == feed.rid && $0.sequence == dot.sequence }
            if head.next < dot.sequence, head.isLoose {
                try changes.knots.trust(head.next..<dot.sequence, of: feed.rid)
                head.next = dot.sequence
                head.hash = row?.hash
            } else if head.next == dot.sequence, head.hash == nil {
                head.hash = row?.hash
            }
            world.heads[feed.rid] = head
            keys[feed.rid] = key
            stretches[key] = StretchAudit.Stretch(previous: head.hash)
        }
        guard head.next == dot.sequence else {
            throw Violation(reason: "sequence \(dot.sequence) comes where \(head.next) of its feed follows")
        }
        return (feed, head)
    }

    /// The feed by its id; or one whose id is damaged, by its stretch.
    private func feed(of dot: Dot) -> AuditedFeed? {
        if let row = world.feedRows[rid]?[dot.feed] { return world.feeds[row] }
        let named = Set(segment.items.compactMap(\.feed))
        let unnamed = rows.first { row in
            row.sequence == dot.sequence && world.feeds[row.feed].map { !named.contains($0.state.feed) } ?? false
        }
        guard let unnamed, let wrong = world.feeds[unnamed.feed] else { return nil }
        findings.addFirst(.feed, "feed", "\(wrong.rid)", "its changes are of the feed \(dot.feed)")
        let feed = wrong.being(dot.feed, in: rid)
        world.feeds[feed.rid] = feed
        world.feedRows[rid, default: [:]][dot.feed] = feed.rid
        return feed
    }

    private func accept(
        _ header: ChangeHeader, _ operations: Operations?, _ received: Int64, _ verdict: Verdict, _ feed: AuditedFeed,
        body: [UInt8], isInline: Bool = true
    ) throws {
        let hash = header.hash()
        let placement = Placement(position: position, received: received, verdict: verdict)
        let change = DecodedChange(header, operations, hash: hash, placement: placement)
        note(
            .change(reference: EntryReference(dot: header.dot, hash: hash), received: received, verdict: verdict))
        floor = max(floor, received)
        if isInline { for record in change.recordIDs { marks.insert(record) } }
        advance(feed, hash)
        try changes.check(change, body: body, feed: feed, in: place)
    }

    /// A change that cannot be told: its run is damaged, or what it follows is.
    private func pass(_ dot: Dot, _ feed: AuditedFeed) throws {
        isComplete = false
        histories = []
        try changes.knots.trust(dot.sequence..<dot.sequence + 1, of: feed.rid)
        advance(feed, nil)
    }

    private func advance(_ feed: AuditedFeed, _ hash: Hash256?) {
        var head = world.head(of: feed)
        head.placed = head.next
        head.take(hash)
        world.heads[feed.rid] = head
        if let key = keys[feed.rid] { stretches[key]?.count += 1 }
    }
}

extension SegmentItem {
    /// The feed of a whole or a known change.
    fileprivate var feed: FeedID? {
        switch self {
        case .full(let change): change.dot.feed
        case .known(let dot, _, _): dot.feed
        case .stub, .other: nil
        }
    }
}
