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
    /// The position of the snapshot that the record began with here: what came before is not in `lines`.
    package let snapshot: UInt64?

    /// - Parameter earlier: what the hub tells of the record, for one that began with a snapshot here.
    package init(
        of record: RecordPlace, earlier: RecordHistory? = nil, _ transaction: SQLiteTransaction
    ) throws {
        self.record = record.id
        scope = record.scope
        let names = try ChainNames(transaction)
        snapshot =
            try transaction.baseRecord(record.id, of: record.scope) == nil
            ? nil : transaction.base(of: record.scope)?.position
        let base = snapshot ?? 0
        let told = (earlier?.lines ?? []).filter { $0.placement.position <= base }
        let held = try transaction.changes(touching: record.id, of: record.scope)
        lines = try (told.map { ($0.change, $0.parts) } + held.map { ($0, nil) }).map { change, parts in
            let operations = try change.operations.map { try Operations($0) } ?? Operations()
            let ids = operations.recordIDs(in: record.scope, change: change.hash.short)
            let verdict = change.placement?.verdict ?? .ok
            return Line(
                author: try Authorship(change, names), setAside: verdict == .ok ? nil : verdict,
                operations: try operations.operations.filter { ids[$0.record] == record.id }.map {
                    try Deed($0, of: change, parts: parts, transaction)
                })
        }
    }
}

extension CaseHistory.Deed {
    /// - Parameter parts: the change's personal parts, where they are not kept here.
    init(
        _ operation: FieldOperation, of change: StoredChange, parts: [[UInt8]?]?, _ transaction: SQLiteTransaction
    ) throws {
        field = operation.target.field
        action = CaseHistory.Deed.Action(operation)
        let written = operation.target.element ?? operation.value
        value =
            try parts.map { try written.resolved(in: $0) }
            ?? transaction.resolved(written, of: change.dot, scope: change.header.scope)
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
