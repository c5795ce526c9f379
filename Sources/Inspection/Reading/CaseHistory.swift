import Causality
import Changes
import Replication
import SQLiteStore

/// What was done to a record, change by change, in the order in which this replica applied it. For `amends log`.
package struct CaseHistory: Hashable, Sendable {
    package struct Line: Hashable, Sendable {
        package let author: Authorship
        /// What the hub made of the change, where it is not ok; such a change does not count.
        package let setAside: Verdict?
        /// What it did to this record, in its author's order; empty for a header without its body.
        package let operations: [Deed]
    }

    /// One operation, as people read it.
    package struct Deed: Hashable, Sendable {
        package enum Action: String, Hashable, Sendable {
            case wrote, cleared, added, removed, counted, appended
            /// From a newer version; kept and not understood.
            case unknown
        }

        package let field: Text
        package let action: Action
        /// The value, the element or the entry, with personal words in place where they are held.
        package let value: Value
    }

    package let record: RecordID
    package let scope: ScopeID
    package let lines: [Line]

    package init(of record: RecordPlace, _ transaction: SQLiteTransaction) throws {
        self.record = record.id
        scope = record.scope
        let names = try ChainNames(transaction)
        lines = try transaction.changes(touching: record.id, of: record.scope).map { change in
            let operations = try change.operations.map { try Operations($0) } ?? Operations()
            let ids = operations.recordIDs(in: record.scope, change: change.hash.short)
            let verdict = change.placement?.verdict ?? .ok
            return Line(
                author: try Authorship(change, names), setAside: verdict == .ok ? nil : verdict,
                operations: try operations.operations.filter { ids[$0.record] == record.id }.map {
                    try Deed($0, of: change, transaction)
                })
        }
    }
}

extension CaseHistory.Deed {
    init(_ operation: FieldOperation, of change: StoredChange, _ transaction: SQLiteTransaction) throws {
        field = operation.target.field
        action = CaseHistory.Deed.Action(operation)
        value = try transaction.resolved(
            operation.target.element ?? operation.value, of: change.dot, scope: change.header.scope)
    }
}

extension CaseHistory.Deed.Action {
    init(_ operation: FieldOperation) {
        let kind = operation.target.kind
        self =
            switch (kind, operation.action) {
            case (.register, .put), (.enableWinsFlag, .put), (.disableWinsFlag, .put): .wrote
            case (.register, .remove), (.enableWinsFlag, .remove), (.disableWinsFlag, .remove): .cleared
            case (.set, .put): .added
            case (.set, .remove): .removed
            case (.total, .put): .counted
            case (.log, .put), (.escrow, .put): .appended
            default: .unknown
            }
    }
}
