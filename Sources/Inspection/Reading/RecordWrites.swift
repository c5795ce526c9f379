import Causality
import Changes
import Replication
import SQLiteStore

/// All that was ever written to a record, by target, each in the order in which this replica applied it.
struct RecordWrites {
    struct Write {
        let change: StoredChange
        let operation: FieldOperation
    }

    let place: RecordPlace
    let state: RecordState
    private(set) var writes: [FieldTarget: [Write]] = [:]

    init(of place: RecordPlace, _ transaction: SQLiteTransaction) throws {
        self.place = place
        state = try transaction.record(place.id, of: place.scope)?.state ?? RecordState()
        for change in try transaction.changes(touching: place.id, of: place.scope) {
            guard let bytes = change.operations else { continue }
            let operations = try Operations(bytes)
            let ids = operations.recordIDs(in: place.scope, change: change.hash.short)
            for operation in operations.operations where ids[operation.record] == place.id {
                writes[operation.target, default: []].append(Write(change: change, operation: operation))
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
