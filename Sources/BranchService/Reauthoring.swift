import Causality
import Changes
import Replication

/// Writes the changes of one scope anew in another, when a branch that was made alone joins a branch that has a
/// history: persons, times and personal parts stay, places and hashes are new.
struct Reauthoring<Transaction: ReplicaTransaction> {
    let transaction: Transaction
    let writer: LocalWriter<Transaction>
    let old: ScopeID
    let new: ScopeID

    /// The new reference of each change that was written anew, by its old short hash.
    private var moved: [ShortHash: ChangeReference] = [:]
    private var records: [RecordID: RecordID] = [:]

    init(_ transaction: Transaction, writer: LocalWriter<Transaction>, from old: ScopeID, into new: ScopeID) {
        self.transaction = transaction
        self.writer = writer
        self.old = old
        self.new = new
    }

    /// - Parameter now: the machine's clock; the changes keep their own stamps.
    /// - Returns: how many changes were written anew.
    mutating func run(now: Int64) throws -> Int {
        var after: Int64 = 0
        var count = 0
        while true {
            let page = try transaction.unplaced(of: old, after: after, limit: 500)
            guard let last = page.last else { return count }
            for change in page {
                try rewrite(change, now: now)
                count += 1
            }
            after = last.order
        }
    }

    private mutating func rewrite(_ change: StoredChange, now: Int64) throws {
        guard let bytes = change.operations else { return }
        let operations = try Operations(bytes)
        let oldIDs = operations.recordIDs(in: old, change: change.hash.short)
        let origins = operations.records.map(rename)
        var parts: [ChangeDraft.Part] = []
        for part in try transaction.parts(of: change.dot, scope: old) {
            guard let part else { continue }
            let decoded = try PersonalPart(part)
            parts.append(ChangeDraft.Part(subject: decoded.subject, items: decoded.items.map(rename)))
        }
        let draft = ChangeDraft(
            person: change.header.person, zoneMinutes: change.header.zoneMinutes, schema: change.header.schema,
            operations: Operations(records: origins, operations: operations.operations.map(rename)), parts: parts)
        let written = try writer.commit(draft, in: new, at: now, keeping: change.header.stamp)
        moved[change.hash.short] = ChangeReference(dot: written.dot, hash: written.hash.short)
        for (oldID, newID) in zip(oldIDs, draft.operations.recordIDs(in: new, change: written.hash.short)) {
            records[oldID] = newID
        }
    }

    private func rename(_ origin: RecordOrigin) -> RecordOrigin {
        switch origin {
        case .created(let change, let index): .created(change: moved[change]?.hash ?? change, index: index)
        case .moved(let record, let target): .moved(record: records[record] ?? record, target: target)
        case .here, .external: origin
        }
    }

    private func rename(_ operation: FieldOperation) -> FieldOperation {
        FieldOperation(
            record: operation.record,
            target: FieldTarget(
                field: operation.target.field, kind: operation.target.kind,
                element: operation.target.element.map(rename)),
            action: operation.action, value: rename(operation.value),
            shown: operation.shown.map { references in
                references.map { moved[$0.hash] ?? $0 }.sorted { $0.dot < $1.dot }
            })
    }

    private func rename(_ value: Value) -> Value {
        switch value {
        case .record(let id): .record(records[id] ?? id)
        case .fields(let fields): .fields(fields.map { Value.Field($0.name, rename($0.value)) })
        default: value
        }
    }
}
