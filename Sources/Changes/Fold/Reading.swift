import Causality

/// How a register with concurrent values is read. Belongs to the schema; never enters state.
package enum Reading: Hashable, Sendable {
    /// The value with the greatest (effective time, feed, sequence). The others stay and are listed as conflicts.
    case latest
    /// All are shown and a person chooses; until then the latest stands in, marked.
    case ask
    /// The greatest value until someone chooses: the safe side.
    case max
}

extension RecordState.Slot {
    /// The survivor with the greatest (effective time, feed, sequence).
    package var latest: RecordState.Survivor? {
        survivors.count == 1
            ? survivors[0]
            : survivors.max { left, right in
                left.effective != right.effective ? left.effective < right.effective : left.dot < right.dot
            }
    }

    /// Whether an enable-wins flag is on: some surviving write says so.
    package var isEnabled: Bool { survivors.contains { $0.value == .boolean(true) } }

    /// Whether a disable-wins flag is on: there is a surviving write and none says no.
    package var isNotDisabled: Bool {
        !survivors.isEmpty && survivors.allSatisfy { $0.value == .boolean(true) }
    }

    /// The survivor that `reading` shows.
    package func winner(_ reading: Reading) -> RecordState.Survivor? {
        switch reading {
        case .latest, .ask: latest
        case .max:
            survivors.max { left, right in
                left.value == right.value ? left.dot < right.dot : left.value.isLess(than: right.value)
            }
        }
    }

    /// One survivor for each distinct value, in the order of their dots: equal concurrent values are one value.
    ///
    /// Which are one: see `Value.isOne`.
    package var distinct: [RecordState.Survivor] {
        var seen: [Value] = []
        return survivors.filter { survivor in
            if seen.contains(where: survivor.value.isOne) { return false }
            seen.append(survivor.value)
            return true
        }
    }
}

extension RecordState {
    /// The survivor that a register shows under `reading`.
    package func winner(_ field: Text, _ reading: Reading) -> Survivor? {
        slot(FieldTarget(field: field, kind: .register))?.winner(reading)
    }

    /// The elements of a set that are present, in canonical order.
    package func elements(_ field: Text) -> [Value] {
        slots(of: field).filter { $0.target.kind == .set && !$0.survivors.isEmpty }.compactMap(\.target.element)
    }

    /// Whether an enable-wins flag is on: some surviving write says so.
    package func isEnabled(_ field: Text) -> Bool {
        slot(FieldTarget(field: field, kind: .enableWinsFlag))?.isEnabled ?? false
    }

    /// Whether a disable-wins flag is on: there is a surviving write and none says no.
    package func isNotDisabled(_ field: Text) -> Bool {
        slot(FieldTarget(field: field, kind: .disableWinsFlag))?.isNotDisabled ?? false
    }
}

extension Value {
    /// The order of `max`, total: within a kind numbers by size, texts by UTF-8, moments by instant, money by
    /// currency and amount; everything else by canonical bytes, in which the kind is first (null is the least).
    fileprivate func isLess(than other: Value) -> Bool {
        switch (self, other) {
        case (.integer(let a), .integer(let b)): a < b
        case (.text(let a), .text(let b)): a < b
        case (.time(let a), .time(let b)) where a.milliseconds != b.milliseconds: a.milliseconds < b.milliseconds
        case (.money(let a), .money(let b)):
            a.currency != b.currency ? a.currency < b.currency : a.minorUnits < b.minorUnits
        default: canonicalBytes.lexicographicallyPrecedes(other.canonicalBytes)
        }
    }
}
