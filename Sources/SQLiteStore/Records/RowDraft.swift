import Causality
import Changes
import Replication
import SQLiteKit

/// What is written of a record's state, worked out of its bytes without the file: what there is to know of it, its clock
/// column, and what each column of its type's main table shows. A text is bound where it lies in the state.
///
/// Those of a batch share their memory: a history brings thousands of records.
struct RowDraft: Sendable {
    fileprivate let batch: RowDraftBatch
    private let heading: RowDraftBatch.Heading

    fileprivate init(_ batch: RowDraftBatch, _ number: Int) {
        self.batch = batch
        heading = batch.headings[number]
    }

    /// What the register `type` shows: an index into the projected types.
    var type: Int? { heading.type }
    /// Registers in which more than one value stands.
    var conflicts: Int64 { heading.conflicts }
    var hasLog: Bool { heading.hasLog }
    /// What the record adds to its bucket of the scope's fingerprint.
    var digest: UInt128 { heading.digest }
    /// Empty where no type is shown, or a feed is not known.
    var clocks: ArraySlice<UInt8> { batch.clocks[heading.clocks] }
    var hasClocks: Bool { !heading.clocks.isEmpty }

    /// Writes the row in the main table of `type`, the state's.
    ///
    /// - Parameters:
    ///   - statement: the insertion or the update of the main table.
    ///   - scope: the scope's row.
    ///   - derived: the values of the derived columns.
    func write(
        as type: ProjectedType, rid: Int64, scope: Int64, derived: [Value], with statement: borrowing Statement
    ) throws {
        try heading.state.withUnsafeBytes { bytes in
            try statement.bind(rid, at: 1)
            if type.leadingColumns > 0 { try statement.bind(scope, at: 2) }
            let first = 2 + type.leadingColumns
            let fields = type.columns
            let columns = fields.span
            let drafted = batch.cells
            let cells = drafted.span
            for place in columns.indices {
                let index = first + columns[place].index
                switch cells[heading.firstCell + place] {
                case .null: try statement.bindNull(at: index)
                case .integer(let number): try statement.bind(number, at: index)
                case .text(let start, let end):
                    let text = UnsafeRawBufferPointer(rebasing: bytes[Int(start)..<Int(end)])
                    try statement.bind(lendingText: text, at: index)
                case .value(let number): try batch.values[Int(number)].bind(to: statement, at: index)
                }
            }
            var next = first + columns.count
            for (value, column) in zip(derived, type.type.derivedColumns) {
                try ColumnValue(value, as: column.type).bind(to: statement, at: next)
                next += 1
            }
            try batch.clocks.withUnsafeBytes { column in
                try statement.bind(lending: UnsafeRawBufferPointer(rebasing: column[heading.clocks]), at: next)
                try statement.run()
            }
        }
    }
}

/// The drafts of a batch of records' rows.
private final class RowDraftBatch: Sendable {
    struct Heading: Sendable {
        /// Its bytes.
        let state: [UInt8]
        let type: Int?
        let conflicts: Int64
        let hasLog: Bool
        let digest: UInt128
        /// Into `clocks`.
        let clocks: Range<Int>
        /// Into `cells`: as many as the type's table has columns of fields, in the order of `ProjectedType.columns`.
        let firstCell: Int
    }

    /// What a column shows.
    enum Cell: Sendable {
        case null
        case integer(Int64)
        /// Where the UTF-8 lies in the state's bytes.
        case text(start: UInt32, end: UInt32)
        /// Into `values`.
        case value(UInt32)

        init(_ value: ColumnValue, among values: inout [ColumnValue]) {
            switch value {
            case .null: self = .null
            case .integer(let number): self = .integer(number)
            case .text, .blob:
                self = .value(UInt32(values.count))
                values.append(value)
            }
        }
    }

    let headings: [Heading]
    let cells: [Cell]
    let values: [ColumnValue]
    let clocks: [UInt8]

    init(_ headings: [Heading], _ cells: [Cell], _ values: [ColumnValue], clocks: [UInt8]) {
        self.headings = headings
        self.cells = cells
        self.values = values
        self.clocks = clocks
    }
}

/// Makes the drafts of a batch.
struct RowDrafter: Sendable {
    fileprivate let projections: Projections
    private var headings: [RowDraftBatch.Heading] = []
    private var cells: [RowDraftBatch.Cell] = []
    private var values: [ColumnValue] = []
    private var clockBytes: [UInt8] = []
    // What is used anew for each draft.
    private var slots = StateSlots()
    private var clocks = ClockWriter()
    private var canonical = ByteWriter(reserving: 1_024)

    /// - Parameter projections: whose names compact states were made with.
    init(_ projections: Projections) { self.projections = projections }

    /// - Parameter feedRows: into which the records lead.
    mutating func drafts(of records: ArraySlice<RowDrafts.Source>, _ feedRows: [Int64]) -> [RowDraft] {
        for record in records { append(record, record.feedRows.map { feedRows[$0] }) }
        return take()
    }

