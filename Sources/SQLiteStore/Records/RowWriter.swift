import Causality
import Changes
import SQLiteKit

/// Writes records' rows in the main tables of their types, out of the bytes of their states: a text is bound where it
/// lies. Keeps its memory from one record to the next.
struct RowWriter {
    private var slots = EncodedSlots()
    private var clocks = ClockWriter()

    /// What there is to know of a state before it is written.
    struct Summary {
        /// What the register `type` shows.
        var type: ProjectedType?
        /// Registers in which more than one value stands.
        var conflicts: Int64 = 0
        var hasLog = false
    }

    /// Reads the state that is written next.
    mutating func read(_ state: EncodedState, types: [ProjectedType]) -> Summary {
        state.bytes.withUnsafeBytes { bytes in
            slots.read(bytes)
            var summary = Summary()
            summary.hasLog = slots.logCount > 0
            if let slot = slots.find(Schema.typeField, .register, in: bytes) {
                if slot.survivorCount == 1, case .text(let name) = EncodedScalar(slot.first.value, in: bytes) {
                    summary.type = types.first { $0.type.name.isEqual(to: bytes, name) }
                } else if let name = slots.slot(slot, of: state).latest?.value.text {
                    summary.type = types.first { $0.type.name == name }
                }
            }
            for slot in slots.slots where slot.survivorCount > 1 && slot.kind == .register {
                if slots.slot(slot, of: state).distinct.count > 1 { summary.conflicts += 1 }
            }
            return summary
        }
    }

    /// The clock column of the state that was read.
    mutating func clockColumn(
        of state: EncodedState, in table: ValueTable, _ row: (FeedID) throws -> Int64
    ) rethrows -> [UInt8] {
        try state.bytes.withUnsafeBytes { bytes in
            try clocks.encode(slots, in: bytes, of: table, row)
            return clocks.bytes
        }
    }

    /// Writes the row of the state that was read, which has `type`.
    ///
    /// - Parameters:
    ///   - statement: the insertion or the update of the type's main table.
    ///   - scope: the scope's row.
    ///   - derived: the values of the derived columns.
    ///   - row: gives a feed's row.
    mutating func write(
        _ state: EncodedState, as type: ProjectedType, rid: Int64, scope: Int64, derived: [Value],
        with statement: borrowing Statement, _ row: (FeedID) throws -> Int64
    ) throws {
        try state.bytes.withUnsafeBytes { bytes in
            try clocks.encode(slots, in: bytes, of: type.values, row)
            try statement.bind(rid, at: 1)
            if type.leadingColumns > 0 { try statement.bind(scope, at: 2) }
            let first = 2 + type.leadingColumns
            let columns = type.columns.span
            for place in columns.indices {
                let index = first + columns[place].index
                let shown = clocks.shown[place]
                if shown < 0 {
                    try columns[place].empty.bind(to: statement, at: index)
                } else {
                    try bind(slots.slots[shown], of: state, bytes, columns[place], to: statement, at: index)
                }
            }
            var next = first + columns.count
            for (value, column) in zip(derived, type.type.derivedColumns) {
                try ColumnValue(value, as: column.type).bind(to: statement, at: next)
                next += 1
            }
            try clocks.bytes.withUnsafeBytes { column in
                try statement.bind(lending: column, at: next)
                try statement.run()
            }
        }
    }

    private func bind(
        _ slot: EncodedSlots.Slot, of state: EncodedState, _ bytes: UnsafeRawBufferPointer, _ field: ShownField,
        to statement: borrowing Statement, at index: Int
    ) throws {
        if field.target.kind == .register, slot.survivorCount == 1 {
            switch (EncodedScalar(slot.first.value, in: bytes), field.type) {
            case (.text(let text), .text):
                return try statement.bind(lendingText: UnsafeRawBufferPointer(rebasing: bytes[text]), at: index)
            case (.integer(let number), .integer): return try statement.bind(number, at: index)
            case (.boolean(let flag), .integer): return try statement.bind(flag ? 1 : 0, at: index)
            default: break
            }
        }
        try field.column(of: slots.slot(slot, of: state)).bind(to: statement, at: index)
    }
}
