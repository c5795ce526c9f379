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
        try branchRecord("b.branch_scope = ?", scope.bytes)
    }

    /// The branch of this name, else the one of this code.
    package func branchRecord(named name: Text) throws -> StoredRecord? {
        try branchRecord("b.name = ?", name.string) ?? branchRecord("b.code = ?", name.string)
    }

    private func branchRecord(_ condition: StaticString, _ value: some Bindable) throws -> StoredRecord? {
        try flushRecords()
        let row: Int64? = try connection.withStatement(
            dynamic: "SELECT r.rid FROM branch b JOIN record r USING (rid) WHERE \(condition) ORDER BY r.id LIMIT 1"
        ) { statement in
            try statement.bind(value)
            return try statement.step() ? try statement.int64(0) : nil
        }
        return try row.flatMap { try recordRow(at: $0)?.stored(projections.fieldNames) }
    }
}