    /// Adds the draft of a record's row.
    ///
    /// - Parameter feedRows: of the feeds that the state lists; nil where one of them is not known.
    private mutating func append(_ record: RowDrafts.Source, _ feedRows: ArraySlice<Int64>?) {
        let names = projections.fieldNames
        let state = record.state.read(into: &slots, names)
        let type = type(of: state)
        let firstClock = clockBytes.count
        let firstCell = cells.count
        if let type, let feedRows {
            let shown = projections.types[type]
            state.withUnsafeBytes { clocks.encode(slots, in: $0, of: shown, names, feedRows: feedRows) }
            clockBytes.append(contentsOf: clocks.bytes)
            appendCells(of: shown, state)
        }
        headings.append(
            RowDraftBatch.Heading(
                state: state, type: type, conflicts: conflicts(in: state), hasLog: slots.log.count > 0,
                digest: record.state.digest(of: record.id, names, in: &canonical),
                clocks: firstClock..<clockBytes.count,
                firstCell: firstCell))
    }

    /// The drafts that were added, in order.
    private mutating func take() -> [RowDraft] {
        let batch = RowDraftBatch(headings, cells, values, clocks: clockBytes)
        headings = []
        cells = []
        values = []
        clockBytes = []
        return batch.headings.indices.map { RowDraft(batch, $0) }
    }

    private func conflicts(in state: [UInt8]) -> Int64 {
        var count: Int64 = 0
        let slots = self.slots.slots.span
        for index in slots.indices
        where slots[index].kind == .register && slots[index].survivorCount > 1
            && self.slots.isContested(slots[index], in: state, projections.fieldNames)
        {
            count += 1
        }
        return count
    }

    private func type(of state: [UInt8]) -> Int? {
        let types = projections.types
        return state.withUnsafeBytes { bytes in
            guard let slot = typeSlot(in: bytes) else { return nil }
            if let only = slots.onlySurvivor(of: slot), case .text(let name) = EncodedScalar(only.value, in: bytes) {
                return types.firstIndex { $0.type.name.isEqual(to: bytes, name) }
            }
            guard let name = slots.slot(slot, in: state, projections.fieldNames).latest?.value.text else { return nil }
            return types.firstIndex { $0.type.name == name }
        }
    }

    private func typeSlot(in bytes: UnsafeRawBufferPointer) -> StateSlots.Slot? {
        // The number of the name is the same for each type.
        guard let places = projections.types.first?.places else { return nil }
        let slots = self.slots.slots.span
        for index in slots.indices
        where slots[index].kind == .register && slots[index].element.isEmpty
            && places.isOfType(slots[index]) == true
        {
            return slots[index]
        }
        // Where it is written out.
        return projections.fieldNames.withView { self.slots.find(Schema.typeField, .register, in: bytes, $0) }
    }

    /// Adds what the columns of the main table show, after its clock column was written.
    private mutating func appendCells(of type: ProjectedType, _ state: [UInt8]) {
        let fields = type.columns
        let columns = fields.span
        for place in columns.indices {
            let number = clocks.shown[place]
            guard number >= 0 else {
                cells.append(RowDraftBatch.Cell(columns[place].empty, among: &values))
                continue
            }
            let slot = slots.slots[number]
            // No more of the field than that is looked at: a copy of it would be counted.
            if columns[place].target.kind == .register, let plain = plainCell(of: slot, state, columns[place].type) {
                cells.append(plain)
                continue
            }
            let whole = slots.slot(slot, in: state, projections.fieldNames)
            cells.append(RowDraftBatch.Cell(columns[place].column(of: whole), among: &values))
        }
    }

    /// What a column shows of a register with one value that it can take where it lies; nil where it has others.
    private func plainCell(of slot: StateSlots.Slot, _ state: [UInt8], _ type: ColumnType) -> RowDraftBatch.Cell? {
        guard let only = slots.onlySurvivor(of: slot) else { return nil }
        switch (state.withUnsafeBytes { EncodedScalar(only.value, in: $0) }, type) {
        case (.text(let text), .text): return .text(start: UInt32(text.lowerBound), end: UInt32(text.upperBound))
        case (.integer(let number), .integer): return .integer(number)
        case (.boolean(let flag), .integer): return .integer(flag ? 1 : 0)
        default: return nil
        }
    }
}

/// The drafts of many records' rows, a batch at a time ahead of who writes them.
struct RowDrafts {
    /// Nil where all are in `batch`.
    private var batches: Lookahead<RowDrafter, [RowDraft]>?
    private var batch: [RowDraft] = []
    /// Into `batch`.
    private var next = 0

    /// No more records than these are drafted where they are asked for: there is nothing to do beside.
    private static let fewRecords = 8

    /// Records of a batch: of few, the later ones are drafted while the first are written.
    private static func batchCount(of records: Int) -> Int { min(128, max(fewRecords, records / 4)) }

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
    ///   - drafter: whose memory is used for few.
    init(_ sources: [Source], feedRows: [Int64], _ drafter: inout RowDrafter) {
        if sources.count <= RowDrafts.fewRecords {
            batch = drafter.drafts(of: sources[...], feedRows)
            return
        }
        let batchCount = RowDrafts.batchCount(of: sources.count)
        let count = (sources.count + batchCount - 1) / batchCount
        batches = Lookahead(count: count, from: RowDrafter(drafter.projections)) { drafter, index in
            let first = index * batchCount
            return drafter.drafts(of: sources[first..<min(first + batchCount, sources.count)], feedRows)
        }
    }

    /// - Precondition: fewer than there are sources were taken.
    mutating func take(_ background: some Background) -> RowDraft {
        if next == batch.count, let ready = batches?.take(background) { (batch, next) = (ready, 0) }
        next += 1
        return batch[next - 1]
    }
}
