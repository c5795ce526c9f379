import Causality
import Changes
import Replication
import SQLiteStore

/// A record folded again in memory, from its base, where it has one, and changes.
struct FoldedRecord {
    let id: RecordID
    private(set) var state = RecordState()
    /// In listing order.
    private(set) var log: [LogRow] = []
    /// How the changes name it.
    private(set) var origin: RecordOrigin?
    private(set) var foldedChanges = 0
    /// Of the changes that touch it.
    private(set) var headers: [Dot: SnapshotHeading] = [:]
    let stateBytes: [UInt8]
    private let scope: ScopeID?

    /// - Parameters:
    ///   - base: what the scope's snapshot says of the record.
    ///   - changes: those that name the record, each after its past.
    ///   - isWaiting: whether a change is left out, as if this version could not fold it.
    /// - Throws: never for changes that `isFolded` lets through.
    init(
        _ id: RecordID, from base: NotedBase?, _ changes: [DecodedChange], in scope: Int64, _ world: AuditedWorld,
        leavingOut isWaiting: (DecodedChange) -> Bool
    ) throws {
        self.id = id
        self.scope = world.scopes[scope]?.id
        var rows: [LogRow] = []
        if let base {
            state = base.record.state
            rows = base.record.log
            origin = base.record.origin
            headers = base.headings
            foldedChanges = 1
        }
        for change in changes {
            guard let operations = change.operations,
                let index = change.recordIDs.firstIndex(of: id)
            else { continue }
            headers[change.dot] = SnapshotHeading(change.header)
            origin = origin ?? operations.records[index].seen(from: change.hash.short)
            guard change.isFolded, !isWaiting(change), let held = world.scopes[scope],
                world.isApplied(change.dot, change.placement, in: held)
            else { continue }
            foldedChanges += 1
            let past = world.past(of: change.dot, scope: scope)
            for operation in operations.operations where operation.record == index {
                let row = try state.apply(operation, dot: change.dot, effective: change.effective, past: past) {
                    rows.filter { past.contains($0.mark.dot) }.map(\.mark.key).max()
                }
                if let row { rows.append(row) }
            }
        }
        log = rows.sorted { $0.mark != $1.mark ? $0.mark < $1.mark : $0.field < $1.field }
        stateBytes = state.encoded()
    }

    var type: Text? { state.winner(Schema.typeField, .latest)?.value.text }

    /// As the stores keep it; nil where nothing names it.
    var record: StoredRecord? {
        guard let origin, let scope else { return nil }
        return StoredRecord(id: id, scope: scope, origin: origin, state: state)
    }
}
