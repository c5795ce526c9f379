import Causality
import Changes
import Replication
import SQLiteKit

extension SQLiteTransaction {
    // MARK: - Writing

    package func append(
        _ change: Change, records: [RecordID], parts: [[UInt8]?], placement: Placement?
    ) throws -> StoredChange {
        let stored = try append(
            change.header, operations: change.operations, hash: change.hash, records: records, placement: placement)
        try insert(parts, of: change.header)
        return stored
    }

    package func append(stub header: ChangeHeader, hash: Hash256, placement: Placement) throws {
        _ = try append(header, operations: nil, hash: hash, records: [], placement: placement)
        try insert(header.parts.map { _ in nil }, of: header)
    }

    /// Without the parts, which have rows of their own.
    func append(
        _ header: ChangeHeader, operations: [UInt8]?, hash: Hash256, records: [RecordID], placement: Placement?
    ) throws -> StoredChange {
        let scope = try scopeRow(header.scope)
        let feed = try feedRow(header.feed, scope: scope, start: header.previous)
        let order: Int64
        if let placement {
            order = StoredChange.order(at: placement.position)
            try notePlaced(header.dot, scope: scope)
        } else {
            let number = try nextNumber()
            caches.lag.note(unplaced: number)
            order = StoredChange.order(unplaced: number)
        }
        let stored = StoredChange(
            header: header, operations: operations, hash: hash, placement: placement, order: order)
        if placement == nil {
            caches.tail.append(stored, records, scope: scope, feed: feed)
        } else {
            caches.tail.changes[LogTail.Place(scope: scope, dot: header.dot)] = LogTail.Appended(stored, records)
        }
        return stored
    }

    /// The number of the next change without an entry: 1 and up, over all scopes.
    private func nextNumber() throws -> Int64 {
        let last = try caches.lastNumber ?? lastStoredNumber()
        caches.lastNumber = last + 1
        return last + 1
    }

    private func lastStoredNumber() throws -> Int64 {
        try lastRuns().map(\.number).max() ?? 0
    }

    func notePlaced(_ dot: Dot, scope: Int64) throws {
        caches.lag.notePlaced()
        guard let feed = try cachedFeed(dot.feed, scope: scope) else { return }
        feed.placed = dot.sequence
        mark(dirty: feed)
    }

    package func place(_ dot: Dot, of scope: ScopeID, at placement: Placement) throws {
        guard let change = try change(at: dot, of: scope) else {
            preconditionFailure("there is no change \(dot) to place")
        }
        let row = try scopeRow(scope)
        guard let old = change.placement else {
            caches.tail.placed[LogTail.Place(scope: row, dot: dot)] = placement
            return try notePlaced(dot, scope: row)
        }
        precondition(
            old.position == placement.position && old.received == placement.received,
            "\(dot) has a place, and only its verdict can become another")
        guard let feed = try cachedFeed(dot.feed, scope: row) else { preconditionFailure("a placed change has a feed") }
        try connection.execute(
            "INSERT OR REPLACE INTO verdict (feed, sequence, verdict) VALUES (?, ?, ?)",
            feed.rid, Int64(dot.sequence), Int64(placement.verdict.rawValue))
        caches.verdicts[row]?[dot] = placement.verdict
    }

    // MARK: - Reading

    package func change(at dot: Dot, of scope: ScopeID) throws -> StoredChange? {
        guard let row = try heldScopeRow(scope), let feed = try cachedFeed(dot.feed, scope: row) else { return nil }
        let place = LogTail.Place(scope: row, dot: dot)
        var found = caches.tail.appended(at: place)?.change
        if found == nil {
            if dot.sequence <= feed.placed, caches.tail.placed[place] == nil {
                found =
                    try caches.containers.recentChange(at: dot, scope: row)
                    ?? segment(placing: dot, feed: feed.rid, scope: scope)?.change(at: dot)
            } else {
                found = try run(holding: dot, feed: feed.rid, scope: scope)
            }
        }
        guard var change = found else { return nil }
        if let placement = caches.tail.placed[place] { change = change.following(placement) }
        return try withLatestVerdict(change, scope: row)
    }

