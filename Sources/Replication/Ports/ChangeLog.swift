import Causality
import Changes

/// One scope as a replica holds it.
package struct ScopeState: Hashable, Sendable {
    package let introduction: ScopeIntroduction
    /// How many entries of the scope's order are applied here.
    package var position: UInt64
    package var history: HistoryHash
    /// On the hub: the greatest received time of a newly placed entry; no later one is less.
    package var receivedFloor: Int64
    /// On the hub and on replicas alike: the position up to which records are folded.
    package var foldedPosition: UInt64

    package init(_ introduction: ScopeIntroduction) {
        self.introduction = introduction
        position = 0
        history = HistoryHash(chain: introduction.seed, scope: introduction.scope)
        receivedFloor = 0
        foldedPosition = 0
    }

    package var id: ScopeID { introduction.scope }
}

/// How far a feed is known here.
package struct FeedState: Hashable, Sendable {
    package let feed: FeedID
    /// The last known change: sequence 0 and the feed's start hash when there is none.
    package var sequence: UInt64
    package var hash: Hash256
    /// The sequence of this feed that the local replica's own last change in the scope had in its past: what lies
    /// beyond goes into the next context.
    package var seen: UInt64

    package init(feed: FeedID, start: Hash256) {
        self.feed = feed
        sequence = 0
        hash = start
        seen = 0
    }

    package var head: ChangeReference { ChangeReference(dot: Dot(feed: feed, sequence: sequence), hash: hash.short) }
}

/// Where the hub put a change, and when it came.
package struct Placement: Hashable, Sendable {
    package let position: UInt64
    package let received: Int64
    package let verdict: Verdict

    package init(position: UInt64, received: Int64, verdict: Verdict) {
        self.position = position
        self.received = received
        self.verdict = verdict
    }
}

/// A change as it is kept.
package struct StoredChange: Hashable, Sendable {
    package let header: ChangeHeader
    /// Nil for a stub.
    package let operations: [UInt8]?
    package let hash: Hash256
    package var placement: Placement?
    /// Where it comes among the scope's changes here: 1 and up, each change after its past. A change without an entry
    /// comes in the order in which this replica applied it, and another number once it has one.
    package let order: Int64

    package init(header: ChangeHeader, operations: [UInt8]?, hash: Hash256, placement: Placement?, order: Int64) {
        self.header = header
        self.operations = operations
        self.hash = hash
        self.placement = placement
        self.order = order
    }

    package var dot: Dot { header.dot }

    /// The same with its place in the scope's order, or a later verdict.
    package func placed(_ placement: Placement) -> StoredChange {
        StoredChange(header: header, operations: operations, hash: hash, placement: placement, order: order)
    }

    /// When it counts as made.
    package var effective: HybridTimestamp { header.stamp.effective(received: placement?.received) }

    /// Whether it is part of the records' state: held in full, and not set aside by the hub.
    package var isFolded: Bool { operations != nil && (placement?.verdict ?? .ok) == .ok }
}

package struct EntryRow: Hashable, Sendable {
    package let position: UInt64
    package let entry: Entry
    package let history: HistoryHash

    package init(position: UInt64, entry: Entry, history: HistoryHash) {
        self.position = position
        self.entry = entry
        self.history = history
    }
}

/// A change without an entry, in its carried form.
package struct UnplacedChange: Hashable, Sendable {
    package let dot: Dot
    /// See `StoredChange.order`.
    package let order: Int64
    package let carried: [UInt8]
    /// Whether it commits to personal parts.
    package let hasParts: Bool

    package init(dot: Dot, order: Int64, carried: [UInt8], hasParts: Bool) {
        self.dot = dot
        self.order = order
        self.carried = carried
        self.hasParts = hasParts
    }
}

/// A run of entries as a log keeps it.
package struct SealedEntries: Hashable, Sendable {
    package let packed: PackedEntries
    /// The history hash at the last of them.
    package let history: HistoryHash

    package init(packed: PackedEntries, history: HistoryHash) {
        self.packed = packed
        self.history = history
    }
}

