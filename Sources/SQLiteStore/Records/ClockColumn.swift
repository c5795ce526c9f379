import Causality
import Changes
import Replication
import SQLiteKit

/// The column beside a record's values: which change wrote each of them, and whatever of the state no column can hold.
///
/// A value stands once: in its column where that alone gives it back, else here. Nearly always a record's fields were
/// written by a few changes and each has one surviving value; then this is the list of those changes and four bits a
/// field.
///
/// Layout: eight times the count of changes, and flags (1: marks are bytes; 2: rest follows; 4: log follows); changes (a bit for each, set where feed's
/// row and counter follow, else they are those of the change before and 0; sequence and milliseconds as differences to the
/// change before; where the bit is set, the feed's row as a difference, and the counter); marks, one for the register `type` and one for each
/// field with a column, 0 or the change's number from 1, two to a byte; the rest: slots (count; see `Rest`); the log
/// (count, sum, newest key, feed's row, sequence).
enum ClockColumn {
    static let name = "clocks"

    static let hasWideMarks = 1
    static let hasRest = 2
    static let hasLog = 4

    /// More changes than this, and marks take a byte each.
    fileprivate static let greatestNarrowMark = 15

    /// One that wrote a surviving value.
    fileprivate struct Change: Equatable, Sendable {
        let feed: Int64
        let sequence: UInt64
        let effective: HybridTimestamp
    }
}

/// Writes clock columns; keeps its memory from one to the next.
struct ClockWriter: Sendable {
    private var changes: [ClockColumn.Change] = []
    /// For each change that the state lists, its number from 1 in the column; 0 while it has none.
    private var numbers: [Int] = []
    private var marks: [Int] = []
    private var rest: [Int] = []
    private var writer = ByteWriter(reserving: 256)
    /// For each field with a column, in the order of `ValueTable.columns`, the slot that it shows; -1 where none does.
    private(set) var shown: [Int] = []

    var bytes: [UInt8] { writer.bytes }

    /// Writes the column of a state.
    ///
    /// - Parameters:
    ///   - slots: of the state whose bytes these are.
    ///   - type: whose value table it is.
    ///   - names: those that the slots were read with.
    ///   - feedRows: of the feeds that the state lists.
    /// - Complexity: O(slots + fields), times the changes of the record.
    mutating func encode(
        _ slots: StateSlots, in bytes: UnsafeRawBufferPointer, of type: ProjectedType, _ names: FieldNames,
        feedRows: ArraySlice<Int64>
    ) {
        let table = type.values
        changes.removeAll(keepingCapacity: true)
        numbers.removeAll(keepingCapacity: true)
        numbers.append(contentsOf: repeatElement(0, count: slots.changes.count))
        rest.removeAll(keepingCapacity: true)
        marks.removeAll(keepingCapacity: true)
        marks.append(contentsOf: repeatElement(0, count: table.columnCount + 1))
        shown.removeAll(keepingCapacity: true)
        var restBytes = ByteWriter()
        names.withView { names in
            table.keys.names.withUnsafeBytes { keys in encodeValues(slots, bytes, type, keys, names, feedRows) }
            if rest.isEmpty { return }
            restBytes.write(rest.count)
            for index in rest { encode(slots.slots[index], slots, bytes, of: table, names, feedRows, into: &restBytes) }
        }
        writer.removeAll()
        let isWide = changes.count > ClockColumn.greatestNarrowMark
        var flags = isWide ? ClockColumn.hasWideMarks : 0
        if !rest.isEmpty { flags |= ClockColumn.hasRest }
        if slots.log.newest != nil { flags |= ClockColumn.hasLog }
        writer.write(changes.count << 3 | flags)
        writeChanges()
        writeMarks(isWide: isWide)
        writer.write(raw: restBytes.bytes)
        if let newest = slots.log.newest {
            writer.write(slots.log.count)
            writer.write(slots.log.sum)
            writer.write(newest.key.rawValue)
            writer.write(signed: feedRows[feedRows.startIndex + newest.feed])
            writer.write(newest.sequence)
        }
    }

    /// Finds for each slot the column that gives its value back; what has none comes to the rest.
    private mutating func encodeValues(
        _ slots: StateSlots, _ bytes: UnsafeRawBufferPointer, _ type: ProjectedType, _ keys: UnsafeRawBufferPointer,
        _ names: FieldNames.View, _ feedRows: ArraySlice<Int64>
    ) {
        let table = type.values
        let columns = table.keys.keys.span
        let all = slots.slots.span
        var hasType = false
        for index in all.indices {
            if !hasType, let only = typeSurvivor(of: all[index], among: slots, in: bytes, of: type, names) {
                hasType = true
                marks[0] = number(of: only, slots, feedRows)
                continue
            }
            // Both are sorted by target, so one walk meets all.
            var isFound = false
            if all[index].name == 0 {
                var relation = 1
                while shown.count < columns.count {
                    relation = ClockWriter.order(columns[shown.count], keys, all[index], of: slots, bytes, names)
                    if relation >= 0 { break }
                    shown.append(-1)
                }
                isFound = relation == 0
            } else {
                let place = type.places.place(of: all[index])
                isFound =
                    place >= shown.count && columns[place].kind == all[index].kind && all[index].element.isEmpty
                if isFound { while shown.count < place { shown.append(-1) } }
            }
            guard isFound, shown.count < columns.count, !columns[shown.count].isType else {
                rest.append(index)
                continue
            }
            let column = columns[shown.count]
            if column.kind == .total {
                if column.type != .integer { rest.append(index) }
            } else if let only = slots.onlySurvivor(of: all[index]), column.holds(EncodedScalar(only.value, in: bytes))
            {
                marks[column.columnIndex + 1] = number(of: only, slots, feedRows)
            } else {
                rest.append(index)
            }
            shown.append(index)
        }
        while shown.count < columns.count { shown.append(-1) }
    }