    package func unplaced(of scope: ScopeID, after order: Int64, limit: Int) throws -> [StoredChange] {
        var result: [StoredChange] = []
        if limit < 1 { return result }
        try visitWaitingRuns(of: scope, after: order) { place, feeds in
            let run = try run(at: place, of: scope)
            for change in run.changes
            where change.order > order && result.count < limit
                && change.dot.sequence > feeds[change.dot.feed]?.placed ?? 0
            {
                result.append(change)
            }
            return (run.number + Int64(run.changes.count) - 1, result.count < limit)
        }
        return result
    }

    package func unplacedCarried(of scope: ScopeID, after order: Int64, limit: Int) throws -> [UnplacedChange] {
        var result: [UnplacedChange] = []
        if limit < 1 { return result }
        try visitWaitingRuns(of: scope, after: order) { place, feeds in
            let body = try runBody(at: place)
            let placed = feeds[body.feed]?.placed ?? 0
            try body.visitChanges { change in
                if change.order > order, result.count < limit, change.dot.sequence > placed {
                    result.append(change)
                }
            }
            return (body.number + Int64(body.count) - 1, result.count < limit)
        }
        return result
    }

    /// Visits the runs that hold changes without an entry, in the order of their numbers: none is read that is not wanted.
    ///
    /// - Parameters:
    ///   - order: of the last change that is known.
    ///   - visit: takes the run's place and the scope's feeds; says the number of the run's last change, and whether the next run is
    ///     wanted.
    private func visitWaitingRuns(
        of scope: ScopeID, after order: Int64,
        _ visit: (RunPlace, [FeedID: StoreCaches.CachedFeed]) throws -> (last: Int64, isMoreWanted: Bool)
    ) throws {
        guard let row = try heldScopeRow(scope) else { return }
        try flushLog()
        let feeds = try loadFeeds(row)
        var after = max(StoredChange.number(ofOrder: order), 0)
        while true {
            let places = try waitingRuns(of: row, after: after, limit: SQLiteTransaction.runsPerStep)
            for place in places {
                let (last, isMoreWanted) = try visit(place, feeds)
                guard isMoreWanted else { return }
                after = last
            }
            if places.count < SQLiteTransaction.runsPerStep { return }
        }
    }

    package func unplacedCount(of scope: ScopeID) throws -> Int {
        guard let row = try heldScopeRow(scope) else { return 0 }
        return try loadFeeds(row).values.reduce(0) { $0 + Int(clamping: $1.state.sequence - $1.placed) }
    }

    package func changes(touching record: RecordID, of scope: ScopeID) throws -> [StoredChange] {
        guard let row = try heldScopeRow(scope) else { return [] }
        try flushLog()
        var found: [Dot: StoredChange] = [:]
        func note(_ change: StoredChange) throws {
            guard let bytes = change.operations, found[change.dot] == nil else { return }
            let isTouched = try EncodedOperations.recordIDs(bytes, in: scope, change: change.hash.short)
                .contains(record)
            if isTouched { found[change.dot] = try withLatestVerdict(change, scope: row) }
        }
        // Those whose entry is still to come.
        for (place, appended) in caches.tail.changes where place.scope == row { try note(appended.change) }
        for position in try segmentPositions(marking: record, scope: row) {
            for item in try segment(at: position, of: scope).items where item.isInline {
                if let change = item.change { try note(change) }
            }
        }
        for place in try runs(marking: record, scope: row) {
            for change in try run(at: place, of: scope).changes where found[change.dot] == nil {
                let isPlaced = change.dot.sequence <= (try cachedFeed(change.dot.feed, scope: row)?.placed ?? 0)
                if let change = isPlaced ? try self.change(at: change.dot, of: scope) : change { try note(change) }
            }
        }
        return found.values.sorted { $0.order < $1.order }
    }

    /// The change with the verdict that the order gave it last.
    func withLatestVerdict(_ change: StoredChange, scope row: Int64) throws -> StoredChange {
        guard let placement = change.placement, let verdict = try verdicts(of: row)[change.dot] else { return change }
        return change.following(
            Placement(position: placement.position, received: placement.received, verdict: verdict))
    }

