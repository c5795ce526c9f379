import Causality
import Changes
import Replication

/// The state of a scope's records by its definition (design, A6, A8 and A9): every change is kept with its past
/// written out, and what is true is looked for. Slow, and with nothing of the engine's fold in it.
package struct ObviousFold {
    private struct Event {
        let header: ChangeHeader
        let hash: ShortHash
        let past: Set<Int>
        let effective: HybridTimestamp
        let isFolded: Bool
        let operations: [(record: RecordID, operation: FieldOperation)]
    }

    private var events: [Event] = []
    private var indices: [ChangeReference: Int] = [:]

    package init() {}

    /// Adds a change after everything in its past.
    ///
    /// - Parameter placement: of the hub; nil while it has none.
    package mutating func add(header: ChangeHeader, hash: Hash256, operations: [UInt8]?, placement: Placement?) throws {
        var direct = try header.context.map { reference in
            guard let index = indices[reference] else {
                throw ContractViolation(what: "\(header.dot) comes before \(reference.dot), which is in its past")
            }
            return index
        }
        if let before = events.lastIndex(where: { $0.header.feed == header.feed }) { direct.append(before) }
        let past = direct.reduce(into: Set(direct)) { $0.formUnion(events[$1].past) }
        let decoded = try operations.map { try Operations($0) } ?? Operations()
        let ids = decoded.recordIDs(in: header.scope, change: hash.short)
        // A change is folded whole or not at all.
        let canFold = decoded.operations.allSatisfy { operation in
            operation.target.kind.isKnown && operation.action.rawValue <= (operation.target.kind.isReplacing ? 1 : 0)
        }
        let received = placement.map { HybridTimestamp(milliseconds: $0.received + 300_000) }
        indices[ChangeReference(dot: header.dot, hash: hash.short)] = events.count
        events.append(
            Event(
                header: header, hash: hash.short, past: past,
                effective: received.map { min($0, header.stamp) } ?? header.stamp,
                isFolded: canFold && (placement?.verdict ?? .ok) == .ok,
                operations: decoded.operations.map { (record: ids[$0.record], operation: $0) }))
    }

    /// The records that anything was folded into, sorted.
    package var records: [RecordID] {
        Set(events.filter(\.isFolded).flatMap { $0.operations.map(\.record) }).sorted()
    }

    /// Where a record as it is kept differs from its definition, in words; nil when it does not.
    package func difference(of id: RecordID, from state: RecordState, log: [LogRow]) -> String? {
        let touching = events.indices.filter { index in
            events[index].isFolded && events[index].operations.contains { $0.record == id }
        }
        let slots = slots(of: id, touching)
        let found = state.slots.map { slot in
            Slot(
                target: slot.target,
                survivors: slot.survivors.map { Survivor(dot: $0.dot, value: $0.value, effective: $0.effective) },
                total: slot.total)
        }
        if found != slots { return "slots of \(id) are \(found), and should be \(slots)" }
        let rows = rows(of: id, touching)
        if log != rows { return "log rows of \(id) are \(log), and should be \(rows)" }
        let isSummed =
            state.logCount == UInt64(rows.count) && state.newestLog == rows.last?.mark
            && state.logSum == rows.reduce(0) { $0 &+ $1.digest }
        return isSummed ? nil : "the sums of \(id)'s log are not those of its rows"
    }

    private struct Survivor: Equatable {
        let dot: Dot
        let value: Value
        let effective: HybridTimestamp
    }

    private struct Slot: Equatable {
        let target: FieldTarget
        let survivors: [Survivor]
        let total: Int64
    }

    private typealias Write = (event: Int, operation: FieldOperation)

    private func slots(of id: RecordID, _ touching: [Int]) -> [Slot] {
        var writes: [FieldTarget: [Write]] = [:]
        for index in touching {
            for write in events[index].operations where write.record == id && write.operation.target.kind != .log {
                writes[write.operation.target, default: []].append((index, write.operation))
            }
        }
        return writes.keys.sorted().compactMap { target in
            let all = writes[target] ?? []
            if target.kind == .total {
                let total = all.reduce(0) { $0 &+ ($1.operation.value.integer ?? 0) }
                return total == 0 ? nil : Slot(target: target, survivors: [], total: total)
            }
            let survivors = all.filter { write in
                write.operation.action == .put && !all.contains { replaces($0, write) }
            }.map { write in
                let event = events[write.event]
                return Survivor(
                    dot: event.header.dot, value: write.operation.value, effective: event.effective)
            }
            return survivors.isEmpty
                ? nil : Slot(target: target, survivors: survivors.sorted { $0.dot < $1.dot }, total: 0)
        }
    }

    /// Whether `later` replaces `earlier`: it is in its past, and shown where anything was.
    private func replaces(_ later: Write, _ earlier: Write) -> Bool {
        guard later.operation.target.kind != .escrow, events[later.event].past.contains(earlier.event) else {
            return false
        }
        guard let shown = later.operation.shown else { return true }
        let event = events[earlier.event]
        return shown.contains(ChangeReference(dot: event.header.dot, hash: event.hash))
    }

    /// A9: a step's key is max(own effective time, greatest key of the record's steps in its past + 1 tick).
    private func rows(of id: RecordID, _ touching: [Int]) -> [LogRow] {
        var keys: [Int: HybridTimestamp] = [:]
        var rows: [LogRow] = []
        for index in touching {
            let event = events[index]
            let steps = event.operations.filter { $0.record == id && $0.operation.target.kind == .log }
            guard !steps.isEmpty else { continue }
            let before = event.past.compactMap { keys[$0]?.successor }.max() ?? .zero
            let key = max(min(event.effective, RecordState.LogMark.greatestOwnKey), before)
            keys[index] = key
            rows += steps.map { step in
                LogRow(
                    field: step.operation.target.field,
                    mark: RecordState.LogMark(key: key, dot: event.header.dot), value: step.operation.value)
            }
        }
        return rows.sorted { $0.mark != $1.mark ? $0.mark < $1.mark : $0.field < $1.field }
    }
}