/// The durable history, inside one transaction: scopes, feeds, changes, personal parts, entries.
///
/// Branch and hub keep the same log, so both stand on this port. Every call may throw what the storage throws.
/// Nothing that a transaction wrote is seen by others before it commits; when its body throws, nothing remains.
package protocol ChangeLog: AnyObject {
    /// Sorted by id.
    func scopes() throws -> [ScopeState]
    func scope(_ id: ScopeID) throws -> ScopeState?
    func put(_ scope: ScopeState) throws

    /// Sorted by feed.
    func feeds(of scope: ScopeID) throws -> [FeedState]
    /// Those of which the last own change has not seen all, sorted by feed.
    func unseenFeeds(of scope: ScopeID) throws -> [FeedState]
    /// Those whose last change has no entry, sorted by feed.
    func waitingFeeds(of scope: ScopeID) throws -> [FeedState]
    func feed(_ feed: FeedID, of scope: ScopeID) throws -> FeedState?
    /// A feed that is not known is put at its start, sequence 0, or its first change is appended before.
    func put(_ feed: FeedState, of scope: ScopeID) throws

    /// Appends a change that is the next of its feed, with the parts that are at hand, and gives it its order.
    ///
    /// - Parameter records: the ids of the records that it names: by them it is found.
    func append(
        _ change: Change, records: [RecordID], parts: [[UInt8]?], placement: Placement?
    ) throws -> StoredChange
    /// Appends a header without its body.
    func append(stub: ChangeHeader, hash: Hash256, placement: Placement) throws
    /// Gives a change the place that the next entry appended says, or another verdict than its entry's.
    func place(_ dot: Dot, of scope: ScopeID, at placement: Placement) throws
    func change(at dot: Dot, of scope: ScopeID) throws -> StoredChange?
    /// Changes without an entry, in order, after `order`.
    func unplaced(of scope: ScopeID, after order: Int64, limit: Int) throws -> [StoredChange]
    /// The same as they travel: a log that keeps them so need not take them apart.
    func unplacedCarried(of scope: ScopeID, after order: Int64, limit: Int) throws -> [UnplacedChange]
    func unplacedCount(of scope: ScopeID) throws -> Int
    /// The change's personal parts in the order of its commitments; nil where one is not held.
    func parts(of dot: Dot, scope: ScopeID) throws -> [[UInt8]?]
    /// Keeps those of `parts`, in the order of the change's commitments, that are not held; the others stay.
    func addParts(_ parts: [[UInt8]?], of dot: Dot, scope: ScopeID) throws

    func append(_ row: EntryRow, of scope: ScopeID) throws
    /// Appends entries with the changes that they place, all at once; see `appendEach`.
    func append(_ block: AppendedBlock, of scope: ScopeID) throws
    /// The entries appended from `position` on lie packed in `block`, whole changes and all: a log that keeps them in
    /// this form need not pack them again.
    func keep(_ block: PackedEntries, from position: UInt64, of scope: ScopeID) throws
    /// Remembers, of a push that goes out, the blocks whose changes the log may be asked to place all at once. In place of
    /// what is remembered of the scope.
    func note(pushed blocks: [PushedBlocks.Block], of scope: ScopeID) throws
    /// The block that begins with the change at `dot`, and those that go on from there; none where it is not remembered any more.
    func pushed(from dot: Dot, of scope: ScopeID) throws -> [PushedBlocks.Block]
    /// Entries in order, after `position`.
    func entries(of scope: ScopeID, after position: UInt64, limit: Int) throws -> [EntryRow]
    /// The sealed segment that begins at a position, as it lies, where who takes it must be told no more and no less than it
    /// says: its changes are whole, ok, without personal parts, and none of a feed that is `held`. Nil where there is none such; a log that
    /// keeps its entries otherwise has none.
    func sealed(from position: UInt64, of scope: ScopeID, unless held: (FeedID) -> Bool) throws -> SealedEntries?
    /// Where the next sealed segment begins that begins after `position`; nil where there is none.
    func nextSealed(after position: UInt64, of scope: ScopeID) throws -> UInt64?
    /// The history hash at a position that this log has had; nil beyond.
    func history(of scope: ScopeID, at position: UInt64) throws -> HistoryHash?

    /// The past of a change that is stored, or is the next of its feed and carries `context`.
    func past(of dot: Dot, scope: ScopeID) throws -> Past
    /// Takes note of a change's context; see `PastIndex`.
    func note(_ dot: Dot, context: [ChangeReference], scope: ScopeID) throws

    /// A change that is coming in pieces.
    func staged(at dot: Dot, of scope: ScopeID) throws -> StagedChange?
    /// What is staged in a scope, sorted by dot.
    func staged(of scope: ScopeID) throws -> [StagedHead]
    /// Replaces what is staged of the same change.
    func put(_ staged: StagedChange, of scope: ScopeID) throws
    func removeStaged(at dot: Dot, of scope: ScopeID) throws
    /// Removes what no piece was added to since `time`.
    func removeStaged(of scope: ScopeID, before time: Int64) throws

    func put(_ attestation: Attestation) throws
    /// The attestation of `replica` in `scope` with the least sequence of at least `sequence`.
    func attestation(of replica: ReplicaID, scope: ScopeID, covering sequence: UInt64) throws -> Attestation?

    /// The clock as it was saved.
    func clock() throws -> HybridLogicalClock
    func put(_ clock: HybridLogicalClock) throws

    func setting(_ key: SettingKey) throws -> [UInt8]?
    func put(_ value: [UInt8]?, for key: SettingKey) throws
}

/// A single durable value beside the log.
package struct SettingKey: RawRepresentable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    /// The hybrid logical clock: greatest effective, greatest unplaced and last issued timestamp.
    package static let clock = SettingKey(rawValue: "clock")
}
