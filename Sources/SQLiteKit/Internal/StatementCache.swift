internal import CSQLite

/// The prepared statements that a connection keeps.
@usableFromInline
struct StatementCache {
    /// Statements made at run time that stay prepared; a schema has a few for each of its tables.
    package static let dynamicLimit = 64

    /// A literal by its place in the program, which is as good as its text and need not be compared.
    struct LiteralKey: Hashable {
        let address: UInt
        let count: Int

        init(_ sql: StaticString) {
            address = UInt(bitPattern: sql.utf8Start)
            count = sql.utf8CodeUnitCount
        }
    }

    /// Bounded by the literals in the program.
    var literals: [LiteralKey: CachedStatement] = [:]
    private(set) var dynamics: [String: CachedStatement] = [:]
    private var uses: UInt64 = 0

    /// Finds a statement made at run time, and notes its use.
    mutating func dynamic(_ sql: String) -> CachedStatement? {
        guard let entry = dynamics[sql] else { return nil }
        note(entry)
        return entry
    }

    /// Keeps a statement, and drops the one that was unused longest where there are too many.
    ///
    /// - Complexity: O(1); O(`dynamicLimit`) when one is dropped.
    mutating func insert(_ handle: OpaquePointer, dynamic sql: String) -> CachedStatement {
        if dynamics.count >= Self.dynamicLimit { dropOldest() }
        let entry = CachedStatement(handle, isKept: true)
        note(entry)
        dynamics[sql] = entry
        return entry
    }

    /// Finalises all, before the connection closes.
    mutating func finalizeAll() {
        for entry in literals.values { entry.finalize() }
        for entry in dynamics.values { entry.finalize() }
        literals = [:]
        dynamics = [:]
    }

    /// `uses` differs for each entry, so the order of the dictionary does not matter.
    private mutating func dropOldest() {
        let idle = dynamics.filter { !$0.value.isLent }
        guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
        oldest.value.finalize()
        dynamics[oldest.key] = nil
    }

    private mutating func note(_ entry: CachedStatement) {
        uses += 1
        entry.lastUse = uses
    }
}

/// A prepared statement in the cache, or for one use beside it.
@usableFromInline
final class CachedStatement {
    let handle: OpaquePointer
    /// False for the inner use of a statement that is lent already: finalised when given back.
    private let isKept: Bool
    private(set) var isLent = false
    fileprivate(set) var lastUse: UInt64 = 0

    init(_ handle: OpaquePointer, isKept: Bool) {
        self.handle = handle
        self.isKept = isKept
    }

    func lent() -> CachedStatement {
        isLent = true
        return self
    }

    func giveBack() {
        guard isKept else { return finalize() }
        // Reset repeats the error of the last step, which the step has thrown.
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
        isLent = false
    }

    func finalize() {
        sqlite3_finalize(handle)
    }
}
