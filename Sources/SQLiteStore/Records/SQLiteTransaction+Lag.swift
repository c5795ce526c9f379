import Changes
import Replication
import SQLiteKit

/// How far the rows of records lag behind the log.
///
/// While bulk work runs, a commit writes its changes to the log and leaves the records that they touch waiting, where
/// later commits change them again; all are written at once. The setting `unfolded` says in the same
/// commit from which change on the rows lack what the log has. Whoever writes the file next, after a crash or from
/// another process, folds these changes first (roll forward): rows and setting were written in one transaction, so that
/// the rows are exactly what came before.
///
/// What lags is either what is appended without an entry, and folded in the order of its numbers (an import), or the changes
/// that a scope's entries bring, folded in the order of their positions (the pages of a history). Whatever else touches a
/// record ends the lag within its transaction, and so does one kind beside the other.
struct RecordLag {
    /// The first change without an entry, by number, that the rows lack; nil where they lack none.
    private(set) var first: Int64?
    /// The scope whose entries the rows lack, and up to where they have them.
    private var order: (scope: StoreCaches.CachedScope, position: UInt64)?
    /// All that this transaction folds are that scope's entries up to here.
    private var noted: UInt64?
    /// Whether a change was given an entry in this transaction.
    private var hasPlaced = false
    /// Whether records lag behind transactions before this one.
    private(set) var isHeld = false
    /// Whether this transaction must write all records.
    var mustEnd = false

    /// A transaction begins.
    mutating func begin() {
        noted = nil
        hasPlaced = false
    }

    /// A change without an entry was appended, and is folded next.
    mutating func note(unplaced number: Int64) {
        if order != nil || hasPlaced { mustEnd = true }
        if first == nil { first = number }
    }

    /// A change has, or is given, an entry.
    mutating func notePlaced() {
        if first != nil { mustEnd = true }
        hasPlaced = true
    }

    /// The changes of the scope's entries after one position through another were folded, and nothing else.
    mutating func note(placedIn scope: StoreCaches.CachedScope, after position: UInt64, through last: UInt64) {
        if first != nil || order.map({ $0.scope !== scope }) ?? false { mustEnd = true }
        if position != noted ?? scope.state.position { mustEnd = true }
        if order == nil { order = (scope, position) }
        noted = last
    }

    /// Whether all that this transaction folds are the entries of the scope of this row up to its new position.
    func isNoted(_ position: UInt64, of scope: Int64) -> Bool { noted == position && order?.scope.rid == scope }

    /// Up to where the rows have the order's entries.
    func position(before last: UInt64) -> UInt64 { min(last, order?.position ?? last) }

    /// All rows are written: they have what the order's scope has up to here.
    mutating func move(to position: UInt64) { order?.position = position }

    /// What the setting `unfolded` has to say; nil where nothing may lag.
    var mark: Int64? { mustEnd ? nil : first ?? order.map { _ in SQLiteTransaction.unfoldedEntries } }

    /// Up to where the rows of a scope's records have its entries; nil where they have all that were folded.
    func foldedPosition(of scope: Int64) -> UInt64? { order.flatMap { $0.scope.rid == scope ? $0.position : nil } }

    mutating func hold() { isHeld = true }

    /// The scope whose row says less than what was folded.
    var scope: StoreCaches.CachedScope? { order?.scope }
}

extension SettingKey {
    /// The number of the first change that the rows of records lack, 0 where they lack entries: 8 bytes, big-endian.
    package static let unfolded = SettingKey(rawValue: "unfolded")
}

extension SQLiteTransaction {
    /// What the setting says where the rows lack entries, of which their scope tells: no change has this number.
    package static let unfoldedEntries: Int64 = 0

    /// The number of the first change that the rows of records lack; 0 where they lack entries of a scope that says so; nil
    /// where they lack none.
    ///
    /// - Throws: `StoredValueError` where the setting holds no number.
    package func firstUnfolded() throws -> Int64? {
        guard let bytes = try setting(.unfolded) else { return nil }
        guard bytes.count == 8, bytes[0] < 0x80 else {
            throw StoredValueError(
                table: "setting", row: SettingKey.unfolded.rawValue, reason: "it is no number of a change")
        }
        return bytes.reduce(0) { $0 << 8 | Int64($1) }
    }

    /// Leaves the records that wait to be written to a later transaction, where that may be.
    ///
    /// - Returns: false where they have to be written now.
    func lagRecords() throws -> Bool {
        guard let mark = caches.lag.mark, !caches.waiting.isEmpty, !caches.waiting.isFull(window) else { return false }
        if let first = caches.lag.first, (caches.lastNumber ?? first) - first >= Int64(window.lag) { return false }
        if try firstUnfolded() != mark {
            try put(withUnsafeBytes(of: mark.bigEndian, Array.init), for: .unfolded)
        }
        caches.lag.hold()
        isLagging = true
        return true
    }

    /// Writes all records where they lag far enough behind, so that the rows say what the entries up to here come to, and lag from
    /// there.
    ///
    /// - Parameter position: the last entry that was folded.
    func writeWindow(through position: UInt64) throws {
        guard mayLag, !caches.lag.mustEnd,
            caches.waiting.isFull(window)
                || position - caches.lag.position(before: position) >= UInt64(window.lag)
        else { return }
        try flushRecords()
        caches.lag.mustEnd = false
        caches.lag.move(to: position)
        caches.records.trim()
    }

    /// How many bytes of records stay in memory.
    var windowBytes: Int {
        caches.lag.isHeld && caches.lag.first != nil ? window.importBytes : window.bytes
    }

    /// How many of them stay when room is made: an eighth goes at a time.
    var keptWindowBytes: Int { windowBytes / 8 * 7 }

    /// All records are written.
    func endLag() throws {
        // Its row says from now on what was folded.
        if let scope = caches.lag.scope, caches.lag.isHeld { mark(dirty: scope) }
        caches.lag = RecordLag()
        isLagging = false
        if try setting(.unfolded) != nil { try put(nil, for: .unfolded) }
    }

    /// Folds what the rows of records lack and this process does not have in memory; this transaction then writes it.
    ///
    /// - Throws: also where the log does not hold all that is lacking: mark and rows then stay as they are.
    /// - Complexity: O(changes that are lacking): at most `RecordWindow.lag` and a page.
    func rollForward() throws {
        guard !caches.lag.isHeld, let first = try firstUnfolded() else { return }
        caches.lag.mustEnd = true
        // Tables of other schemas are made anew from the rows as they are, before anything is written into them.
        try prepareProjections()
        if first == SQLiteTransaction.unfoldedEntries {
            for scope in try scopes() {
                try OrderFolder(self).catchUp(scope.id)
                guard let state = try self.scope(scope.id), state.foldedPosition == state.position else {
                    throw StoredValueError(
                        table: "scope", row: "\(try scopeRow(scope.id))",
                        reason: "its records lack entries that the log does not have")
                }
            }
            return
        }
        let folder = RecordFolder(self)
        for scope in try scopes() {
            var last = StoredChange.order(unplaced: first) - 1
            while true {
                let changes = try unplaced(of: scope.id, after: last, limit: SQLiteTransaction.changesPerStep)
                for change in changes { try folder.fold(change) }
                guard let end = changes.last else { break }
                last = end.order
            }
        }
    }

    /// Changes that are read at a time.
    private static let changesPerStep = 1_000
}
