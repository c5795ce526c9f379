import Causality
import Changes

/// Cached records by their ids, by open addressing: a third of the memory of a dictionary, since each record says its id itself.
///
/// Its order depends on the process and reaches nothing.
struct RecordTable {
    /// A power of two, of which two thirds are taken at most; linear probing.
    private var slots: [CachedRecord?] = Array(repeating: nil, count: RecordTable.leastSlots)
    private(set) var count = 0
    /// That of Swift's own hashing, drawn once a process: ids are hashes of what others choose, and must not be made to come to lie together.
    private let seed = RecordTable.processSeed

    private static let processSeed = UInt64(bitPattern: Int64(Hasher().finalize()))
    private static let leastSlots = 64

    /// - Complexity: O(1), expected; so are the others.
    func find(_ id: RecordID) -> CachedRecord? {
        let mask = slots.count - 1
        var slot = home(of: id, mask)
        while let record = slots[slot] {
            if record.id == id { return record }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// - Precondition: there is none with its id.
    mutating func insert(_ record: CachedRecord) {
        if 3 * (count + 1) > 2 * slots.count { grow() }
        put(record)
        count += 1
    }

    /// - Precondition: it is there.
    mutating func remove(_ record: CachedRecord) {
        let mask = slots.count - 1
        var free = home(of: record.id, mask)
        while let other = slots[free], other !== record { free = (free + 1) & mask }
        precondition(slots[free] != nil, "a record that is not kept cannot be removed")
        slots[free] = nil
        count -= 1
        // Whoever stands behind the gap and belongs before it moves into it, so that nobody is searched for in vain.
        var next = (free + 1) & mask
        while let moved = slots[next] {
            let distance = (next - home(of: moved.id, mask)) & mask
            if distance >= (next - free) & mask {
                slots[free] = moved
                slots[next] = nil
                free = next
            }
            next = (next + 1) & mask
        }
    }

    private mutating func put(_ record: CachedRecord) {
        let mask = slots.count - 1
        var slot = home(of: record.id, mask)
        while slots[slot] != nil { slot = (slot + 1) & mask }
        slots[slot] = record
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: nil, count: 2 * old.count)
        for case let record? in old { put(record) }
    }

    private func home(of id: RecordID, _ mask: Int) -> Int {
        let product = (id.low ^ seed).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        return Int(truncatingIfNeeded: product.high ^ product.low) & mask
    }
}
