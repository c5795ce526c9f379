import Changes
import Replication
import SQLiteKit

/// How far the rows of records lag behind the log.
///
/// While bulk work runs, a commit writes its changes to the log and leaves the records that they touch in memory, where
/// later commits change them again; a window of them is written at once. The setting `unfolded` says in the same
/// commit from which change on the rows lack what the log has. Whoever writes the file next, after a crash or from
/// another process, folds these changes first (roll forward): rows and setting were written in one transaction, so that
/// the rows are exactly what came before.
///
/// Only what is appended without an entry, and folded once in the order of its numbers, may lag. Whatever else touches
/// a record ends the lag within its transaction.
struct RecordLag {
    /// The first change, by number, that the rows lack; nil where they lack none.
    private(set) var first: Int64?
    /// Whether records lag behind transactions before this one.
    private(set) var isHeld = false
    /// Whether this transaction must write all records.
    var mustEnd = false

    /// A change without an entry was appended, and is folded next.
    mutating func note(unplaced number: Int64) {
        if first == nil { first = number }
    }

    mutating func hold() { isHeld = true }
}

extension SettingKey {
    /// The number of the first change that the rows of records lack: 8 bytes, big-endian.
    package static let unfolded = SettingKey(rawValue: "unfolded")
}

extension SQLiteTransaction {
    /// The number of the first change that the rows of records lack; nil where they lack none.
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
        guard let first = caches.lag.first, !caches.lag.mustEnd, !caches.records.isFull(isLagging: true),
            !caches.dirtyRecords.isEmpty
        else { return false }
        if try firstUnfolded() != first {
            try put(withUnsafeBytes(of: first.bigEndian, Array.init), for: .unfolded)
        }
        caches.lag.hold()
        isLagging = true
        return true
    }

    /// All records are written.
    func endLag() throws {
        caches.lag = RecordLag()
        isLagging = false
        if try setting(.unfolded) != nil { try put(nil, for: .unfolded) }
    }

    /// Folds what the rows of records lack and this process does not have in memory; this transaction then writes it.
    ///
    /// - Complexity: O(changes that are lacking), which a window of records bounds.
    func rollForward() throws {
        guard !caches.lag.isHeld, let first = try firstUnfolded() else { return }
        caches.lag.mustEnd = true
        // Tables of other schemas are made anew from the rows as they are, before anything is written into them.
        try prepareProjections()
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
