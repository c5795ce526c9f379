import Causality
import Changes
import Replication
import SQLiteKit

extension SQLiteTransaction {
    // MARK: - Scopes

    package func scopes() throws -> [ScopeState] {
        try loadScopes().values.map(\.state).sorted { $0.id < $1.id }
    }

    package func scope(_ id: ScopeID) throws -> ScopeState? { try cachedScope(id)?.state }

    /// The scope as it is kept; nil where this replica does not hold it.
    private func cachedScope(_ id: ScopeID) throws -> StoreCaches.CachedScope? {
        if let last = caches.lastScope, last.id == id { return last }
        let found = try loadScopes()[id]
        caches.lastScope = found
        return found
    }

    package func put(_ scope: ScopeState) throws {
        if let cached = try cachedScope(scope.id) {
            guard cached.state != scope else { return }
            // What it folds next has an entry.
            if !caches.lag.isNoted(scope.position, of: cached.rid) { caches.lag.mustEnd = true }
            cached.state = scope
            mark(dirty: cached)
        } else {
            try connection.execute(
                """
                INSERT INTO scope (id, name, seed, position, history, received_floor, folded_position)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
                scope.id.bytes, scope.introduction.name.string, scope.introduction.seed.bytes,
                Int64(scope.position), scope.history.hash.bytes, scope.receivedFloor, Int64(scope.foldedPosition))
            let rid = connection.lastInsertedRowID
            caches.scopes?[scope.id] = StoreCaches.CachedScope(rid: rid, state: scope)
            caches.scopeIDs[rid] = scope.id
        }
    }

    /// The scope will be written when the transaction ends.
    func mark(dirty cached: StoreCaches.CachedScope) {
        guard !cached.isDirty else { return }
        cached.isDirty = true
        caches.dirtyScopes.append(cached)
    }

    package func noteFolded(after position: UInt64, through last: UInt64, of scope: ScopeID) throws {
        guard let cached = try cachedScope(scope) else { throw CommitError.unknownScope(scope) }
        caches.lag.note(placedIn: cached, after: position, through: last)
        try writeWindow(through: last)
    }

    @discardableResult
    private func loadScopes() throws -> [ScopeID: StoreCaches.CachedScope] {
        if let scopes = caches.scopes { return scopes }
        var scopes: [ScopeID: StoreCaches.CachedScope] = [:]
        try connection.withStatement(
            "SELECT rid, id, name, seed, position, history, received_floor, folded_position FROM scope"
        ) { statement in
            while try statement.step() {
                let id: ScopeID = try statement.identifier(1, "scope")
                var state = ScopeState(
                    ScopeIntroduction(
                        scope: id, name: Text(try statement.text(2)), seed: try statement.identifier(3, "scope")))
                state.position = try statement.unsigned(4, "scope")
                state.history = HistoryHash(try statement.hash(5, "scope"))
                state.receivedFloor = try statement.int64(6)
                state.foldedPosition = try statement.unsigned(7, "scope")
                let rid = try statement.int64(0)
                guard state.foldedPosition <= state.position, state.position <= RunPlace.greatestSequence else {
                    throw StoredValueError(
                        table: "scope", row: "\(rid)",
                        reason: "it stands at \(state.position) and is folded up to \(state.foldedPosition)")
                }
                scopes[id] = StoreCaches.CachedScope(rid: rid, state: state)
                caches.scopeIDs[rid] = id
            }
        }
        caches.scopes = scopes
        return scopes
    }

    /// The row of a scope; nil where this replica does not hold it, and nothing that lies in it.
    func heldScopeRow(_ id: ScopeID) throws -> Int64? { try cachedScope(id)?.rid }

    /// The scope of a row; nil where there is none.
    func scopeID(_ row: Int64) throws -> ScopeID? {
        try loadScopes()
        return caches.scopeIDs[row]
    }

    /// The row of a scope. - Throws: where this replica does not hold it.
    func scopeRow(_ id: ScopeID) throws -> Int64 {
        guard let cached = try cachedScope(id) else { throw CommitError.unknownScope(id) }
        return cached.rid
    }

    func flushScopes() throws {
        for cached in caches.dirtyScopes {
            try connection.execute(
                """
                UPDATE scope SET position = ?, history = ?, received_floor = ?, folded_position = ? WHERE rid = ?
                """,
                Int64(cached.state.position), cached.state.history.hash.bytes, cached.state.receivedFloor,
                Int64(caches.lag.foldedPosition(of: cached.rid) ?? cached.state.foldedPosition), cached.rid)
            cached.isDirty = false
        }
        caches.dirtyScopes.removeAll(keepingCapacity: true)
        for cached in caches.dirtyFeeds {
            let (sequence, seen, placed) = (
                Int64(cached.state.sequence), Int64(cached.state.seen), Int64(cached.placed)
            )
            let (clock, differences) = (cached.unsavedClock, cached.unsavedDifferences)
            if clock == nil, differences == nil {
                // Also of a file whose feeds have no such columns yet.
                try connection.execute(
                    "UPDATE feed SET sequence = ?, hash = ?, seen = ?, placed = ? WHERE rid = ?",
                    sequence, cached.state.hash.bytes, seen, placed, cached.rid)
            } else {
                try connection.execute(
                    """
                    UPDATE feed SET sequence = ?, hash = ?, seen = ?, placed = ?, clock = coalesce(?, clock),
                        differences = coalesce(?, differences)
                    WHERE rid = ?
                    """,
                    sequence, cached.state.hash.bytes, seen, placed, clock, differences, cached.rid)
            }
            cached.unsavedClock = nil
            cached.unsavedDifferences = nil
            cached.isDirty = false
        }
        caches.dirtyFeeds.removeAll(keepingCapacity: true)
    }

    /// The feed is written when the transaction ends.
    func mark(dirty feed: StoreCaches.CachedFeed) {
        guard !feed.isDirty else { return }
        feed.isDirty = true
        caches.dirtyFeeds.append(feed)
    }

    // MARK: - Feeds

    package func feeds(of scope: ScopeID) throws -> [FeedState] {
        guard try self.scope(scope) != nil else { return [] }
        return try loadFeeds(try scopeRow(scope)).values.map(\.state).sorted { $0.feed < $1.feed }
    }

    package func unseenFeeds(of scope: ScopeID) throws -> [FeedState] {
        guard let row = try heldScopeRow(scope) else { return [] }
        var unseen: [FeedState] = []
        // Nearly always there is none.
        for cached in try loadFeeds(row).values where cached.state.seen < cached.state.sequence {
            unseen.append(cached.state)
        }
        return unseen.count > 1 ? unseen.sorted { $0.feed < $1.feed } : unseen
    }

    package func waitingFeeds(of scope: ScopeID) throws -> [FeedState] {
        guard let row = try heldScopeRow(scope) else { return [] }
        return try loadFeeds(row).values.lazy.filter { $0.placed < $0.state.sequence }.map(\.state)
            .sorted { $0.feed < $1.feed }
    }

    package func feed(_ feed: FeedID, of scope: ScopeID) throws -> FeedState? {
        guard let row = try heldScopeRow(scope) else { return nil }
        return try cachedFeed(feed, scope: row)?.state
    }

    /// A feed of a scope's row as it is kept.
    func cachedFeed(_ feed: FeedID, scope row: Int64) throws -> StoreCaches.CachedFeed? {
        if let last = caches.lastFeed, last.scope == row, last.feed == feed { return last }
        let found = try loadFeeds(row)[feed]
        caches.lastFeed = found
        return found
    }

    package func put(_ feed: FeedState, of scope: ScopeID) throws {
        let row = try scopeRow(scope)
        if let cached = try cachedFeed(feed.feed, scope: row) {
            guard cached.state != feed else { return }
            cached.state = feed
            mark(dirty: cached)
        } else {
            // Found in review: a feed that was first put at a later head had that head for its start.
            precondition(feed.sequence == 0, "the feed \(feed.feed) is put before its start is known")
            try insert(feed, scope: row, start: feed.hash)
        }
    }

    /// - Parameter start: hash(0) of the feed.
    @discardableResult
    private func insert(_ feed: FeedState, scope row: Int64, start: Hash256) throws -> Int64 {
        try connection.execute(
            "INSERT INTO feed (scope, id, start, sequence, hash, seen, placed) VALUES (?, ?, ?, ?, ?, ?, 0)",
            row, feed.feed.bytes, start.bytes, Int64(feed.sequence), feed.hash.bytes, Int64(feed.seen))
        let rid = connection.lastInsertedRowID
        caches.feeds[row]?[feed.feed] = StoreCaches.CachedFeed(
            rid: rid, scope: row, state: feed, start: start, placed: 0)
        caches.feedIDs[rid] = feed.feed
        return rid
    }

    @discardableResult
    func loadFeeds(_ row: Int64) throws -> [FeedID: StoreCaches.CachedFeed] {
        if let feeds = caches.feeds[row] { return feeds }
        var feeds: [FeedID: StoreCaches.CachedFeed] = [:]
        try connection.withStatement(
            "SELECT rid, id, start, sequence, hash, seen, placed FROM feed WHERE scope = ?"
        ) { statement in
            try statement.bind(row)
            while try statement.step() {
                let id: FeedID = try statement.identifier(1, "feed")
                let start = try statement.hash(2, "feed")
                var state = FeedState(feed: id, start: start)
                state.sequence = try statement.unsigned(3, "feed")
                state.hash = try statement.hash(4, "feed")
                state.seen = try statement.unsigned(5, "feed")
                let rid = try statement.int64(0)
                let placed = try statement.unsigned(6, "feed")
                guard placed <= state.sequence, state.sequence <= RunPlace.greatestSequence else {
                    throw StoredValueError(
                        table: "feed", row: "\(rid)",
                        reason: "it stands at change \(state.sequence), of which \(placed) have a place")
                }
                feeds[id] = StoreCaches.CachedFeed(
                    rid: rid, scope: row, state: state, start: start, placed: placed)
                caches.feedIDs[rid] = id
            }
        }
        caches.feeds[row] = feeds
        return feeds
    }

    /// The row of a feed, made where the feed is new: a change is appended before its feed is put.
    func feedRow(_ feed: FeedID, scope row: Int64, start: Hash256) throws -> Int64 {
        if let cached = try cachedFeed(feed, scope: row) { return cached.rid }
        return try insert(FeedState(feed: feed, start: start), scope: row, start: start)
    }

    /// The id of a feed's row; the feed's scope is known.
    func feedID(_ rid: Int64) throws -> FeedID {
        if let id = caches.feedIDs[rid] { return id }
        let id: FeedID = try connection.withStatement("SELECT id FROM feed WHERE rid = ?") { statement in
            try statement.bind(rid)
            guard try statement.step() else {
                throw StoredValueError(table: "feed", row: "\(rid)", reason: "the row is missing")
            }
            return try statement.identifier(0, "feed")
        }
        caches.feedIDs[rid] = id
        return id
    }
}
