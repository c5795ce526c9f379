/// Prepared statements by the literal that they were made from.
///
/// A literal is known by its place in the program, which is as good as its text and need not be read. Open addressing
/// over that address: the standard dictionary's hash, made to withstand hostile keys, cost more than a short
/// statement's binding.
struct LiteralTable {
    /// A power of two, at least twice the entries, so that a probe always meets an empty slot soon.
    private var slots: [CachedStatement?] = Array(repeating: nil, count: 64)
    private(set) var count = 0

    /// - Complexity: O(1) expected.
    func find(_ sql: StaticString) -> CachedStatement? {
        var slot = Self.preferredSlot(of: sql, among: slots.count)
        while let entry = slots[slot] {
            if entry.isMade(from: sql) { return entry }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Adds an entry whose literal is not there yet; there are no more than literals in the program.
    mutating func insert(_ entry: CachedStatement) {
        if (count + 1) * 2 > slots.count { grow() }
        place(entry)
        count += 1
    }

    /// Takes all entries out.
    mutating func removeAll() -> [CachedStatement] {
        defer { self = LiteralTable() }
        return slots.compactMap { $0 }
    }

    private mutating func grow() {
        let entries = slots.compactMap { $0 }
        slots = Array(repeating: nil, count: slots.count * 2)
        for entry in entries { place(entry) }
    }

    private mutating func place(_ entry: CachedStatement) {
        guard let literal = entry.literal else { preconditionFailure("a statement without its literal") }
        var slot = Self.preferredSlot(of: literal, among: slots.count)
        while slots[slot] != nil { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = entry
    }

    /// Multiplication by 2^64 divided by the golden ratio spreads neighbouring addresses over the high bits (Knuth,
    /// "The Art of Computer Programming", 6.4).
    private static func preferredSlot(of sql: StaticString, among slotCount: Int) -> Int {
        let spread = UInt64(UInt(bitPattern: sql.utf8Start)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: spread >> 32) & (slotCount - 1)
    }
}
