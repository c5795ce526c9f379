import Causality
import Changes
import Replication
import SQLiteKit

extension SQLiteTransaction {
    /// Removes a scope and all that belongs to it. For a scope whose changes were re-authored into another one.
    package func drop(_ scope: ScopeID) throws {
        // It may lie beside a feed of the scope.
        try put(try setting(.clock), for: .clock)
        try flush()
        let row = try scopeRow(scope)
        for table in try valueTables().tables.flatMap(\.tables) {
            try connection.withStatement(
                dynamic: "DELETE FROM \"\(table)\" WHERE rid IN (SELECT rid FROM record WHERE scope = ?)"
            ) { statement in
                try statement.bind(row)
                try statement.run()
            }
        }
        try connection.execute("DELETE FROM log_row WHERE record IN (SELECT rid FROM record WHERE scope = ?)", row)
        try connection.execute("DELETE FROM part_key WHERE record IN (SELECT id FROM record WHERE scope = ?)", row)
        try connection.execute("DELETE FROM record WHERE scope = ?", row)
        for table in ["part", "stretch", "verdict"] {
            try connection.withStatement(
                dynamic: "DELETE FROM \(table) WHERE feed IN (SELECT rid FROM feed WHERE scope = ?)"
            ) { statement in
                try statement.bind(row)
                try statement.run()
            }
        }
        try connection.execute("DELETE FROM run WHERE place >> 40 IN (SELECT rid FROM feed WHERE scope = ?)", row)
        try connection.execute("DELETE FROM segment WHERE scope = ?", row)
        try connection.execute("DELETE FROM knot WHERE feed IN (SELECT rid FROM feed WHERE scope = ?)", row)
        try connection.execute("DELETE FROM quarantine WHERE feed IN (SELECT rid FROM feed WHERE scope = ?)", row)
        try connection.execute("DELETE FROM attestation WHERE scope = ?", scope.bytes)
        try connection.execute("DELETE FROM staged WHERE scope = ?", row)
        try connection.execute("DELETE FROM fingerprint WHERE scope = ?", row)
        try connection.execute("DELETE FROM snapshot_piece WHERE scope = ?", row)
        try connection.execute("DELETE FROM snapshot WHERE scope = ?", row)
        try connection.execute("DELETE FROM feed WHERE scope = ?", row)
        try connection.execute("DELETE FROM scope WHERE rid = ?", row)
        abandon()
    }
}
