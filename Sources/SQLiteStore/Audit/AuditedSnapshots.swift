import Causality
import Changes
import Replication
import SQLiteKit

/// A row of `snapshot`.
package struct AuditedSnapshot: Sendable {
    /// The row of its scope.
    package let scope: Int64
    package let manifest: SnapshotManifest
    /// As it is stored: 0 or 1 in a sound file.
    package let isBase: Int64
}

/// A row of `snapshot_piece`.
package struct AuditedPiece: Sendable {
    package let scope: Int64
    package let number: Int64
    package let isParts: Int64
    package let body: [UInt8]
}

extension SQLiteTransaction {
    package func auditSnapshots(_ visit: (AuditedRow<AuditedSnapshot>) throws -> Void) throws {
        let table = AuditedTable(name: "snapshot", key: [.integer(0)]) { statement in
            AuditedSnapshot(
                scope: try statement.int64(0), manifest: try SnapshotManifest(try statement.bytes(1)),
                isBase: try statement.int64(2))
        }
        try connection.withStatement("SELECT scope, manifest, is_base FROM snapshot ORDER BY scope") { statement in
            try audit(table, statement, visit)
        }
    }

    package func auditSnapshotPieces(_ visit: (AuditedRow<AuditedPiece>) throws -> Void) throws {
        let table = AuditedTable(name: "snapshot_piece", key: [.integer(0), .integer(1), .integer(2)]) { statement in
            AuditedPiece(
                scope: try statement.int64(0), number: try statement.int64(1), isParts: try statement.int64(2),
                body: try statement.bytes(3))
        }
        try connection.withStatement(
            "SELECT scope, number, is_parts, body FROM snapshot_piece ORDER BY scope, number, is_parts"
        ) { statement in
            try audit(table, statement, visit)
        }
    }
}
