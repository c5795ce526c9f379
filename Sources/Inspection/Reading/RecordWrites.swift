import Causality
import Changes
import Replication
import SQLiteStore

/// All that was ever written to a record, by target, each in the order in which this replica applied it; of what the
/// scope's snapshot includes only what nothing had replaced.
struct RecordWrites {
    struct Write {
        let change: StoredChange
        let operation: FieldOperation
        /// Of a write that came with the scope's snapshot: who made it; nothing else of its change is here.
        var included: Authorship?

        func author(_ names: ChainNames) throws -> Authorship { try included ?? Authorship(change, names) }
    }

    let place: RecordPlace
    let state: RecordState
    private(set) var writes: [FieldTarget: [Write]] = [:]

    init(of place: RecordPlace, _ transaction: SQLiteTransaction) throws {
        self.place = place
        state = try transaction.record(place.id, of: place.scope)?.state ?? RecordState()
        if let base = try transaction.baseRecord(place.id, of: place.scope) { try add(base, transaction) }
        for change in try transaction.changes(touching: place.id, of: place.scope) {
            guard let bytes = change.operations else { continue }
            let operations = try Operations(bytes)
            let ids = operations.recordIDs(in: place.scope, change: change.hash.short)
            for operation in operations.operations where ids[operation.record] == place.id {
                writes[operation.target, default: []].append(Write(change: change, operation: operation))
            }
        }
    }

    /// What stood when the snapshot was made, as if each write were a change of its own.
    private mutating func add(_ base: SnapshotRecord, _ transaction: SQLiteTransaction) throws {
        guard let position = try transaction.base(of: place.scope)?.position else { return }
        let names = try ChainNames(transaction)
        for slot in base.state.slots {
            for survivor in slot.survivors {
                guard let heading = try transaction.baseHeading(of: survivor.dot, in: place.id, scope: place.scope)
                else { continue }
                let header = ChangeHeader(
                    scope: place.scope, dot: survivor.dot, previous: .zero, stamp: survivor.effective,
                    zoneMinutes: heading.zoneMinutes, person: heading.person, schema: "", context: [],
                    operationsHash: .zero, parts: [])
                writes[slot.target, default: []].append(
                    Write(
                        change: StoredChange(
                            header: header, operations: [], hash: .zero,
                            placement: Placement(
                                position: position, received: survivor.effective.milliseconds, verdict: .ok),
                            order: 0),
                        operation: FieldOperation(record: 0, target: slot.target, value: survivor.value),
                        included: try Authorship(
                            survivor.dot, heading, effective: survivor.effective, snapshot: position, names)))
            }
        }
    }

    var type: Text? { state.winner(Schema.typeField, .latest)?.value.text }

    var targets: [FieldTarget] { writes.keys.sorted() }

    /// The first write that counts and replaced `write`: it had seen it, or was shown it.
    func successor(of write: Write, _ target: FieldTarget, _ transaction: SQLiteTransaction) throws -> StoredChange? {
        for later in writes[target] ?? [] where later.change.isFolded && later.change.order > write.change.order {
            let isShown = later.operation.shown?.contains { $0.dot == write.change.dot } ?? true
            if isShown, try transaction.past(of: later.change.dot, scope: place.scope).contains(write.change.dot) {
                return later.change
            }
        }
        return nil
    }
}
