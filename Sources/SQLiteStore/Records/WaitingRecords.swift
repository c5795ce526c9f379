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

    private struct Entry {
        let id: RecordID
        let rid: Int64
        /// Where its bytes lie; empty where the record is in memory again.
        var start: Int
        var count: Int32
    }

    var isEmpty: Bool { inMemory.isEmpty && asideCount == 0 }

    /// Whether all are to be written before more are set aside.
    func isFull(_ window: RecordWindow) -> Bool {
        entries.count >= window.asideRecords || (file?.count ?? 0) >= window.asideBytes
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
    /// - Throws: `SystemError`.
    mutating func setAside(_ record: CachedRecord, as bytes: [UInt8], beside path: String) throws {
        let file = try self.file ?? ScratchFile(beside: path)
        self.file = file
        let start = file.count
        try file.append(bytes)
        if let index = index(of: record.id) {
            entries[index].start = start
            entries[index].count = Int32(bytes.count)
        } else {
            entries.append(Entry(id: record.id, rid: record.rid, start: start, count: Int32(bytes.count)))
            if 2 * entries.count > slots.count { grow() } else { put(entries.count - 1) }
        }
        asideCount += 1
        record.isDirty = false
    }

    /// Takes a record back that was set aside.
    ///
    /// - Returns: nil where it is not there.
    /// - Throws: `SystemError`.
    mutating func takeBack(_ id: RecordID) throws -> (rid: Int64, bytes: [UInt8])? {
        guard asideCount > 0, let index = index(of: id), entries[index].count > 0 else { return nil }
        let bytes = try read(entries[index])
        entries[index].count = 0
        asideCount -= 1
        return (entries[index].rid, bytes)
    }

    private func read(_ entry: Entry) throws -> [UInt8] {
        guard let file else { preconditionFailure("a record aside without a file") }
        return try file.read(entry.start..<entry.start + Int(entry.count))
    }

    // MARK: - All

    /// All records, in the order of their rows: of a table larger than the page cache each page is read and written once.
    ///
    /// - Parameters:
    ///   - step: so many are in memory at a time, of those that were set aside.
    ///   - body: takes the next ones.
    func visitByRow(step: Int, _ body: ([CachedRecord]) throws -> Void) throws {
        // Indices of records in memory, and of entries below 0.
        var order: [(rid: Int64, index: Int)] = []
        order.reserveCapacity(inMemory.count + asideCount)
        for (index, record) in inMemory.enumerated() { order.append((record.rid, index)) }
        for (index, entry) in entries.enumerated() where entry.count > 0 { order.append((entry.rid, ~index)) }
        order.sort { $0.rid < $1.rid }
        for first in stride(from: 0, to: order.count, by: step) {
            try body(
                order[first..<min(first + step, order.count)].map { _, index in
                    if index >= 0 { return inMemory[index] }
                    let entry = entries[~index]
                    return try CachedRecord(id: entry.id, rid: entry.rid, setAside: try read(entry))
                })
        }
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
