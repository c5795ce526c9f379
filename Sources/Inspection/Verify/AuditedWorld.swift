import Causality
import Changes
import Replication
import SQLiteStore

/// What the audits know of a file and share: each adds to it, later ones build on it.
///
/// Whatever was found damaged is remembered here, so that what only follows from it is not blamed as well.
final class AuditedWorld {
    let role: Verifier.Role

    /// Scopes that hold together, by row.
    var scopes: [Int64: ScopeState] = [:]
    var scopeRows: [ScopeID: Int64] = [:]
    /// Feeds of those scopes, by row.
    var feeds: [Int64: AuditedFeed] = [:]
    /// By scope's row, then id.
    var feedRows: [Int64: [FeedID: Int64]] = [:]
    /// Some scope, feed or change cannot be read or placed, so that what refers to it is not to blame.
    var isIncomplete = false

    /// Keys of authors. Whoever a key is of follows from the key, so none needs to be trusted.
    private(set) var keys: [ReplicaID: PublicKey] = [:]
    /// This replica's own feed.
    var ownFeed: FeedID?

    /// The verdicts that later entries gave, by scope's row.
    var verdicts: [Int64: [Dot: Verdict]] = [:]
    var damagedEntries: Set<EntryPlace> = []

    /// By scope's row, recomputed from the contexts.
    var pasts: [Int64: PastIndex] = [:]
    /// Numbers of changes that are damaged: nothing is concluded from them.
    var suspects: Set<Int64> = []

    /// Rows of records whose id is not that of their origin, by the id that it should be.
    var recordAliases: [RecordID: Int64] = [:]
    var damagedRecords: Set<Int64> = []
    /// Changes that stay in quarantine though this version can fold them, by number, with their rows: after an
    /// upgrade they wait for the next opening for writing.
    var waitingChanges: [Int64: String] = [:]
    /// Some change that must be in quarantine is not listed there.
    var lacksQuarantine = false

    /// Rows of records of which some touch is missing: they cannot be folded again.
    var untouchedRecords: Set<Int64> = []

    struct EntryPlace: Hashable {
        let scope: Int64
        let position: UInt64
    }

    init(role: Verifier.Role) { self.role = role }

    func learn(_ key: PublicKey) { keys[key.replica] = key }

    /// The feed, where it and its scope hold together.
    func feed(_ row: Int64) -> (feed: AuditedFeed, scope: ScopeState)? {
        guard let feed = feeds[row], let scope = scopes[feed.scope] else { return nil }
        return (feed, scope)
    }

    /// Whether changes at this place of the order are folded already: at a replica all of them are.
    func isApplied(_ placement: Placement?, in scope: ScopeState) -> Bool {
        guard role == .hub, let placement else { return true }
        return placement.position <= scope.foldedPosition
    }

    func past(of dot: Dot, scope: Int64) -> Past {
        pasts[scope]?.past(of: dot) ?? Past(of: dot, others: VersionVector())
    }
}