    func verdicts(of row: Int64) throws -> [Dot: Verdict] {
        if let cached = caches.verdicts[row] { return cached }
        var verdicts: [Dot: Verdict] = [:]
        try connection.withStatement(
            "SELECT f.id, v.sequence, v.verdict FROM verdict v JOIN feed f ON f.rid = v.feed WHERE f.scope = ?"
        ) { statement in
            try statement.bind(row)
            while try statement.step() {
                let dot = Dot(
                    feed: try statement.identifier(0, "verdict"), sequence: try statement.unsigned(1, "verdict"))
                guard let verdict = UInt8(exactly: try statement.int64(2)).flatMap(Verdict.init(rawValue:)) else {
                    throw StoredValueError(table: "verdict", row: "\(dot)", reason: "there is no such verdict")
                }
                verdicts[dot] = verdict
            }
        }
        caches.verdicts[row] = verdicts
        return verdicts
    }

    /// The header of a change, from memory where it was appended lately.
    func header(of dot: Dot, scope: ScopeID) throws -> ChangeHeader? { try change(at: dot, of: scope)?.header }

    /// Who made a change that a record names; nil where it is not known.
    package func heading(of dot: Dot, in record: RecordID, scope: ScopeID) throws -> SnapshotHeading? {
        if let header = try header(of: dot, scope: scope) { return SnapshotHeading(header) }
        return try baseHeading(of: dot, in: record, scope: scope)
    }

    /// - Throws: where the feed is not known.
    func feedRow(of dot: Dot, scope: ScopeID) throws -> Int64 { try feedRow(of: dot.feed, scope: try scopeRow(scope)) }

    func feedRow(of id: FeedID, scope row: Int64) throws -> Int64 {
        guard let feed = try cachedFeed(id, scope: row) else {
            throw StoredValueError(table: "feed", row: "\(id)", reason: "the feed is unknown")
        }
        return feed.rid
    }

    // MARK: - Personal parts

    /// Keeps a row for each part that the header commits to, also where the part is not at hand.
    private func insert(_ parts: [[UInt8]?], of header: ChangeHeader) throws {
        if parts.isEmpty { return }
        let feed = try feedRow(of: header.dot, scope: header.scope)
        for (index, part) in parts.enumerated() {
            try connection.execute(
                "INSERT INTO part (feed, sequence, number, subject, body) VALUES (?, ?, ?, ?, ?)",
                feed, Int64(header.sequence), index, header.parts[index].subject.bytes, part)
        }
    }

    package func addParts(_ parts: [[UInt8]?], of dot: Dot, scope: ScopeID) throws {
        guard let (feed, sequence) = try storedPlace(of: dot, scope: scope) else { return }
        for (index, part) in parts.enumerated() {
            guard let part else { continue }
            try connection.execute(
                "UPDATE part SET body = ? WHERE body IS NULL AND feed = ? AND sequence = ? AND number = ?",
                part, feed, sequence, index)
        }
    }

    package func parts(of dot: Dot, scope: ScopeID) throws -> [[UInt8]?] {
        guard let (feed, sequence) = try storedPlace(of: dot, scope: scope) else { return [] }
        return try connection.withStatement(
            "SELECT body FROM part WHERE feed = ? AND sequence = ? ORDER BY number"
        ) { statement in
            try statement.bind(feed, sequence)
            var parts: [[UInt8]?] = []
            while try statement.step() { parts.append(try statement.optionalBytes(0)) }
            return parts
        }
    }

    /// Feed row and sequence of the place that `dot` names; nil where nothing can lie there. A dot may come from
    /// anybody's bytes, with a sequence that no column holds.
    private func storedPlace(of dot: Dot, scope: ScopeID) throws -> (feed: Int64, sequence: Int64)? {
        guard let sequence = Int64(exactly: dot.sequence), let row = try heldScopeRow(scope),
            let feed = try cachedFeed(dot.feed, scope: row)
        else { return nil }
        return (feed.rid, sequence)
    }
}

extension LogTail {
    /// Changes in a row: what is read to find one of them.
    static let changesPerRun = 256
}
