import Causality
import Changes
import Replication
import SQLiteKit

/// Questions about records of any type.
extension SQLiteTransaction {
    /// Records in which a register holds more than one value, in the order in which they came.
    package func recordsWithConflicts(limit: Int) throws -> [StoredRecord] {
        try flushRecords()
        let rows: [Int64] = try connection.withStatement(
            "SELECT rid FROM record WHERE conflicts > 0 ORDER BY rid LIMIT ?"
        ) { statement in
            try statement.bind(limit)
            var rows: [Int64] = []
            while try statement.step() { rows.append(try statement.int64(0)) }
            return rows
        }
        return try rows.compactMap { try recordRow(at: $0)?.stored(projections.fieldNames) }
    }

    package func conflictCount() throws -> Int {
        try flushRecords()
        return try connection.withStatement("SELECT coalesce(sum(conflicts), 0) FROM record WHERE conflicts > 0") {
            statement in
            _ = try statement.step()
            return try statement.int(0)
        }
    }

    /// A personal value's text or other value, where the part is held.
    package func personal(_ reference: PartReference, of dot: Dot, scope: ScopeID) throws -> Value? {
        let parts = try parts(of: dot, scope: scope)
        guard parts.indices.contains(reference.part), let bytes = parts[reference.part] else { return nil }
        let items = try PersonalPart(bytes).items
        return items.indices.contains(reference.item) ? items[reference.item] : nil
    }

    /// The changes whose feed begins with these hexadecimal digits, with this sequence, one in each scope that has such a feed.
    package func changes(named name: String) throws -> [StoredChange] {
        let parts = name.split(separator: ":")
        guard parts.count == 2, let sequence = UInt64(parts[1]) else { return [] }
        var result: [StoredChange] = []
        for scope in try scopes() {
            for feed in try feeds(of: scope.id) where feed.feed.description.hasPrefix(parts[0].lowercased()) {
                if let change = try change(at: Dot(feed: feed.feed, sequence: sequence), of: scope.id) {
                    result.append(change)
                }
            }
        }
        return result
    }
}

/// Questions of the diagnostics.
extension SQLiteTransaction {
    /// Changes of a scope without an entry, up to one in the order of application.
    package func unplacedCount(of scope: ScopeID, upTo order: Int64) throws -> Int {
        try unplaced(of: scope, after: 0, limit: .max).count { $0.order <= order }
    }

    /// Hands over a scope's records by id, a page at a time: memory does not grow with the scope.
    package func visitRecords(of scope: ScopeID, _ visit: (StoredRecord) throws -> Void) throws {
        var last: RecordID?
        while true {
            let page = try records(of: scope, after: last, limit: 500)
            for record in page { try visit(record) }
            guard let end = page.last else { return }
            last = end.id
            if caches.waiting.isEmpty { caches.records.removeAll() }
        }
    }
}
