import Causality
import Changes
import Replication
import SQLiteKit

/// A record as it was found by name.
package struct RecordPlace: Hashable, Sendable {
    package let id: RecordID
    package let scope: ScopeID

    package init(id: RecordID, scope: ScopeID) {
        self.id = id
        self.scope = scope
    }
}

/// One row of a listing of cases, as the table shows it.
package struct CaseRow: Hashable, Sendable {
    package let place: RecordPlace
    package let number: String?
    package let status: String
    package let title: String?
    package let category: String?
    package let severity: Int64?
    package let assignee: String?
    package let team: String?
    package let openedAt: Int64?
    package let updatedAt: Int64?
    package let conflicts: Int
}

extension CaseRow {
    /// Listing order: the time of the last change, the latest first and none last; then the id.
    func precedes(_ other: CaseRow) -> Bool {
        if updatedAt == other.updatedAt { return place.id < other.place.id }
        guard let updatedAt else { return false }
        return other.updatedAt.map { updatedAt > $0 } ?? true
    }
}

package struct CaseCount: Hashable, Sendable {
    package let scope: ScopeID
    package let status: String
    package let count: Int
}

/// Which cases a listing holds.
package struct CaseFilter: Hashable, Sendable {
    package var status: String?
    package var scope: ScopeID?
    package var limit: Int

    package init(status: String? = nil, scope: ScopeID? = nil, limit: Int = CaseFilter.defaultLimit) {
        self.status = status
        self.scope = scope
        self.limit = limit
    }

    package static var defaultLimit: Int { 1_000 }
}

/// Questions to the table `recovery_case`.
extension SQLiteTransaction {
    /// Cases by scope and status, sorted.
    package func caseCounts() throws -> [CaseCount] {
        try flushRecords()
        return try connection.withStatement(
            """
            SELECT s.id, c.status, c.count
            FROM (SELECT scope, status, count(*) AS count FROM recovery_case GROUP BY scope, status) c
                JOIN scope s ON s.rid = c.scope
            ORDER BY s.id, c.status
            """
        ) { statement in
            var result: [CaseCount] = []
            while try statement.step() {
                result.append(
                    CaseCount(
                        scope: try statement.identifier(0, "scope"), status: try statement.text(1),
                        count: try statement.int(2)))
            }
            return result
        }
    }

    /// Cases, those that changed last first, of those that changed at once the least id first.
    ///
    /// - Complexity: O(limit + statuses log cases): each status is an index's own page, and pages are merged.
    package func cases(_ filter: CaseFilter) throws -> [CaseRow] {
        try flushRecords()
        let scope = try filter.scope.map { try heldScopeRow($0) }
        if case .some(.none) = scope { return [] }
        let row = scope.flatMap(\.self)
        let statuses = try filter.status.map { [$0] } ?? caseStatuses(in: row)
        var found: [CaseRow] = []
        for status in statuses {
            let floor = found.count >= filter.limit ? found.last : nil
            let page = try cases(of: status, in: row, limit: filter.limit, above: floor)
            if page.isEmpty { continue }
            found = found.isEmpty ? page : Array((found + page).sorted { $0.precedes($1) }.prefix(filter.limit))
        }
        return found
    }

    /// The statuses that cases have, sorted; each is found by a step in an index.
    private func caseStatuses(in scope: Int64?) throws -> [String] {
        var statuses: [String] = []
        while let next = try status(after: statuses.last, in: scope) { statuses.append(next) }
        return statuses
    }

    private func status(after last: String?, in scope: Int64?) throws -> String? {
        let condition = "status \(last == nil ? ">=" : ">") ?1" + (scope == nil ? "" : " AND scope = ?2")
        let sql = "SELECT min(status) FROM recovery_case WHERE \(condition)"
        return try connection.withStatement(dynamic: sql) { statement in
            try statement.bind(last ?? "", at: 1)
            if let scope { try statement.bind(scope, at: 2) }
            return try statement.step() ? try statement.optionalText(0) : nil
        }
    }

