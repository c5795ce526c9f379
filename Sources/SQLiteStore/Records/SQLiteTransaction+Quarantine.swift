import Causality
import Changes
import Replication
import SQLiteKit

/// What cannot be folded, and the keys of personal parts.
extension SQLiteTransaction {
    package func quarantine(_ dot: Dot, of scope: ScopeID, reason: String) throws {
        try connection.execute(
            "INSERT OR REPLACE INTO quarantine (feed, sequence, reason) VALUES (?, ?, ?)",
            try feedRow(of: dot, scope: scope), Int64(dot.sequence), reason)
    }

    package func removeQuarantine(_ dot: Dot, of scope: ScopeID) throws {
        guard let sequence = Int64(exactly: dot.sequence) else { return }
        try connection.execute(
            "DELETE FROM quarantine WHERE feed = ? AND sequence = ?", try feedRow(of: dot, scope: scope), sequence)
    }

    package func quarantined(of scope: ScopeID) throws -> [(dot: Dot, reason: String)] {
        guard let row = try heldScopeRow(scope) else { return [] }
        return try connection.withStatement(
            """
            SELECT f.id, q.sequence, q.reason FROM quarantine q JOIN feed f ON f.rid = q.feed
            WHERE f.scope = ? ORDER BY f.id, q.sequence
            """
        ) { statement in
            try statement.bind(row)
            var result: [(dot: Dot, reason: String)] = []
            while try statement.step() {
                result.append(
                    (
                        dot: Dot(
                            feed: try statement.identifier(0, "quarantine"),
                            sequence: try statement.unsigned(1, "quarantine")),
                        reason: try statement.text(2)
                    ))
            }
            return result
        }
    }

    package func partKey(of subject: SubjectID, record: RecordID) throws -> [UInt8]? {
        try connection.withStatement("SELECT key FROM part_key WHERE subject = ? AND record = ?") { statement in
            try statement.bind(subject.bytes, record.bytes)
            guard try statement.step() else { return nil }
            let key = try statement.bytes(0)
            guard key.count == PersonalPart.keyBytes else {
                throw StoredValueError(
                    table: "part_key", row: "\(record)",
                    reason: "a key has \(key.count) bytes, not \(PersonalPart.keyBytes)")
            }
            return key
        }
    }

    package func put(partKey: [UInt8], of subject: SubjectID, record: RecordID) throws {
        try connection.execute(
            "INSERT OR REPLACE INTO part_key (subject, record, key) VALUES (?, ?, ?)",
            subject.bytes, record.bytes, partKey)
    }
}
