import Causality
import Changes

/// Whoever says of which record it is.
package protocol RecordHolder: AnyObject {
    var id: RecordID { get }
}

/// Cached records by their ids, by open addressing: a third of the memory of a dictionary, since each record says its id itself.
///
/// Its order depends on the process and reaches nothing.
package struct RecordTable<Holder: RecordHolder> {
    /// A power of two, of which two thirds are taken at most; linear probing.
    private var slots: [Holder?]
    /// By slot, eight bits of the id that lies there: a record that is looked at is rarely another one.
    private var tags: [UInt8]
    package private(set) var count = 0
    private static var leastSlots: Int { 64 }
    private static var free: UInt8 { 0 }

    package init() {
        slots = Array(repeating: nil, count: RecordTable.leastSlots)
        tags = Array(repeating: RecordTable.free, count: RecordTable.leastSlots)
    }

    /// - Complexity: O(1), expected; so are the others.
    package func find(_ id: RecordID) -> Holder? {
        let mask = tags.count - 1
        let (home, tag) = place(of: id, mask)
        var slot = home
        while tags[slot] != RecordTable.free {
            if tags[slot] == tag, let record = slots[slot], record.id == id { return record }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// - Precondition: there is none with its id.
    package mutating func insert(_ record: Holder) {
        if 3 * (count + 1) > 2 * slots.count { grow() }
        put(record)
        count += 1
    }

    /// - Precondition: it is there.
    package mutating func remove(_ record: Holder) {
        let mask = slots.count - 1
        var gap = place(of: record.id, mask).home
        while let other = slots[gap], other !== record { gap = (gap + 1) & mask }
        precondition(slots[gap] != nil, "a record that is not kept cannot be removed")
        count -= 1
        // Whoever stands behind the gap and belongs before it moves into it, so that nobody is searched for in vain.
        var next = (gap + 1) & mask
        while let moved = slots[next] {
            let distance = (next - place(of: moved.id, mask).home) & mask
            if distance >= (next - gap) & mask {
                slots[gap] = moved
                tags[gap] = tags[next]
                gap = next
            }
            next = (next + 1) & mask
        }
        slots[gap] = nil
        tags[gap] = RecordTable.free
    }

    private mutating func put(_ record: Holder) {
        let mask = slots.count - 1
        let (home, tag) = place(of: record.id, mask)
        var slot = home
        while tags[slot] != RecordTable.free { slot = (slot + 1) & mask }
        slots[slot] = record
        tags[slot] = tag
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: nil, count: 2 * old.count)
        tags = Array(repeating: RecordTable.free, count: 2 * old.count)
        for case let record? in old { put(record) }
    }

    /// Where a record belongs, and its tag.
    private func place(of id: RecordID, _ mask: Int) -> (home: Int, tag: UInt8) {
        let hash = RecordHash.value(of: id)
        return (Int(truncatingIfNeeded: hash) & mask, UInt8(hash >> 56) | 1)
    }
}

/// Where a record's id lies in a table of ids.
enum RecordHash {
    /// That of Swift's own hashing, drawn once a process: ids are hashes of what others choose, and must not be made to come to lie
    /// together.
    private static let seed = UInt64(bitPattern: Int64(Hasher().finalize()))

    static func value(of id: RecordID) -> UInt64 {
        let product = (id.low ^ seed).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        return product.high ^ product.low
    }
}
