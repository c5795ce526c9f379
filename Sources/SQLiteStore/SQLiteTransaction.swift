import Causality
import Changes
import Replication
import SQLiteKit

/// The ports on one SQLite connection, inside one transaction of it.
///
/// Scopes, feeds, fingerprints and recently used records are kept between transactions and written once, when the
/// transaction ends: a record that a thousand changes touch is read once and written once.
package final class SQLiteTransaction: HubTransaction {
    let projections: Projections
    /// So many entries of a scope's order, at least, make a sealed segment.
    let entriesPerSegment: Int
    var caches = StoreCaches()
    private var current: Connection?
    /// SQLite's `data_version` when the caches were last known to be true.
    private var dataVersion: Int64 = -1

    init(projections: Projections, entriesPerSegment: Int) {
        precondition(entriesPerSegment > 0, "a segment has entries")
        self.projections = projections
        self.entriesPerSegment = entriesPerSegment
    }

    /// - Precondition: a transaction has begun.
    var connection: Connection {
        guard let current else { preconditionFailure("no transaction is open") }
        return current
    }

    // MARK: - The life of a transaction

    func begin(_ connection: Connection) throws {
        current = connection
        let version = try connection.withStatement("PRAGMA data_version") { statement in
            _ = try statement.step()
            return try statement.int64(0)
        }
        if version != dataVersion {
            caches = StoreCaches()
            dataVersion = version
        }
        if caches.recordBytes > StoreCaches.recordBytesLimit { caches.dropRecords() }
    }

    /// Writes what the caches hold back; the transaction then commits.
    func flush() throws {
        try flushLog()
        try flushScopes()
        try flushKnots()
        try flushSettings()
        try flushRecords()
        try flushFingerprints()
    }

    /// The transaction is given up: what the caches took from it was never so.
    func abandon() {
        caches = StoreCaches()
        dataVersion = -1
    }
}

/// What is kept in memory between transactions.
struct StoreCaches {
    struct CachedScope {
        let rid: Int64
        var state: ScopeState
        var isDirty: Bool
    }

    struct CachedFeed {
        let rid: Int64
        var state: FeedState
        let start: Hash256
        /// The feed's changes up to here have an entry.
        var placed: UInt64
        var isDirty: Bool
    }

    struct PendingKnot {
        let scope: Int64
        let feed: FeedID
        let knot: PastIndex.Knot
    }

    struct Buckets {
        var fingerprint: Fingerprint
        var dirty: Set<Int>
    }

    /// By id; nil until all were read.
    var scopes: [ScopeID: CachedScope]?
    /// By scope's rid, then feed.
    var feeds: [Int64: [FeedID: CachedFeed]] = [:]
    var feedIDs: [Int64: FeedID] = [:]
    /// By row.
    var scopeIDs: [Int64: ScopeID] = [:]
    /// Those to be written, in the order in which they became so.
    var dirtyScopes: [ScopeID] = []
    var dirtyFeeds: [(scope: Int64, feed: FeedID)] = []
    var pasts: [Int64: PastIndex] = [:]
    var records: [RecordID: CachedRecord] = [:]
    /// What the states in `records` take in the file; in memory each is some five times that.
    var recordBytes = 0
    /// In the order in which they became so: the order in which they are written.
    var dirtyRecords: [CachedRecord] = []
    var fingerprints: [Int64: Buckets] = [:]
    var tail = LogTail()
    var containers = LogContainers()
    /// The greatest number that a change without an entry was given.
    var lastNumber: Int64?
    /// Verdicts that replaced those of the entries, by scope's row.
    var verdicts: [Int64: [Dot: Verdict]] = [:]
    /// How many entries lie in open segments, by scope's row, where that is known.
    var openEntries: [Int64: Int] = [:]
    var settings: [SettingKey: [UInt8]?] = [:]
    var dirtySettings: Set<SettingKey> = []
    var pendingKnots: [PendingKnot] = []

    /// More bytes of states than this are dropped between transactions.
    static let recordBytesLimit = 2 << 20

    /// - Precondition: none of them waits to be written.
    mutating func dropRecords() {
        precondition(dirtyRecords.isEmpty, "a record that is not written cannot be dropped")
        records = [:]
        recordBytes = 0
    }
}

/// A record's row as it is kept in memory: read once, changed where it lies, written once a transaction.
final class CachedRecord {
    let id: RecordID
    let rid: Int64
    let scope: ScopeID
    /// Nil while no foldable change has touched the record: it then has no state.
    var origin: RecordOrigin?
    var state = RecordState()
    /// What the record adds to the fingerprint as it was last written.
    var savedDigest: UInt128 = 0
    /// The bytes of the state as it was last written.
    var savedBytes = 0
    /// The record's log in listing order, once it was read; kept up with what is appended.
    var log: [LogRow]?
    var isDirty = false
    /// Rows that the projection's table lacks; nil when all of them are to be written again.
    var unprojectedLog: [LogRow]? = []
    /// The type in whose tables the record's rows lie, where it has tables.
    var projectedType: Text?

    init(id: RecordID, rid: Int64, scope: ScopeID) {
        self.id = id
        self.rid = rid
        self.scope = scope
    }

    var stored: StoredRecord? {
        origin.map { StoredRecord(id: id, scope: scope, origin: $0, state: state) }
    }
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
