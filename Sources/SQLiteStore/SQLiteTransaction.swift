import Causality
import Changes
import Replication
import SQLiteKit

/// The ports on one SQLite connection, inside one transaction of it.
///
/// Scopes, feeds, fingerprints and recently used records are kept between transactions and written once, when the
/// transaction ends: a record that a thousand changes touch is read once and written once. Records of bulk work may be
/// written by a later transaction: see `RecordLag`.
package final class SQLiteTransaction: HubTransaction {
    let projections: Projections
    /// So many entries of a scope's order, at least, make a sealed segment.
    let entriesPerSegment: Int
    let window: RecordWindow
    var caches = StoreCaches()
    /// Memory that is used anew for each record, apart from the caches that are asked meanwhile.
    var rowReader = CompactRowReader()
    var foldMemory: FoldMemory
    var drafter: RowDrafter
    var canonicalState = ByteWriter()
    var storedOrigin = ByteWriter()
    var setAsideBytes = ByteWriter()
    var setAsideStates = CompactWriter()
    /// Whether rows of records may lag behind the log in the file, as far as this process made them.
    var isLagging = false
    /// Whether records may be written by a later transaction than this one.
    private(set) var mayLag = false
    let background = BackgroundQueue()
    private var current: Connection?
    /// SQLite's `data_version` when the caches were last known to be true.
    private var dataVersion: Int64 = -1

    init(projections: Projections, entriesPerSegment: Int, window: RecordWindow = RecordWindow()) {
        precondition(entriesPerSegment > 0, "a segment has entries")
        self.projections = projections
        foldMemory = FoldMemory(projections.fieldNames)
        drafter = RowDrafter(projections)
        self.entriesPerSegment = entriesPerSegment
        self.window = window
    }

    /// - Precondition: a transaction has begun.
    var connection: Connection {
        guard let current else { preconditionFailure("no transaction is open") }
        return current
    }

    package func begin<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> @Sendable () -> Value {
        background.begin(work)
    }

    // MARK: - The life of a transaction

    ///
    /// - Parameter mayLag: whether records may wait for a later transaction; see `RecordLag`.
    func begin(_ connection: Connection, mayLag: Bool = false) throws {
        current = connection
        self.mayLag = mayLag
        let version = try connection.withStatement("PRAGMA data_version") { statement in
            _ = try statement.step()
            return try statement.int64(0)
        }
        if version != dataVersion {
            caches = StoreCaches()
            dataVersion = version
        }
        caches.lag.begin()
        if !caches.lag.isHeld { caches.records.trim() }
    }

    /// Writes what the caches hold back; the transaction then commits.
    func flush() throws {
        if try !(mayLag && lagRecords()) {
            try flushRecords()
            try endLag()
        }
        try flushFingerprints()
        try flushLog()
        try flushClock()
        try flushScopes()
        try flushKnots()
        try flushSettings()
    }

    /// The transaction is given up: what the caches took from it was never so.
    func abandon() {
        caches = StoreCaches()
        dataVersion = -1
    }
}

/// What is kept in memory between transactions.
struct StoreCaches {
    /// Shared, so that one that is found is changed where it lies.
    final class CachedScope {
        let rid: Int64
        /// The state's: asked for with each record, which need not copy the state.
        let id: ScopeID
        var state: ScopeState
        var isDirty = false

        init(rid: Int64, state: ScopeState) {
            self.rid = rid
            id = state.id
            self.state = state
        }
    }

    final class CachedFeed {
        let rid: Int64
        /// The scope's row.
        let scope: Int64
        /// The state's.
        let feed: FeedID
        var state: FeedState
        let start: Hash256
        /// The feed's changes up to here have an entry.
        var placed: UInt64
        var isDirty = false
        /// The clock, where it goes into the feed's row with what else is written there.
        var unsavedClock: [UInt8]?
        /// The same for what the rows of the scope's fingerprint lack.
        var unsavedDifferences: [UInt8]?

        init(rid: Int64, scope: Int64, state: FeedState, start: Hash256, placed: UInt64) {
            self.rid = rid
            self.scope = scope
            feed = state.feed
            self.state = state
            self.start = start
            self.placed = placed
        }
    }

    /// Where they lie, they are added to: a copy would take all of them along for one.
    final class CachedSums {
        /// The scope's row.
        let scope: Int64
        var sums: BucketSums

        init(scope: Int64, sums: BucketSums) {
            self.scope = scope
            self.sums = sums
        }
    }

