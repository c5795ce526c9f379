import Causality
import Changes

/// Tells without the file of most records that they are new: of scopes that had no record when this process first asked, so that
/// all their records were inserted by it. A Bloom filter with one hash, since ids are hashes (B. H. Bloom, Space/time trade-offs in
/// hash coding with allowable errors, 1970); what it takes for known by mistake is looked for.
struct RecordFilter {
    /// By scope's row, whether it had no record then.
    private var wasEmpty: [Int64: Bool] = [:]
    /// The scope that was asked for last.
    private var last: (scope: Int64, wasEmpty: Bool)?
    /// Empty until a record was inserted.
    private var bits: [UInt64] = []

    /// 64 KiB: of 25,000 records' first questions one in twenty goes to the file.
    private static let bitCount = 1 << 19

    /// Whether no row can hold the record.
    ///
    /// - Parameter isEmpty: whether a scope has no record now; asked once for each scope.
    mutating func isNew(_ id: RecordID, of scope: Int64, isEmpty: () throws -> Bool) rethrows -> Bool {
        if last?.scope != scope {
            let known = try wasEmpty[scope] ?? isEmpty()
            wasEmpty[scope] = known
            last = (scope, known)
        }
        guard last?.wasEmpty == true else { return false }
        if bits.isEmpty { return true }
        let (word, bit) = RecordFilter.place(of: id)
        return bits[word] & bit == 0
    }

    /// Takes note of a record that gets a row.
    mutating func insert(_ id: RecordID, of scope: Int64) {
        // Of others nobody is told that they are new; before the first question the file says it.
        guard (last?.scope == scope ? last?.wasEmpty : wasEmpty[scope]) == true else { return }
        if bits.isEmpty { bits = Array(repeating: 0, count: RecordFilter.bitCount / 64) }
        let (word, bit) = RecordFilter.place(of: id)
        bits[word] |= bit
    }

    private static func place(of id: RecordID) -> (word: Int, bit: UInt64) {
        let hash = Int(truncatingIfNeeded: id.low) & (bitCount - 1)
        return (hash >> 6, 1 << UInt64(hash & 63))
    }
}