    /// Negative where the column's target comes before the slot's, 0 where it is the same.
    private static func order(
        _ column: ValueTable.ColumnKeys.Key, _ keys: UnsafeRawBufferPointer, _ slot: StateSlots.Slot,
        of slots: StateSlots, _ bytes: UnsafeRawBufferPointer, _ names: FieldNames.View
    ) -> Int {
        let fields = slots.withField(of: slot, in: bytes, names) { ByteOrder.compare(keys, column.name, $0, $1) }
        if fields != 0 { return fields }
        if column.kind != slot.kind { return column.kind < slot.kind ? -1 : 1 }
        return slot.element.isEmpty ? 0 : -1
    }

    /// What wrote a slot that is the register `type` with this one value, which the table then says for all of its rows.
    private func typeSurvivor(
        of slot: StateSlots.Slot, among slots: StateSlots, in bytes: UnsafeRawBufferPointer, of type: ProjectedType,
        _ names: FieldNames.View
    ) -> StateSlots.Survivor? {
        guard slot.kind == .register,
            type.places.isOfType(slot)
                ?? slots.withField(of: slot, in: bytes, names, { Schema.typeField.isEqual(to: $0, $1) }),
            let only = slots.onlySurvivor(of: slot), case .text(let text) = EncodedScalar(only.value, in: bytes),
            type.values.name.isEqual(to: bytes, text)
        else { return nil }
        return only
    }

    /// The number, from 1, of the change that wrote a value.
    private mutating func number(
        of survivor: StateSlots.Survivor, _ slots: StateSlots, _ feedRows: ArraySlice<Int64>
    ) -> Int {
        if numbers[survivor.change] > 0 { return numbers[survivor.change] }
        let listed = slots.changes[survivor.change]
        let change = ClockColumn.Change(
            feed: feedRows[feedRows.startIndex + listed.feed], sequence: listed.sequence, effective: listed.effective)
        // A state of many changes may list one twice.
        if let index = changes.lastIndex(of: change) {
            numbers[survivor.change] = index + 1
        } else {
            changes.append(change)
            numbers[survivor.change] = changes.count
        }
        return numbers[survivor.change]
    }

    private mutating func writeChanges() {
        var feed: Int64 = 0
        var bits: UInt8 = 0
        for (index, change) in changes.enumerated() {
            if change.feed != feed || change.effective.counter != 0 { bits |= 1 << UInt8(index & 7) }
            feed = change.feed
            guard index & 7 == 7 || index == changes.count - 1 else { continue }
            writer.write(byte: bits)
            bits = 0
        }
        feed = 0
        var sequence: UInt64 = 0
        var milliseconds: Int64 = 0
        for change in changes {
            writer.write(signed: Int64(bitPattern: change.sequence &- sequence))
            writer.write(signed: change.effective.milliseconds - milliseconds)
            if change.feed != feed || change.effective.counter != 0 {
                writer.write(signed: change.feed &- feed)
                writer.write(UInt64(change.effective.counter))
            }
            feed = change.feed
            sequence = change.sequence
            milliseconds = change.effective.milliseconds
        }
    }

    private mutating func writeMarks(isWide: Bool) {
        if isWide {
            for mark in marks { writer.write(mark) }
            return
        }
        var index = 0
        while index < marks.count {
            let high = index + 1 < marks.count ? marks[index + 1] : 0
            writer.write(byte: UInt8(marks[index] | high << 4))
            index += 2
        }
    }

    /// A slot of the rest: the field's number from 1, or 0 and its name; kind; flag and element; total; survivors (count;
    /// change's number, value).
    private mutating func encode(
        _ slot: StateSlots.Slot, _ slots: StateSlots, _ bytes: UnsafeRawBufferPointer, of table: ValueTable,
        _ names: FieldNames.View, _ feedRows: ArraySlice<Int64>, into writer: inout ByteWriter
    ) {
        slots.withField(of: slot, in: bytes, names) { source, field in
            if let index = table.fields.firstIndex(where: { $0.target.field.isEqual(to: source, field) }) {
                writer.write(index + 1)
            } else {
                writer.write(0)
                writer.write(UnsafeRawBufferPointer(rebasing: source[field]))
            }
        }
        writer.write(byte: slot.kind.rawValue)
        writer.write(byte: slot.element.isEmpty ? 0 : 1)
        writer.write(raw: UnsafeRawBufferPointer(rebasing: bytes[slot.element]))
        writer.write(signed: slot.total)
        writer.write(slot.survivorCount)
        for survivor in slots.survivors[slot.survivors] {
            writer.write(number(of: survivor, slots, feedRows))
            writer.write(raw: UnsafeRawBufferPointer(rebasing: bytes[survivor.value]))
        }
    }
}

extension ValueTable.ColumnKeys.Key {
    /// Whether the column gives a value back as it is, the only one of its slot.
    fileprivate func holds(_ value: EncodedScalar) -> Bool {
        switch (value, type) {
        case (.text, .text), (.bytes, .blob), (.integer, .integer): kind == .register
        case (.boolean, .integer): kind == .enableWinsFlag || kind == .disableWinsFlag
        default: false
        }
    }
}
