internal import CSQLite
internal import Glibc

/// The prepared statements that a connection keeps.
@usableFromInline
struct StatementCache {
    /// Statements made at run time that stay prepared; a schema has a few for each of its tables.
    package static let dynamicLimit = 64

    /// A text by its bytes: `String` takes two normal forms of a letter for equal, and SQL with another literal in it
    /// is another statement.
    struct TextKey: Hashable {
        let text: String

        static func == (a: Self, b: Self) -> Bool {
            var (a, b) = (a.text, b.text)
            return a.withUTF8 { a in
                b.withUTF8 { b in
                    guard let start = a.baseAddress, let other = b.baseAddress else { return a.count == b.count }
                    return a.count == b.count && memcmp(start, other, a.count) == 0
                }
            }
        }

        func hash(into hasher: inout Hasher) {
            var text = text
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    /// Where a text's bytes lie: texts in one place are one text.
    private struct TextPlace: Equatable {
        let start: UnsafeRawPointer
        let count: Int

        /// Nil for a text without a place of its own.
        init?(_ text: String) {
            guard text.utf8.count > 15, let place = text.utf8.withContiguousStorageIfAvailable({ $0 }),
                let start = place.baseAddress
            else { return nil }
            self.start = UnsafeRawPointer(start)
            count = place.count
        }
    }

    private struct Recent {
        let place: TextPlace
        let text: String
        let entry: CachedStatement
    }

    /// Those found last, by the place of their text: what writes a table names its statement thousands of times.
    private var recent: [Recent] = []
    private static let recentLimit = 4

    /// Bounded by the literals in the program.
    private var literals = LiteralTable()
    private var dynamics: [TextKey: CachedStatement] = [:]
    private var uses: UInt64 = 0

    /// Finds the statement of a literal.
    func literal(_ sql: StaticString) -> CachedStatement? { literals.find(sql) }

    /// Keeps the statement of a literal.
    mutating func insert(_ handle: OpaquePointer, literal sql: StaticString) -> CachedStatement {
        let entry = CachedStatement(handle, literal: sql, isKept: true)
        literals.insert(entry)
        return entry
    }

    /// Finds a statement made at run time, and notes its use.
    mutating func dynamic(_ sql: String) -> CachedStatement? {
        let place = TextPlace(sql)
        if let place, let recent = recent.first(where: { $0.place == place }) {
            note(recent.entry)
            return recent.entry
        }
        guard let (key, entry) = dynamics[TextKey(text: sql)].map({ (TextKey(text: sql), $0) }) else { return nil }
        note(entry)
        // The text is kept with its place: what lies there stays.
        if let place {
            if recent.count == Self.recentLimit { recent.removeFirst() }
            recent.append(Recent(place: place, text: key.text, entry: entry))
        }
        return entry
    }

    /// Keeps a statement, and drops the one that was unused longest where there are too many.
    ///
    /// - Complexity: O(1); O(`dynamicLimit`) when one is dropped.
    mutating func insert(_ handle: OpaquePointer, dynamic sql: String) -> CachedStatement {
        if dynamics.count >= Self.dynamicLimit { dropOldest() }
        let entry = CachedStatement(handle, isKept: true)
        note(entry)
        dynamics[TextKey(text: sql)] = entry
        return entry
    }

    /// Finalises all, before the connection closes.
    mutating func finalizeAll() {
        for entry in literals.removeAll() + dynamics.values {
            precondition(!entry.isLent, "a connection was closed while a statement of it was in use")
            entry.finalize()
        }
        dynamics = [:]
        recent = []
    }

    /// `uses` differs for each entry, so the order of the dictionary does not matter.
    private mutating func dropOldest() {
        let idle = dynamics.filter { !$0.value.isLent }
        guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
        recent.removeAll { $0.entry === oldest.value }
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
    /// What it was made from, unless at run time.
    let literal: StaticString?
    /// False for the inner use of a statement that is lent already: finalised when given back.
    private let isKept: Bool
    private(set) var isLent = false
    fileprivate(set) var lastUse: UInt64 = 0

    init(_ handle: OpaquePointer, literal: StaticString? = nil, isKept: Bool) {
        self.handle = handle
        self.literal = literal
        self.isKept = isKept
    }

    func isMade(from sql: StaticString) -> Bool {
        guard let literal else { return false }
        return literal.utf8Start == sql.utf8Start && literal.utf8CodeUnitCount == sql.utf8CodeUnitCount
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
