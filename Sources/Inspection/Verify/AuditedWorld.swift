import Causality
import Changes
import Replication
import SQLiteStore

/// What the audits know of a file and share: each adds to it, later ones build on it.
///
/// Whatever was found damaged is remembered here, so that what only follows from it is not blamed as well.
final class AuditedWorld {
    let role: Verifier.Role
    /// The changes that were read, each sound.
    let notes: AuditNotes

    /// Scopes that hold together, by row.
    var scopes: [Int64: ScopeState] = [:]
    var scopeRows: [ScopeID: Int64] = [:]
    /// Feeds of those scopes, by row.
    var feeds: [Int64: AuditedFeed] = [:]
    /// By scope's row, then id.
    var feedRows: [Int64: [FeedID: Int64]] = [:]
    /// By feed's row.
    var heads: [Int64: FeedHead] = [:]
    /// Some scope, feed or change cannot be read or placed, so that what refers to it is not to blame.
    var isIncomplete = false

    /// Keys of authors. Whoever a key is of follows from the key, so none needs to be trusted.
    private(set) var keys: [ReplicaID: PublicKey] = [:]
    /// This replica's own feed.
    var ownFeed: FeedID?

    /// The verdicts that later entries gave, by scope's row.
    var verdicts: [Int64: [Dot: Verdict]] = [:]
    /// By scope's row, recomputed from the contexts.
    var pasts: [Int64: PastIndex] = [:]

    /// What records stand on, by scope's row.
    var bases: [Int64: AuditedBase] = [:]
    /// Scopes with a snapshot that cannot be read: where their own changes begin is not known.
    var unreadBases: Set<Int64> = []
    /// Records from the first id up to the second, or to the end, whose base cannot be read.
    private var lostRanges: [(first: RecordID, end: RecordID?)] = []

    /// Rows of the log whose changes are not known; their marks tell which records they may touch.
    private var lostBodies: [AuditedBody] = []
    /// Something of the log is lost, and nothing tells which records it touched.
    private var hasUnmarkedLoss = false
    /// Rows of `segment` that cannot be told to be of any scope or position: each may be one that is missing.
    var unplacedSegments = 0
    /// A row of `run` is damaged: what lacks a body may lack it therefore.
    var hasDamagedRuns = false

    /// Rows of records whose id is not that of their origin, by the id that it should be.
    var recordAliases: [RecordID: Int64] = [:]
    var damagedRecords: Set<Int64> = []
    /// Rows of `source`.
    var damagedSources: Set<Int64> = []
    /// Changes that stay in quarantine though this version can fold them, by scope, with their rows: after an
    /// upgrade they wait for the next opening for writing.
    private var waitingChanges: [ScopeID: [Dot: String]] = [:]
    /// The number of the first change that records lag behind, as the setting has it; 0 where they lag behind entries.
    var firstUnfolded: Int64?
    /// Whether a scope says that they do.
    var hasUnfoldedEntries = false
    /// The same where it is a change without an entry.
    var firstUnfoldedRun: Int64? { firstUnfolded == SQLiteTransaction.unfoldedEntries ? nil : firstUnfolded }
    /// The first change of a feed that records lag behind.
    var unfolded: [ScopeID: [FeedID: UInt64]] = [:]
    /// Some change that must be in quarantine is not listed there.
    var lacksQuarantine = false

    init(role: Verifier.Role, notes: AuditNotes) {
        self.role = role
        self.notes = notes
    }

    func learn(_ key: PublicKey) { keys[key.replica] = key }

    /// Sorted.
    var knownKeys: [PublicKey] { keys.sorted { $0.key < $1.key }.map(\.value) }

    /// The feed, where it and its scope hold together.
    func feed(_ row: Int64) -> (feed: AuditedFeed, scope: ScopeState)? {
        guard let feed = feeds[row], let scope = scopes[feed.scope] else { return nil }
        return (feed, scope)
    }

    func head(of feed: AuditedFeed) -> FeedHead {
        if let head = heads[feed.rid] { return head }
        return FeedHead(hash: derivedStart(of: feed) ?? feed.start)
    }

    /// hash(0) as the author's key gives it; nil where the key is not known.
    func derivedStart(of feed: AuditedFeed) -> Hash256? {
        guard let scope = scopes[feed.scope], let key = keys[ReplicaID(feed.state.feed)] else { return nil }
        return AuditedWorld.start(key, scope)
    }

    static func start(_ key: PublicKey, _ scope: ScopeState) -> Hash256 {
        ChangeHeader.start(
            chain: scope.introduction.seed, scope: scope.id, replica: key.replica, publicKey: key.bytes)
    }

    // MARK: - What is lost

    /// Changes of the log cannot be read: which, and of which records, is told by the marks alone.
    ///
    /// - Parameter body: of their row; nil where not even its marks are at hand.
    func lose(_ body: AuditedBody?) {
        if let body { lostBodies.append(body) } else { hasUnmarkedLoss = true }
        loosen()
    }

    /// A chunk of a base cannot be read.
    func lose(from first: RecordID, to end: RecordID?) {
        lostRanges.append((first, end))
        isIncomplete = true
    }

    /// Whether a base includes the change.
    func isIncluded(_ dot: Dot, scope: Int64) -> Bool {
        bases[scope]?.heads[dot.feed].map { dot.sequence <= $0.sequence } ?? false
    }

    /// Some changes may be missing where the next ones of their feeds come.
    func loosen() {
        isIncomplete = true
        for (rid, feed) in feeds {
            var head = head(of: feed)
            head.isLoose = true
            heads[rid] = head
        }
    }

    /// Whether a change that cannot be read may touch the record.
    func mayLackChanges(of record: RecordID) -> Bool {
        hasUnmarkedLoss || lostRanges.contains { $0.first <= record && $0.end.map { record < $0 } ?? true }
            || lostBodies.contains { $0.mayHold(record) }
    }

    var hasLosses: Bool { hasUnmarkedLoss || !lostBodies.isEmpty }

    // MARK: - Changes that were read

    /// A change as it was read; nil where it is not here or was not.
    func change(feed: Int64, sequence: UInt64) throws -> DecodedChange? {
        try notes.change(feed: feed, sequence: sequence).flatMap(decoded)
    }

    func changes(naming record: RecordID) throws -> [DecodedChange] {
        try notes.changes(naming: record).compactMap(decoded)
    }

    func decoded(_ noted: NotedChange) throws -> DecodedChange? {
        guard let (feed, scope) = feed(noted.feed) else { return nil }
        let dot = Dot(feed: feed.state.feed, sequence: noted.sequence)
        return try DecodedChange(
            noted, scope: scope.id, feed: feed.state.feed, verdict: verdicts[noted.scope]?[dot])
    }

    /// Whether a change is folded already: at a replica all are but those that records lag behind.
    func isApplied(_ dot: Dot, _ placement: Placement?, in scope: ScopeState) -> Bool {
        guard let placement else { return unfolded[scope.id]?[dot.feed].map { dot.sequence < $0 } ?? true }
        return placement.position <= scope.foldedPosition
    }

    /// The row of `quarantine` that names a change which this version can fold.
    func waitingRow(of change: DecodedChange) -> String? { waitingChanges[change.header.scope]?[change.dot] }

    func noteWaiting(_ change: DecodedChange, row: String) {
        waitingChanges[change.header.scope, default: [:]][change.dot] = row
    }

    func past(of dot: Dot, scope: Int64) -> Past {
        pasts[scope]?.past(of: dot) ?? Past(of: dot, others: VersionVector())
    }
}
