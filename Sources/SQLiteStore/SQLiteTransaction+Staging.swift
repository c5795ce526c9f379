import Causality
import Changes
import Replication
import SQLiteKit

/// Changes that are coming in pieces.
extension SQLiteTransaction {
    package func staged(at dot: Dot, of scope: ScopeID) throws -> StagedChange? {
        guard let sequence = Int64(exactly: dot.sequence) else { return nil }
        return try connection.withStatement(
            "SELECT digest, total, body, at FROM staged WHERE scope = ? AND feed = ? AND sequence = ?"
        ) { statement in
            try statement.bind(try scopeRow(scope), dot.feed.bytes, sequence)
            guard try statement.step() else { return nil }
            return StagedChange(
                dot: dot, digest: try statement.hash(0, "staged"), total: try statement.int(1),
                bytes: try statement.bytes(2), at: try statement.int64(3))
        }
    }

    package func staged(of scope: ScopeID) throws -> [StagedHead] {
        try connection.withStatement(
            "SELECT feed, sequence, digest, length(body) FROM staged WHERE scope = ? ORDER BY feed, sequence"
        ) { statement in
            try statement.bind(try scopeRow(scope))
            var heads: [StagedHead] = []
            while try statement.step() {
                heads.append(
                    StagedHead(
                        dot: Dot(
                            feed: try statement.identifier(0, "staged"), sequence: try statement.unsigned(1, "staged")),
                        digest: try statement.hash(2, "staged").short, length: try statement.int(3)))
            }
            return heads
        }
    }

    package func put(_ staged: StagedChange, of scope: ScopeID) throws {
        guard let sequence = Int64(exactly: staged.dot.sequence) else {
            preconditionFailure("a change after a feed's head has a sequence that fits")
        }
        try connection.execute(
            """
            INSERT OR REPLACE INTO staged (scope, feed, sequence, digest, total, body, at) VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            try scopeRow(scope), staged.dot.feed.bytes, sequence, staged.digest.bytes, staged.total, staged.bytes,
            staged.at)
    }

    package func removeStaged(at dot: Dot, of scope: ScopeID) throws {
        guard let sequence = Int64(exactly: dot.sequence) else { return }
        try connection.execute(
            "DELETE FROM staged WHERE scope = ? AND feed = ? AND sequence = ?",
            try scopeRow(scope), dot.feed.bytes, sequence)
    }

    package func removeStaged(of scope: ScopeID, before time: Int64) throws {
        try connection.execute("DELETE FROM staged WHERE scope = ? AND at < ?", try scopeRow(scope), time)
    }
}
