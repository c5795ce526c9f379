import Causality
import Changes
import Replication
import SQLiteKit

/// Questions about the chain's directory, as the tables `branch` and `machine` show it.
extension SQLiteTransaction {
    /// The directory's record of the branch that works in `scope`; nil where the directory has not told.
    ///
    /// A branch that was begun without a hub brings its scope along, so the record's id does not follow from the scope.
    package func branchRecord(servedBy scope: ScopeID) throws -> StoredRecord? {
        try flushRecords()
        let id: RecordID? = try connection.withStatement(
            "SELECT id FROM branch WHERE branch_scope = ? ORDER BY id LIMIT 1"
        ) { statement in
            try statement.bind(scope.bytes)
            guard try statement.step() else { return nil }
            let text = try statement.text(0)
            guard let id = RecordID(hexadecimal: text) else {
                throw StoredValueError(table: "branch", row: text, reason: "its id is not one")
            }
            return id
        }
        return try id.flatMap { try recordRow($0)?.stored }
    }
}