    /// By id; nil until all were read.
    var scopes: [ScopeID: CachedScope]?
    /// What was found last: a change asks for its scope and its feed several times.
    var lastScope: CachedScope?
    var lastFeed: CachedFeed?
    /// By scope's rid, then feed.
    var feeds: [Int64: [FeedID: CachedFeed]] = [:]
    var feedIDs: [Int64: FeedID] = [:]
    /// By row.
    var scopeIDs: [Int64: ScopeID] = [:]
    /// Those to be written, in the order in which they became so.
    var dirtyScopes: [CachedScope] = []
    var dirtyFeeds: [CachedFeed] = []
    var knots = KnotCache()
    /// The systems that records come from.
    struct Sources {
        var rows: [Text: Int64] = [:]
        var names: [Int64: Text] = [:]
    }

    var sources: Sources?
    /// The system that was asked for last: most records come from one.
    var lastSource: (name: Text, row: Int64)?
    /// The same of the origins that are in memory.
    var lastOriginSource: Text?
    var records = RecordCache()
    var lag = RecordLag()
    /// The greatest row of `record` that was given away.
    var lastRecord: Int64?
    var recordFilter = RecordFilter()
    /// What the file says of its value tables.
    var valueTables: ValueTables?
    var waiting = WaitingRecords()
    /// By scope's row.
    var fingerprints: [Int64: CachedSums] = [:]
    /// Of the scope whose record was counted last.
    var lastSums: CachedSums?
    var tail = LogTail()
    var containers = LogContainers()
    /// The greatest number that a change without an entry was given.
    var lastNumber: Int64?
    /// Verdicts that replaced those of the entries, by scope's row.
    var verdicts: [Int64: [Dot: Verdict]] = [:]
    /// What lies in open segments, by scope's row, where that is known.
    var openEntries: [Int64: OpenCount] = [:]
    /// Changes whose runs lie in whole segments as well and wait to be removed, by scope's row.
    var spentRuns: [Int64: [FeedID: ClosedRange<UInt64>]] = [:]
    var pushed = PushedBlocks()
    /// The setting `clock`, decoded: each change moves it.
    var clock: HybridLogicalClock?
    var isClockDirty = false
    /// The feed in whose row it lies; nil within where it lies with the settings.
    var clockFeed: Int64??
    var settings: [SettingKey: [UInt8]?] = [:]
    var dirtySettings: Set<SettingKey> = []
    /// By scope's row; nil within where it has none.
    var snapshots: [Int64: CachedSnapshot?] = [:]
}

extension Int64 {
    /// A timestamp as SQLite orders it: unsigned order kept in a signed column.
    init(ordered timestamp: HybridTimestamp) {
        self = Int64(bitPattern: timestamp.rawValue ^ 1 << 63)
    }
}

extension HybridTimestamp {
    init(ordered column: Int64) {
        self.init(rawValue: UInt64(bitPattern: column) ^ 1 << 63)
    }
}

package enum StoredDamage {
    /// Whether an error says that a file holds what nobody can have written into it.
    package static func isTold(by error: any Error) -> Bool {
        switch error {
        case is StoredValueError: true
        case let error as SQLiteError: error.isDamage || error.isMismatch
        case WriterError.damaged: true
        case FormatError.copyDamaged, FormatError.migratedFileDamaged: true
        default: false
        }
    }
}

/// A stored value that does not decode: the file is damaged.
package struct StoredValueError: Error, Hashable, Sendable, CustomStringConvertible {
    package let table: String
    package let row: String
    package let reason: String

    package init(table: String, row: String, reason: String) {
        self.table = table
        self.row = row
        self.reason = reason
    }

    package var description: String { "damage in table \(table), row \(row): \(reason); run `amends verify`" }
}

extension Statement {
    /// A stored 128-bit id.
    func identifier<Kind>(_ index: Int, _ table: String) throws -> Identifier128<Kind> {
        let bytes = try bytes(index)
        guard bytes.count == 16 else {
            throw StoredValueError(table: table, row: "-", reason: "an id of \(bytes.count) bytes")
        }
        return Identifier128(bytes)
    }

    /// A stored count or sequence.
    func unsigned(_ index: Int, _ table: String) throws -> UInt64 {
        let value = try int64(index)
        guard let number = UInt64(exactly: value) else {
            throw StoredValueError(table: table, row: "-", reason: "\(columnName(index)) is \(value)")
        }
        return number
    }

    func hash(_ index: Int, _ table: String) throws -> Hash256 {
        let bytes = try bytes(index)
        guard bytes.count == 32 else {
            throw StoredValueError(table: table, row: "-", reason: "a hash of \(bytes.count) bytes")
        }
        return Hash256(bytes)
    }
}