    private static let caseColumns = """
        SELECT r.id, s.id, c.number, c.status, c.title, c.category, c.severity, c.assignee, c.team, c.opened_at,
            c.updated_at, r.conflicts
        FROM recovery_case c CROSS JOIN record r ON r.rid = c.rid CROSS JOIN scope s ON s.rid = c.scope
        """

    /// - Parameter floor: what comes after it is not wanted.
    private func cases(
        of status: String, in scope: Int64?, limit: Int, above floor: CaseRow?
    ) throws -> [CaseRow] {
        let condition = scope == nil ? "c.status = ?1" : "c.status = ?1 AND c.scope = ?3"
        let sql =
            "\(SQLiteTransaction.caseColumns) WHERE \(condition) ORDER BY c.updated_at DESC, r.id LIMIT ?2"
        return try connection.withStatement(dynamic: sql) { statement in
            try statement.bind(status, at: 1)
            try statement.bind(limit, at: 2)
            if let scope { try statement.bind(scope, at: 3) }
            var result: [CaseRow] = []
            while try statement.step() {
                let row = CaseRow(
                    place: try place(statement), number: try statement.optionalText(2),
                    status: try statement.text(3), title: try statement.optionalText(4),
                    category: try statement.optionalText(5), severity: try statement.optionalInt64(6),
                    assignee: try statement.optionalText(7), team: try statement.optionalText(8),
                    openedAt: try statement.optionalInt64(9), updatedAt: try statement.optionalInt64(10),
                    conflicts: try statement.int(11))
                if let floor, !row.precedes(floor) { break }
                result.append(row)
            }
            return result
        }
    }

    /// The cases that `name` may mean, by id: those of this number, and only where there is none those of this alias and of an id
    /// that begins so. Anybody may add an alias; the number on a slip of paper leads to its case all the same.
    ///
    /// - Parameter limit: at most so many; two are one too many for a command that works on one.
    package func cases(named name: String, limit: Int = 2) throws -> [RecordPlace] {
        try flushRecords()
        let ids = SQLiteTransaction.ids(beginningWith: name.lowercased())
        return try connection.withStatement(
            """
            SELECT r.id, s.id
            FROM (
                SELECT rid FROM recovery_case WHERE number = ?1
                UNION SELECT rid FROM recovery_case_alias
                    WHERE value = ?1 AND NOT EXISTS (SELECT 1 FROM recovery_case WHERE number = ?1)
                UNION SELECT r.rid
                    FROM scope s CROSS JOIN record r
                        ON r.scope = s.rid AND substr(r.id, 1, 4) BETWEEN substr(?2, 1, 4) AND substr(?3, 1, 4)
                    WHERE r.id BETWEEN ?2 AND ?3
                        AND NOT EXISTS (SELECT 1 FROM recovery_case WHERE number = ?1)
            ) n JOIN recovery_case c ON c.rid = n.rid JOIN record r ON r.rid = n.rid JOIN scope s ON s.rid = r.scope
            ORDER BY 1 LIMIT ?4
            """
        ) { statement in
            try statement.bind(name, ids?.first.bytes, ids?.last.bytes, limit)
            var result: [RecordPlace] = []
            while try statement.step() { result.append(try place(statement)) }
            return result
        }
    }

    /// The ids that six to thirty-two hexadecimal digits may begin; nil for anything else.
    private static func ids(beginningWith digits: String) -> (first: RecordID, last: RecordID)? {
        let missing = 2 * RecordID.byteCount - digits.utf8.count
        guard digits.utf8.count >= 6, missing >= 0,
            let first = RecordID(hexadecimal: digits + String(repeating: "0", count: missing)),
            let last = RecordID(hexadecimal: digits + String(repeating: "f", count: missing))
        else { return nil }
        return (first, last)
    }

    /// Whether a step of any case is this fact of the outside.
    package func holdsFact(_ fact: String) throws -> Bool {
        try flushRecords()
        return try connection.withStatement("SELECT 1 FROM recovery_case_steps WHERE fact = ? LIMIT 1") { statement in
            try statement.bind(fact)
            return try statement.step()
        }
    }

    private func place(_ statement: borrowing Statement) throws -> RecordPlace {
        RecordPlace(id: try statement.identifier(0, "record"), scope: try statement.identifier(1, "scope"))
    }
}
