import Causality

/// What a record is, as a pure function of the changes that touch it: for each target the writes that nothing
/// has replaced, sums, and a digest of its log. It knows no schema, no other record and no clock.
///
/// Log entries are rows beside the state (`LogRow`); the state holds their number, the sum of their hashes and the
/// greatest of their keys.
package struct RecordState: Hashable, Sendable {
    /// A write that nothing in its future has replaced.
    package struct Survivor: Hashable, Sendable {
        package let dot: Dot
        package let value: Value
        package let effective: HybridTimestamp

        package init(dot: Dot, value: Value, effective: HybridTimestamp) {
            self.dot = dot
            self.value = value
            self.effective = effective
        }
    }

    package struct Slot: Hashable, Sendable {
        package let target: FieldTarget
        /// Sorted by dot. More than one means that they are concurrent.
        package fileprivate(set) var survivors: Survivors
        /// The sum of a total; wraps, so that order cannot matter.
        package fileprivate(set) var total: Int64

        package init(target: FieldTarget, survivors: Survivors = Survivors(), total: Int64 = 0) {
            self.target = target
            self.survivors = survivors
            self.total = total
        }
    }

    /// The place of a log row in the record's listing.
    package struct LogMark: Hashable, Comparable, Sendable {
        package let key: HybridTimestamp
        package let dot: Dot

        package init(key: HybridTimestamp, dot: Dot) {
            self.key = key
            self.dot = dot
        }

        /// What an own effective time counts for at most. It leaves room for 2^32 steps that saw one stamped at the
        /// end of time, each of which must come after the one before.
        package static var greatestOwnKey: HybridTimestamp { HybridTimestamp(rawValue: .max - 1 << 32) }

        package static func < (left: LogMark, right: LogMark) -> Bool {
            left.key != right.key ? left.key < right.key : left.dot < right.dot
        }
    }

    /// Sorted by target.
    package private(set) var slots: [Slot] = []
    package private(set) var logCount: UInt64 = 0
    /// The sum of the hashes of the log's entries, mod 2^128.
    package private(set) var logSum: UInt128 = 0
    package private(set) var newestLog: LogMark?

    package init() {}

    /// A state whose parts were stored apart.
    ///
    /// - Parameter slots: in any order.
    /// - Throws: the rule that the parts break, in words. `apply` leaves no such state.
    /// - Complexity: O(slots) where they are sorted by target.
    package init(slots: [Slot], logCount: UInt64, logSum: UInt128, newestLog: LogMark?) throws(StateRuleError) {
        self.slots = slots
        self.logCount = logCount
        self.logSum = logSum
        self.newestLog = newestLog
        if let rule = slots.lazy.compactMap(\.violation).first { throw StateRuleError(rule: rule) }
        if let rule = RecordState.violation(logCount: logCount, sum: logSum, hasNewest: newestLog != nil) {
            throw StateRuleError(rule: rule)
        }
        if !isSorted { self.slots.sort { $0.target < $1.target } }
        guard isSorted else { throw StateRuleError(rule: "two slots are of one target") }
    }

    /// The rule that what is known of a log breaks, in words.
    package static func violation(logCount: UInt64, sum: UInt128, hasNewest: Bool) -> String? {
        // Far from where counting on would overflow.
        logCount <= 1 << 48 && (logCount > 0) == hasNewest && (logCount > 0 || sum == 0)
            ? nil : "a log's count, sum and newest mark disagree"
    }

    private var isSorted: Bool {
        var index = 1
        while index < slots.count {
            if slots[index - 1].target >= slots[index].target { return false }
            index += 1
        }
        return true
    }

    package var isEmpty: Bool { slots.isEmpty && logCount == 0 }

    /// The slot of `target`, where it has ever been written.
    ///
    /// - Complexity: O(log slots).
    package func slot(_ target: FieldTarget) -> Slot? {
        let (index, found) = position(of: target)
        return found ? slots[index] : nil
    }

    /// The slots of a field in element order.
    package func slots(of field: Text) -> [Slot] { slots.filter { $0.target.field == field } }

    /// Whether a value of the change at `dot` survives, or the newest row of the log is its.
    func holdsWrite(of dot: Dot) -> Bool {
        newestLog?.dot == dot
            || slots.contains { slot in slot.survivors.contains { $0.dot == dot } }
    }

    /// Applies one operation of the change at `dot`.
    ///
    /// The change's past must have been applied, and the change not yet.
    /// - Parameters:
    ///   - effective: the change's effective time.
    ///   - past: what the change had seen.
    ///   - greatestLogKey: the greatest key of this record's log rows, of every field, within `past`; asked only
    ///     when the newest row of all is not within it.
    /// - Returns: the row that a log operation adds.
    /// - Throws: `FoldError`, before this operation has changed anything (a change's earlier operations are the
    ///   caller's to take back), and whatever `greatestLogKey` throws.
    package mutating func apply(
        _ operation: FieldOperation, dot: Dot, effective: HybridTimestamp, past: Past,
        greatestLogKey: () throws -> HybridTimestamp?
    ) throws -> LogRow? {
        let target = operation.target
        guard target.kind.isKnown else { throw FoldError.unknownKind(target.kind) }
        guard operation.action.isKnown else { throw FoldError.unknownAction(operation.action) }
        switch target.kind {
        case .log:
            guard operation.action == .put else { throw FoldError.unknownAction(operation.action) }
            var key = min(effective, LogMark.greatestOwnKey)
            if let newest = newestLog {
                let before = past.contains(newest.dot) ? newest.key : try greatestLogKey()
                if let before { key = max(key, before.successor) }
            }
            let row = LogRow(field: target.field, mark: LogMark(key: key, dot: dot), value: operation.value)
            note(row)
            return row
        case .total:
            guard operation.action == .put, let amount = operation.value.integer else {
                throw FoldError.unknownAction(operation.action)
            }
            update(target) { $0.total &+= amount }
        case .escrow:
            // Every entry stays; what they come to is read, not folded away.
            guard operation.action == .put else { throw FoldError.unknownAction(operation.action) }
            update(target) { $0.survivors.insert(Survivor(dot: dot, value: operation.value, effective: effective)) }
        default:
            update(target) { slot in
                // Of the shown writes only those in the past: one that is not yet there would else be replaced or
                // stay as the order of arrival has it.
                slot.survivors.removeAll { survivor in
                    past.contains(survivor.dot) && operation.shown?.contains { $0.dot == survivor.dot } ?? true
                }
                if operation.action == .put {
                    slot.survivors.insert(Survivor(dot: dot, value: operation.value, effective: effective))
                }
            }
        }
        return nil
    }

    private mutating func note(_ row: LogRow) {
        logCount += 1
        logSum &+= row.digest
        newestLog = newestLog.map { max($0, row.mark) } ?? row.mark
    }

    private mutating func update(_ target: FieldTarget, _ body: (inout Slot) -> Void) {
        let (index, found) = position(of: target)
        if !found { slots.insert(Slot(target: target), at: index) }
        body(&slots[index])
        // An emptied slot says no more than a missing one.
        if slots[index].survivors.isEmpty, slots[index].total == 0 { slots.remove(at: index) }
    }

    private func position(of target: FieldTarget) -> (index: Int, found: Bool) {
        var low = 0
        var high = slots.count
        while low < high {
            let middle = (low + high) / 2
            if slots[middle].target < target { low = middle + 1 } else { high = middle }
        }
        return (low, low < slots.count && slots[low].target == target)
    }
}

/// Parts that make no state: stored bytes are damaged.
package struct StateRuleError: Error, Hashable, Sendable {
    /// In words.
    package let rule: String
}

extension RecordState.Slot {
    /// The rule that the slot breaks, in words.
    fileprivate var violation: String? {
        switch target.kind {
        case .log: return "a log has no slot"
        case .total:
            if target.element != nil { return "a set has an element, other kinds have none" }
            return total != 0 && survivors.isEmpty ? nil : "a total is a sum and not zero"
        default:
            guard target.kind.isKnown else { return "a slot is of an unknown kind" }
            if (target.kind == .set) != (target.element != nil) {
                return "a set has an element, other kinds have none"
            }
            if total != 0 || survivors.isEmpty { return "a slot has surviving writes and no sum" }
            return survivors.isSorted ? nil : "surviving writes are not in order"
        }
    }
}
