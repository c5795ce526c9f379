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
            SELECT s.id, c.status, count(*)
            FROM recovery_case c JOIN record r USING (rid) JOIN scope s ON s.rid = r.scope
            GROUP BY s.id, c.status ORDER BY s.id, c.status
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

    /// Cases, those that changed last first.
    package func cases(_ filter: CaseFilter) throws -> [CaseRow] {
        try flushRecords()
        return try connection.withStatement(
            """
            SELECT r.id, s.id, c.number, c.status, c.title, c.category, c.severity, c.assignee, c.team, c.opened_at,
                c.updated_at, r.conflicts
            FROM recovery_case c JOIN record r USING (rid) JOIN scope s ON s.rid = r.scope
            WHERE (?1 IS NULL OR c.status = ?1) AND (?2 IS NULL OR s.id = ?2)
            ORDER BY c.updated_at DESC, r.id LIMIT ?3
            """
        ) { statement in
            try statement.bind(filter.status, filter.scope?.bytes, filter.limit)
            var result: [CaseRow] = []
            while try statement.step() {
                result.append(
                    CaseRow(
                        place: try place(statement), number: try statement.optionalText(2),
                        status: try statement.text(3), title: try statement.optionalText(4),
                        category: try statement.optionalText(5), severity: try statement.optionalInt64(6),
                        assignee: try statement.optionalText(7), team: try statement.optionalText(8),
                        openedAt: try statement.optionalInt64(9), updatedAt: try statement.optionalInt64(10),
                        conflicts: try statement.int(11)))
            }
            return result
        }
    }

    /// The cases that `name` may mean: a number, an alias, or the first digits of an id, by id.
    ///
    /// - Parameter limit: at most so many; two are one too many for a command that works on one.
    package func cases(named name: String, limit: Int = 2) throws -> [RecordPlace] {
        try flushRecords()
        return try connection.withStatement(
            """
            SELECT r.id, s.id
            FROM (
                SELECT rid FROM recovery_case WHERE number = ?1
                UNION SELECT rid FROM recovery_case_alias WHERE value = ?1
                UNION SELECT c.rid FROM scope s JOIN record r ON r.scope = s.rid JOIN recovery_case c USING (rid)
                    WHERE ?2 IS NOT NULL AND r.id BETWEEN ?2 AND ?3
            ) JOIN record r USING (rid) JOIN scope s ON s.rid = r.scope
            ORDER BY 1 LIMIT ?4
            """
        ) { statement in
            let digits = name.lowercased()
            // The least and the greatest id that begin with these digits.
            let ends: [RecordID] =
                digits.utf8.count < 6
                ? []
                : ["0", "f"].compactMap { digit in
                    RecordID(hexadecimal: digits + String(repeating: digit, count: max(0, 32 - digits.utf8.count)))
                }
            try statement.bind(name, ends.first?.bytes, ends.last?.bytes, limit)
            var result: [RecordPlace] = []
            while try statement.step() { result.append(try place(statement)) }
            return result
        }
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
