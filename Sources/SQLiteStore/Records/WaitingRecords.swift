import Causality
import Changes
import SQLiteKit

/// The records that wait to be written: those that were used lately in memory, the others in a scratch file, of which only the place
/// stays in memory. However many changes come, each record is written once when they end, and not whenever memory is full.
struct WaitingRecords {
    /// In the order in which they became so.
    private(set) var inMemory: [CachedRecord] = []
    /// Of each record that was ever set aside.
    private var entries: [Entry] = []
    /// Indices of entries, or -1; open addressing, at most half of them taken. Its order depends on the process and reaches nothing.
    private var slots: [Int32] = []
    private var asideCount = 0
    private var file: ScratchFile?
    /// There was no room for more in the file, or it could not be made.
    private var hasFailed = false

    private struct Entry {
        let id: RecordID
        let rid: Int64
        /// Where its bytes lie: the first one × 2^24 + their count, which is 0 where the record is in memory again.
        private var place: UInt64 = 0

        var isAside: Bool { place & Entry.greatestCount > 0 }

        /// - Precondition: they are at most `greatestCount`, and begin below 2^40.
        var bytes: Range<Int> {
            get {
                let start = Int(place >> 24)
                return start..<start + Int(place & Entry.greatestCount)
            }
            set { place = UInt64(newValue.lowerBound) << 24 | UInt64(newValue.count) }
        }

        static let greatestCount: UInt64 = 1 << 24 - 1

        init(id: RecordID, rid: Int64) {
            self.id = id
            self.rid = rid
        }
    }

    var isEmpty: Bool { inMemory.isEmpty && asideCount == 0 }

    /// Whether all are to be written before more are set aside.
    func isFull(_ window: RecordWindow) -> Bool {
        hasFailed || entries.count >= window.asideRecords || (file?.count ?? 0) >= window.asideBytes
    }

    mutating func append(_ record: CachedRecord) { inMemory.append(record) }

    /// Forgets those in memory that do not wait any more.
    mutating func forgetOthers() { inMemory.removeAll { !$0.isDirty } }

    // MARK: - Aside

    /// Sets a record aside; its place among those in memory goes with `forgetOthers`.
    ///
    /// - Parameters:
    ///   - bytes: what `CachedRecord` writes of it.
    ///   - path: of the store's file.
    /// - Returns: false, and the record stays, where they are 16 MiB or more, or the disk takes none: the records are then
    ///   written, for which there may be room.
    mutating func setAside(_ record: CachedRecord, as bytes: [UInt8], beside path: String) -> Bool {
        guard bytes.count <= Entry.greatestCount else { return false }
        guard let start = append(bytes, beside: path) else {
            hasFailed = true
            return false
        }
        let known = index(of: record.id)
        if known == nil {
            entries.append(Entry(id: record.id, rid: record.rid))
            if 2 * entries.count > slots.count { grow() } else { put(entries.count - 1) }
        }
        entries[known ?? entries.count - 1].bytes = start..<start + bytes.count
        asideCount += 1
        record.isDirty = false
        return true
    }

    /// - Returns: where they begin; nil where the disk does not take them.
    private mutating func append(_ bytes: [UInt8], beside path: String) -> Int? {
        do throws(SystemError) {
            let file: ScratchFile
            if let known = self.file { file = known } else { file = try ScratchFile(beside: path) }
            self.file = file
            let start = file.count
            try file.append(bytes)
            return start
        } catch {
            return nil
        }
    }

    /// Takes a record back that was set aside.
    ///
    /// - Returns: nil where it is not there.
    /// - Throws: `SystemError`.
    mutating func takeBack(_ id: RecordID) throws -> (rid: Int64, bytes: [UInt8])? {
        guard asideCount > 0, let index = index(of: id), entries[index].isAside else { return nil }
        let bytes = try read(entries[index])
        entries[index].bytes = 0..<0
        asideCount -= 1
        return (entries[index].rid, bytes)
    }

    private func read(_ entry: Entry) throws -> [UInt8] {
        guard let file else { preconditionFailure("a record aside without a file") }
        return try file.read(entry.bytes)
    }

    // MARK: - All

    /// All records, in the order of their rows: of a table larger than the page cache each page is read and written once.
    ///
    /// - Parameters:
    ///   - step: at most so many are taken at a time.
    ///   - stepBytes: and of those that were set aside some so many bytes, or one.
    ///   - body: takes the next ones.
    /// - Throws: what `body` throws, `SystemError`, and `StoredValueError` for a row that no file comes to.
    func visitByRow(step: Int, stepBytes: Int, _ body: ([CachedRecord]) throws -> Void) throws {
        // Row × 2^24 + index of a record in memory, and of an entry behind these: a number each, for there may be many.
        let indexBits: Int64 = 24
        precondition(inMemory.count + entries.count < 1 << indexBits, "more records than the limits leave")
        var order: [Int64] = []
        order.reserveCapacity(inMemory.count + asideCount)
        func append(_ rid: Int64, _ index: Int) throws {
            guard rid >> (63 - indexBits) == 0 else {
                throw StoredValueError(table: "record", row: "\(rid)", reason: "no file comes to such a row")
            }
            order.append(rid << indexBits | Int64(index))
        }
        for (index, record) in inMemory.enumerated() { try append(record.rid, index) }
        for (index, entry) in entries.enumerated() where entry.isAside { try append(entry.rid, inMemory.count + index) }
        order.sort()
        var next: [CachedRecord] = []
        var bytes = 0
        for place in order {
            let index = Int(place & (1 << indexBits - 1))
            if index < inMemory.count {
                next.append(inMemory[index])
            } else {
                let entry = entries[index - inMemory.count]
                next.append(try CachedRecord(id: entry.id, rid: entry.rid, setAside: try read(entry)))
                bytes += entry.bytes.count
            }
            guard next.count >= step || bytes >= stepBytes else { continue }
            try body(next)
            next.removeAll(keepingCapacity: true)
            bytes = 0
        }
        if !next.isEmpty { try body(next) }
    }

    mutating func removeAll() { self = WaitingRecords() }

    // MARK: - Finding

    private func index(of id: RecordID) -> Int? {
        guard !slots.isEmpty else { return nil }
        var slot = home(of: id)
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if entries[index].id == id { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private mutating func put(_ index: Int) {
        var slot = home(of: entries[index].id)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Int32(index)
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: max(64, 2 * slots.count))
        for index in entries.indices { put(index) }
    }

    private func home(of id: RecordID) -> Int { Int(truncatingIfNeeded: RecordHash.value(of: id)) & (slots.count - 1) }
}
