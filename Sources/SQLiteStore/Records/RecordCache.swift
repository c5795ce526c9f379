import Causality
import Changes
import Replication

/// A record's row as it is kept in memory: read once, changed where it lies, written once a transaction or, where it lags, once all that
/// lag are. It is kept small: who finds no room is set aside.
final class CachedRecord: RecordHolder {
    let id: RecordID
    let rid: Int64
    let scope: ScopeID
    /// Nil while no foldable change has touched the record: it then has no state.
    var origin: RecordOrigin?
    var state = FoldingState()
    /// What the record adds to the fingerprint as it was last written; nil where it was read and that not worked out.
    var savedDigest: UInt128? {
        get { hasDigest ? UInt128(digest.high) << 64 | UInt128(digest.low) : nil }
        set {
            hasDigest = newValue != nil
            digest = newValue.map { (UInt64($0 >> 64), UInt64(truncatingIfNeeded: $0)) } ?? (0, 0)
        }
    }
    private var digest: (high: UInt64, low: UInt64) = (0, 0)
    /// The record's log in listing order, once it was read; kept up with what is appended.
    var log: [LogRow]?
    /// Rows of its log that the file lacks.
    var unsavedLog: [LogRow] = []
    /// Rows that the projection's table lacks; nil when all of them are to be written again.
    var unprojectedLog: [LogRow]? = []
    /// The type in whose tables the record's rows lie, by its number in the file.
    var projected: Int64? {
        get { projectedNumber == 0 ? nil : Int64(projectedNumber) }
        set { projectedNumber = CachedRecord.number(ofType: newValue) }
    }
    /// The type that the row of `record` names.
    var savedType: Int64? {
        get { savedNumber == 0 ? nil : Int64(savedNumber) }
        set { savedNumber = CachedRecord.number(ofType: newValue) }
    }
    /// Conflicts that the row of `record` says.
    var savedConflicts: Int32 = 0

    /// When it was used last; see `RecordCache.now`.
    fileprivate var lastUse: UInt64 = 0
    /// What it counted for when it was last looked at.
    fileprivate var bytes: UInt32 = 0
    private var projectedNumber: Int16 = 0
    private var savedNumber: Int16 = 0
    private var hasDigest = false
    var isDirty = false
    /// The row of `record` as it lies in the file.
    var isInserted = false
    var isOriginSaved = false
    var isStateInline = false
    /// Whether the cache has it.
    fileprivate var isKept = false

    init(id: RecordID, rid: Int64, scope: ScopeID) {
        self.id = id
        self.rid = rid
        self.scope = scope
    }

    /// A file has few types: a greater number is none of them, and stays so.
    private static func number(ofType type: Int64?) -> Int16 { type.map { Int16(clamping: $0) } ?? 0 }

    /// Without a copy of it.
    var hasOrigin: Bool {
        if case .none = origin { false } else { true }
    }

    /// Bytes that it takes, about.
    fileprivate var byteCount: Int {
        state.byteCount + RecordCache.overhead + RecordCache.logRowBytes * max(log?.count ?? 0, unsavedLog.count)
    }

    /// - Parameter names: by which the states in memory name fields.
    func stored(_ names: FieldNames) -> StoredRecord? {
        origin.map { StoredRecord(id: id, scope: scope, origin: $0, state: state.state(names)) }
    }
}

/// The records that were used last, up to a number of bytes.
struct RecordCache {
    private var records = RecordTable<CachedRecord>()
    /// Each use, oldest first, but for those between two trimmings; what was used again later is skipped.
    private var uses: [(record: CachedRecord?, at: UInt64)] = []
    private var firstUse = 0
    private var bytes = 0
    /// Counts trimmings: one before each transaction behind which nothing lags, and more in a long one. A record that was never used says 0.
    private var now: UInt64 = 1

    /// Bytes of records that are kept between transactions, and where all were written.
    static let bytesLimit = 2 << 20
    /// What a record counts for beside its state.
    fileprivate static let overhead = 202
    /// What a row of a log counts for.
    fileprivate static let logRowBytes = 160

    /// Whether the window is full.
    ///
    /// - Parameter limit: how many bytes it may take.
    func isFull(_ limit: Int) -> Bool { bytes > limit }

    mutating func find(_ id: RecordID) -> CachedRecord? {
        guard let record = records.find(id) else { return nil }
        note(record)
        return record
    }

    /// - Precondition: none with its id is kept.
    mutating func keep(_ record: CachedRecord) {
        records.insert(record)
        record.isKept = true
        record.bytes = UInt32(clamping: record.byteCount)
        bytes += Int(record.bytes)
        note(record)
    }

    /// Keeps a record that may have been given up just now.
    mutating func keepOn(_ record: CachedRecord) { if !record.isKept { keep(record) } }

    /// The record has changed.
    mutating func resize(_ record: CachedRecord) {
        guard record.isKept else { return }
        let size = UInt32(clamping: record.byteCount)
        bytes += Int(size) - Int(record.bytes)
        record.bytes = size
    }

    private mutating func note(_ record: CachedRecord) {
        guard record.lastUse != now else { return }
        record.lastUse = now
        uses.append((record, now))
    }

    /// Gives up the records that were not used for longest, until the rest is within the limit.
    ///
    /// - Precondition: none of them waits to be written.
    mutating func trim() {
        while let record = takeOldest(beyond: RecordCache.bytesLimit) {
            precondition(!record.isDirty, "a record that is not written cannot be given up")
        }
    }

    /// Gives up the record that was not used for longest, where the cache has more than `limit` bytes; else what is used
    /// from now on counts as used later.
    ///
    /// - Complexity: amortised O(1) a use.
    mutating func takeOldest(beyond limit: Int) -> CachedRecord? {
        while bytes > limit, firstUse < uses.count {
            // Nothing here keeps it alive any longer.
            let (record, at) = (uses[firstUse].record.take(), uses[firstUse].at)
            firstUse += 1
            guard let record, record.lastUse == at else { continue }
            records.remove(record)
            record.isKept = false
            bytes -= Int(record.bytes)
            return record
        }
        now += 1
        if firstUse > uses.count / 2 {
            uses.removeFirst(firstUse)
            firstUse = 0
        }
        return nil
    }

    /// - Precondition: none of them waits to be written.
    mutating func removeAll() {
        self = RecordCache()
    }
}
