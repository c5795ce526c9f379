import Causality
import Changes
import Replication
import SQLiteKit

/// What is written of a record's state, worked out of its bytes without the file: what there is to know of it, its clock
/// column, and which of its values each column of its type's main table shows. A text is bound where it lies.
struct RowDraft: Sendable {
    private let state: CompactState
    private let slots: CompactSlots
    /// For each field with a column, in the order of `ValueTable.columns`, the slot that it shows; -1 where none does.
    private let shown: [Int]
    /// Empty where no type is shown, or a feed is not known.
    let clocks: [UInt8]
    /// What the register `type` shows: an index into the projected types.
    let type: Int?
    /// Registers in which more than one value stands.
    let conflicts: Int64
    let hasLog: Bool
    /// What the record adds to its bucket of the scope's fingerprint.
    let digest: UInt128

    /// - Parameters:
    ///   - feedRows: of the feeds that the state lists; nil where one of them is not known.
    ///   - projections: whose names the state was made with.
    init(
        _ state: FoldingState, of id: RecordID, feedRows: ArraySlice<Int64>?, _ projections: Projections,
        _ memory: inout Memory
    ) {
        let names = projections.fieldNames
        let compact = state.compact(names, in: &memory.states)
        var slots = CompactSlots()
        compact.withBytes { slots.read($0) }
        let type = RowDraft.type(of: compact, slots, among: projections)
        self.state = compact
        self.slots = slots
        self.type = type
        conflicts = slots.slots.reduce(0) { count, slot in
            slot.kind == .register && slots.isContested(slot, of: compact, names) ? count + 1 : count
        }
        hasLog = slots.log.count > 0
        digest = state.digest(of: id, names, in: &memory.canonical)
        guard let type, let feedRows else {
            clocks = []
            shown = []
            return
        }
        compact.withBytes {
            memory.clocks.encode(slots, in: $0, of: projections.types[type].values, names, feedRows: feedRows)
        }
        // Copies of no more than they are: the writer's memory is used again.
        clocks = memory.clocks.bytes.withUnsafeBufferPointer { Array($0) }
        shown = memory.clocks.shown.withUnsafeBufferPointer { Array($0) }
    }

    /// What is used anew for each draft.
    struct Memory: Sendable {
        fileprivate var clocks = ClockWriter()
        fileprivate var states = CompactWriter()
        fileprivate var canonical = ByteWriter(reserving: 1_024)
    }

    private static func type(of state: CompactState, _ slots: CompactSlots, among projections: Projections) -> Int? {
        let types = projections.types
        return state.withBytes { bytes in
            let slot = projections.fieldNames.withView { slots.find(Schema.typeField, .register, in: bytes, $0) }
            guard let slot else { return nil }
            if slot.survivorCount == 1, case .text(let name) = EncodedScalar(slot.first.value, in: bytes) {
                return types.firstIndex { $0.type.name.isEqual(to: bytes, name) }
            }
            guard let name = slots.slot(slot, of: state, projections.fieldNames).latest?.value.text else { return nil }
            return types.firstIndex { $0.type.name == name }
        }
    }

    /// Writes the row in the main table of `type`, the state's.
    ///
    /// - Parameters:
    ///   - statement: the insertion or the update of the main table.
    ///   - names: those that it was drafted with.
    ///   - scope: the scope's row.
    ///   - derived: the values of the derived columns.
    func write(
        as type: ProjectedType, rid: Int64, scope: Int64, derived: [Value], _ names: FieldNames,
        with statement: borrowing Statement
    ) throws {
        try state.withBytes { bytes in
            try statement.bind(rid, at: 1)
            if type.leadingColumns > 0 { try statement.bind(scope, at: 2) }
            let first = 2 + type.leadingColumns
            let fields = type.columns
            let columns = fields.span
            for place in columns.indices {
                let index = first + columns[place].index
                if shown[place] < 0 {
                    try columns[place].empty.bind(to: statement, at: index)
                } else {
                    try bind(slots.slots[shown[place]], bytes, columns[place], names, to: statement, at: index)
                }
            }
            var next = first + columns.count
            for (value, column) in zip(derived, type.type.derivedColumns) {
                try ColumnValue(value, as: column.type).bind(to: statement, at: next)
                next += 1
            }
            try clocks.withUnsafeBytes { column in
                try statement.bind(lending: column, at: next)
                try statement.run()
            }
        }
    }

    private func bind(
        _ slot: CompactSlots.Slot, _ bytes: UnsafeRawBufferPointer, _ field: ShownField, _ names: FieldNames,
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
        try field.column(of: slots.slot(slot, of: state, names)).bind(to: statement, at: index)
    }
}

/// The drafts of many records' rows, a batch at a time ahead of who writes them.
struct RowDrafts {
    private var batches: Lookahead<RowDraft.Memory, [RowDraft]>
    private var batch: ArraySlice<RowDraft> = []

    /// Records of a batch.
    private static let batchCount = 64

    /// What of a record is known where its row is drafted.
    struct Source: Sendable {
        let id: RecordID
        let state: FoldingState
        /// Into the rows of feeds; nil where a feed is not known.
        let feedRows: Range<Int>?
    }

    /// - Parameters:
    ///   - sources: the records, in the order in which the drafts come.
    ///   - feedRows: of the feeds that their states list.
    ///   - projections: whose names the states were made with.
    init(_ sources: [Source], feedRows: [Int64], _ projections: Projections) {
        let count = (sources.count + RowDrafts.batchCount - 1) / RowDrafts.batchCount
        batches = Lookahead(count: count, from: RowDraft.Memory()) { memory, index in
            let first = index * RowDrafts.batchCount
            return sources[first..<min(first + RowDrafts.batchCount, sources.count)].map { source in
                RowDraft(
                    source.state, of: source.id, feedRows: source.feedRows.map { feedRows[$0] }, projections, &memory)
            }
        }
    }

    /// - Precondition: fewer than there are sources were taken.
    mutating func take(_ background: some Background) -> RowDraft {
        if batch.isEmpty { batch = batches.take(background)[...] }
        return batch.removeFirst()
    }
}
