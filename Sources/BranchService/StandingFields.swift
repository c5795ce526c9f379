import Causality
import Changes
import Importing
import Replication
import SQLiteStore
import ServiceRecovery

/// What stands in a case that imports and people have written, for a row of which the row before is not in the file: what changed
/// outside since then cannot be told, and a person's word is not undone by a guess.
struct StandingFields {
    private let transaction: SQLiteTransaction
    private let record: RecordID
    private let home: ScopeID
    private let state: RecordState
    /// The changes that imports made.
    private let imported: Set<Dot>

    /// - Parameter steps: the case's imported ones.
    init(
        of reference: CaseReference, _ steps: [SQLiteTransaction.ImportedStep], _ transaction: SQLiteTransaction,
        in home: ScopeID
    ) throws {
        self.transaction = transaction
        self.home = home
        record = IncidentDrafts.record(of: reference, in: home)
        state = try transaction.record(record, of: home)?.state ?? RecordState()
        imported = Set(steps.map(\.dot))
    }

    /// The event with all that its row shows, but for what stands there already and what people have written since.
    ///
    /// - Complexity: O(slots); where the row shows what the case does not have at all, the record's history is read.
    func completed(_ event: CaseEvent) throws -> CaseEvent {
        var cleared: Set<FieldTarget>?
        return try event.complete(removing: importedTags) { change in
            let edit = CaseEdit(change)
            if let slot = state.slots.first(where: { $0.target == edit.target }), !slot.survivors.isEmpty {
                // Written once more it would stand against what somebody elsewhere has written since.
                return slot.survivors.allSatisfy { edit.leaves($0.value) }
                    || slot.survivors.contains { !imported.contains($0.dot) }
            }
            if edit.leavesNothing { return true }
            let known = try cleared ?? clearedByPeople()
            cleared = known
            return known.contains(edit.target)
        }
    }

    /// The tags that imports alone have set.
    private var importedTags: [String] {
        state.slots.compactMap { slot in
            guard slot.target.field.string == CaseEdit.SetField.tags.rawValue, slot.target.kind == .set,
                case .text(let tag)? = slot.target.element, !slot.survivors.isEmpty,
                slot.survivors.allSatisfy({ imported.contains($0.dot) })
            else { return nil }
            return tag.string
        }
    }

    /// What somebody other than an import has written last, and so cleared where nothing stands.
    private func clearedByPeople() throws -> Set<FieldTarget> {
        var last: [FieldTarget: Dot] = [:]
        let changes = try transaction.changes(touching: record, of: home)
        for change in changes.sorted(by: { $0.order < $1.order }) where change.isFolded {
            guard let bytes = change.operations else { continue }
            let operations = try Operations(bytes)
            let ids = operations.recordIDs(in: home, change: change.hash.short)
            for operation in operations.operations where ids[operation.record] == record {
                last[operation.target] = change.dot
            }
        }
        return Set(last.lazy.filter { !imported.contains($0.value) }.map(\.key))
    }
}

extension CaseEdit {
    fileprivate var leavesNothing: Bool {
        switch self {
        case .write(_, nil), .severity(nil), .customer(nil), .remove: true
        case .write, .severity, .customer, .add: false
        }
    }

    /// Whether `value` is what stands there behind it.
    fileprivate func leaves(_ value: Value) -> Bool {
        switch self {
        case .write(_, let text?): value == .text(text)
        case .severity(let severity?): value == .integer(severity.rawValue)
        case .customer(let customer?): Customer.subject(of: value) == customer.subject
        case .add: true
        case .write(_, nil), .severity(nil), .customer(nil), .remove: false
        }
    }
}
