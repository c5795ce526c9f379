import Changes

/// One event of the benchmark's trace: an incident, and the columns that the event changes.
///
/// Form: the number, `1` if this is the incident's first event or else `0`, then `N=type:value` for each column, N its
/// index; `i` an integer, `t` a text, `n` no value. Tabs between.
package struct TraceLine: Hashable, Sendable {
    package struct Cell: Hashable, Sendable {
        /// An index into `IncidentWorkloadSchema.fields`.
        package let column: Int
        /// An integer or a text as the column is; `nil` where the event empties it.
        package let value: Value?
    }

    package let number: Text
    package let isFirst: Bool
    /// Sorted by column.
    package let cells: [Cell]

    /// - Parameter text: a line without its end.
    /// - Throws: what is wrong with the line.
    package init(parsing text: some StringProtocol) throws(TraceLineError) {
        let parts = Array(text.utf8).split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
        guard parts.count > 2, (1...Limit.nameBytes.value).contains(parts[0].count) else { throw .form }
        number = Text(String(decoding: parts[0], as: UTF8.self))
        switch parts[1] {
        case [UInt8(ascii: "0")]: isFirst = false
        case [UInt8(ascii: "1")]: isFirst = true
        default: throw .form
        }
        var cells: [Cell] = []
        cells.reserveCapacity(parts.count - 2)
        for part in parts.dropFirst(2) {
            let cell = try TraceLine.cell(part)
            if cells.contains(where: { $0.column == cell.column }) { throw .columnTwice(cell.column) }
            cells.append(cell)
        }
        // In the order of the columns, so that events that change the same columns have the same shape.
        self.cells = cells.sorted { $0.column < $1.column }
    }

    /// The same event of another incident.
    package init(_ line: TraceLine, of number: Text) {
        self.number = number
        isFirst = line.isFirst
        cells = line.cells
    }

    /// The event as one change. An incident is the same record wherever its lines are read.
    ///
    /// - Parameters:
    ///   - person: 1 to 256 bytes.
    ///   - zoneMinutes: east of UTC, -1,080 to 1,080.
    package func draft(person: Text, zoneMinutes: Int16 = 0) -> ChangeDraft {
        var operations: [FieldOperation] = []
        operations.reserveCapacity(cells.count + 1)
        if isFirst { operations.append(TraceLine.typing) }
        let targets = TraceLine.targets
        for cell in cells {
            operations.append(
                FieldOperation(
                    record: 0, target: targets[cell.column], action: cell.value == nil ? .remove : .put,
                    value: cell.value ?? .null))
        }
        return ChangeDraft(
            person: person, zoneMinutes: zoneMinutes, schema: IncidentWorkloadSchema.id,
            operations: Operations(
                records: [.external(source: IncidentWorkloadSchema.source, id: number)], operations: operations))
    }

    /// By column.
    private static let targets = IncidentWorkloadSchema.fields.map { FieldTarget(field: $0.name, kind: .register) }
    /// What makes a record an incident.
    private static let typing = FieldOperation(
        record: 0, target: FieldTarget(field: Schema.typeField, kind: .register),
        value: .text(IncidentWorkloadSchema.recordType))

    private static func cell(_ bytes: ArraySlice<UInt8>) throws(TraceLineError) -> Cell {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let sign = bytes.firstIndex(of: UInt8(ascii: "=")), bytes.count - (sign - bytes.startIndex) >= 3,
            bytes[sign + 2] == UInt8(ascii: ":")
        else { throw .cell(text) }
        let fields = IncidentWorkloadSchema.fields
        guard let column = Int(String(decoding: bytes[..<sign], as: UTF8.self)), fields.indices.contains(column) else {
            throw .column(text)
        }
        let rest = String(decoding: bytes[(sign + 3)...], as: UTF8.self)
        switch (bytes[sign + 1], fields[column].columnType) {
        case (UInt8(ascii: "i"), .integer):
            guard let number = Int64(rest) else { throw .cell(text) }
            return Cell(column: column, value: .integer(number))
        case (UInt8(ascii: "t"), .text): return Cell(column: column, value: .text(rest))
        case (UInt8(ascii: "n"), _) where rest.isEmpty: return Cell(column: column, value: nil)
        default: throw .cell(text)
        }
    }
}

/// Why a line is no event of the trace.
package enum TraceLineError: Error, Hashable, Sendable {
    /// Number, first or not, and at least one column are not there.
    case form
    /// No `N=type:value` of the column's type.
    case cell(String)
    /// There is no such column.
    case column(String)
    case columnTwice(Int)
}

extension TraceLineError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .form: "not an incident's number, 0 or 1, and columns, with tabs between"
        case .cell(let text): "“\(text)” is not N=type:value of that column's type"
        case .column(let text): "“\(text)” names none of the \(IncidentWorkloadSchema.fields.count) columns"
        case .columnTwice(let column): "column \(column) is written twice"
        }
    }
}
