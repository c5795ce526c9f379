import Causality
import Changes

/// A record's state by its definition (design, A6 and A8): all writes are kept, and what is true is looked for.
struct Model {
    private let history: History
    /// What has arrived: closed under past.
    private let arrived: [Int]

    init(_ history: History, arrived: Set<Int>) {
        self.history = history
        self.arrived = arrived.sorted { history.events[$0].dot < history.events[$1].dot }
    }

    struct Slot: Equatable {
        let target: FieldTarget
        let survivors: [Survivor]
        let total: Int64
    }

    struct Survivor: Equatable {
        let dot: Dot
        let value: Value
        let effective: HybridTimestamp
    }

    /// The targets that say something, in order.
    var slots: [Slot] {
        let targets = Set(arrived.flatMap { history.events[$0].operations.map(\.target) })
        return targets.sorted().compactMap { target in
            switch target.kind {
            case .log: return nil
            case .total:
                let total = writes(to: target).reduce(0) { $0 &+ ($1.operation.value.integer ?? 0) }
                return total == 0 ? nil : Slot(target: target, survivors: [], total: total)
            default:
                let survivors = survivors(of: target)
                return survivors.isEmpty ? nil : Slot(target: target, survivors: survivors, total: 0)
            }
        }
    }

    /// The log's rows in listing order.
    var rows: [LogRow] {
        let keys = logKeys
        var rows: [LogRow] = []
        for index in arrived {
            let event = history.events[index]
            let mark = RecordState.LogMark(key: keys[index] ?? .zero, dot: event.dot)
            for operation in event.operations where operation.target.kind == .log {
                rows.append(LogRow(field: operation.target.field, mark: mark, value: operation.value))
            }
        }
        return rows.inListingOrder
    }

    /// Where a state differs from this, in words; `nil` when it does not.
    func difference(from state: RecordState) -> String? {
        let found = state.slots.map { slot in
            let survivors = slot.survivors.map { Survivor(dot: $0.dot, value: $0.value, effective: $0.effective) }
            return Slot(target: slot.target, survivors: survivors, total: slot.total)
        }
        if found != slots { return "slots are \(found), and should be \(slots)" }
        let rows = rows
        if state.logCount != rows.count { return "\(state.logCount) log rows, and should be \(rows.count)" }
        if state.newestLog != rows.last?.mark {
            return "the newest row is \(state.newestLog as Any), and should be \(rows.last?.mark as Any)"
        }
        if state.logSum != rows.reduce(0, { $0 &+ $1.digest }) { return "the log's sum is not that of its rows" }
        return nil
    }

    private typealias Write = (event: Int, operation: FieldOperation)

    private func writes(to target: FieldTarget) -> [Write] {
        arrived.flatMap { index in
            history.events[index].operations.filter { $0.target == target }.map { (event: index, operation: $0) }
        }
    }

    /// Every put that no write of its target replaces.
    private func survivors(of target: FieldTarget) -> [Survivor] {
        let writes = writes(to: target)
        return writes.compactMap { write in
            guard write.operation.action == .put, !writes.contains(where: { replaces($0, write) }) else { return nil }
            let event = history.events[write.event]
            return Survivor(dot: event.dot, value: write.operation.value, effective: event.effective)
        }
    }

    /// Whether `later` replaces `earlier`: it is in its past, and shown where anything was.
    private func replaces(_ later: Write, _ earlier: Write) -> Bool {
        guard later.operation.target.kind != .escrow, history.events[later.event].past.contains(earlier.event)
        else { return false }
        guard let shown = later.operation.shown else { return true }
        return shown.contains(history.reference(earlier.event))
    }

    /// A9: max(own effective time, greatest key of the record's steps in its past + 1 tick).
    private var logKeys: [Int: HybridTimestamp] {
        var keys: [Int: HybridTimestamp] = [:]
        for index in history.events.indices where arrived.contains(index) {
            let event = history.events[index]
            guard event.operations.contains(where: { $0.target.kind == .log }) else { continue }
            let before = event.past.compactMap { keys[$0]?.successor }
            keys[index] = ([min(event.effective, RecordState.LogMark.greatestOwnKey)] + before).max()
        }
        return keys
    }
}

extension [LogRow] {
    /// By key and dot; by field where one change wrote two logs.
    var inListingOrder: [LogRow] { sorted { $0.mark != $1.mark ? $0.mark < $1.mark : $0.field < $1.field } }
}
