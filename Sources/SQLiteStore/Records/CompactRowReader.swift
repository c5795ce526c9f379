import Causality
import Changes
import SQLiteKit

/// Reads a compact state back from its row, where its slots are registers, sets, flags and sums in columns: nearly always.
/// Says the same as `ClockReader.state`. Keeps its memory from one record to the next.
struct CompactRowReader {
    private var writer = CompactWriter()
    private var isUsed: [Bool] = []
    private var rest: [ClockReader.RestSlot] = []
    private var restSurvivors: [(change: Int, value: Range<Int>)] = []
    /// How many of the rest's slots and surviving writes are written.
    private var written = (slots: 0, survivors: 0)

    /// - Parameters:
    ///   - clocks: the row's clock column.
    ///   - row: at a row of `table.selection`.
    ///   - feed: gives the feed of a row.
    /// - Returns: nil where `ClockReader` has to read the row, or to say what is wrong with it.
    /// - Throws: `CodecError`, `SQLiteError` where the row holds no state.
    mutating func state(
        _ clocks: [UInt8], of table: ValueTable, at row: borrowing Statement, _ names: FieldNames,
        feed: (Int64) throws -> FeedID
    ) throws -> CompactState? {
        guard let typePlace = table.keys.typePlace else { return nil }
        var reader = ClockReader(clocks, of: table)
        let flags = try reader.readHead(feed)
        let marks = try reader.readMarks(isWide: flags & ClockColumn.hasWideMarks != 0)
        rest.removeAll(keepingCapacity: true)
        restSurvivors.removeAll(keepingCapacity: true)
        written = (0, 0)
        if flags & ClockColumn.hasRest != 0, try !reader.readRest(&rest, &restSurvivors) { return nil }
        let log = flags & ClockColumn.hasLog != 0 ? try reader.readLog(feed) : nil
        try reader.finish()
        if let log, RecordState.violation(logCount: log.count, sum: log.sum.number, hasNewest: true) != nil {
            return nil
        }
        guard try isUsual(marks, of: table, at: row, changes: reader.changes.count) else { return nil }
        writer.removeAll()
        let newest = list(reader.changes, log?.newest)
        let isWhole = try clocks.withUnsafeBytes { clocks in
            try table.keys.names.withUnsafeBytes { keyNames in
                try names.withView { names in
                    try write(
                        marks, of: table, typePlace, at: row, Sources(clocks: clocks, keys: keyNames, names: names))
                }
            }
        }
        guard isWhole else { return nil }
        return writer.state(log.map { StateLog(count: $0.count, sum: $0.sum, newest: newest) } ?? StateLog())
    }

    /// Where names and values lie.
    private struct Sources {
        let clocks: UnsafeRawBufferPointer
        let keys: UnsafeRawBufferPointer
        let names: FieldNames.View
    }

    /// Lists changes and feeds.
    ///
    /// - Returns: the log's mark.
    private mutating func list(
        _ changes: [(dot: Dot, effective: HybridTimestamp)], _ newest: RecordState.LogMark?
    ) -> StateLog.Mark? {
        var feeds: [FeedID] = []
        func number(of feed: FeedID) -> Int {
            if let number = feeds.lastIndex(of: feed) { return number }
            feeds.append(feed)
            return writer.add(feed)
        }
        for change in changes {
            writer.list(
                sequence: change.dot.sequence, of: number(of: change.dot.feed), effective: change.effective.rawValue)
        }
        return newest.map {
            StateLog.Mark(key: $0.key, feed: number(of: $0.dot.feed), sequence: $0.dot.sequence)
        }
    }

    /// Whether all that the row holds is of the usual kind.
    private mutating func isUsual(
        _ marks: [Int], of table: ValueTable, at row: borrowing Statement, changes: Int
    ) throws -> Bool {
        isUsed.removeAll(keepingCapacity: true)
        isUsed.append(contentsOf: repeatElement(false, count: changes))
        func use(_ mark: Int, _ isUsed: inout [Bool]) -> Bool {
            guard mark <= changes else { return false }
            isUsed[mark - 1] = true
            return true
        }
        if marks[0] > 0, !use(marks[0], &isUsed) { return false }
        for survivor in restSurvivors { isUsed[survivor.change] = true }
        for key in table.keys.keys {
            let mark = marks[key.columnIndex + 1]
            if mark == 0 { continue }
            switch (key.kind, key.type) {
            case (.register, _), (.enableWinsFlag, .integer), (.disableWinsFlag, .integer):
                if !use(mark, &isUsed) { return false }
            default: return false
            }
        }
        return isUsed.allSatisfy(\.self)
    }

    // MARK: - Writing

    /// Writes the slots of columns and rest in the order of their targets.
    ///
    /// - Returns: false where two are of one target, or the rest's are not in order.
    private mutating func write(
        _ marks: [Int], of table: ValueTable, _ typePlace: Int, at row: borrowing Statement, _ sources: Sources
    ) throws -> Bool {
        guard isRestSorted(table, sources) else { return false }
        let keys = table.keys.keys.span
        for place in 0...keys.count {
            if place == typePlace, marks[0] > 0 {
                let isFree = table.keys.typeName.withUnsafeBytes { type in
                    writeRest(before: (UnsafeRawBufferPointer(type), 0..<type.count, .register), table, sources)
                }
                guard isFree else { return false }
                writeType(of: table, by: marks[0], sources.names)
            }
            guard place < keys.count else { break }
            let key = keys[place]
            let isFree = writeRest(before: (sources.keys, key.name, key.kind), table, sources)
            if try write(key, marks, at: row, sources), !isFree { return false }
        }
        while written.slots < rest.count { writeNextOfRest(table, sources) }
        return true
    }

    private typealias Target = (bytes: UnsafeRawBufferPointer, name: Range<Int>, kind: FieldKind)

    /// Where the field of a slot of the rest lies.
    private func field(of slot: ClockReader.RestSlot, _ table: ValueTable, _ sources: Sources) -> Target {
        slot.field == 0
            ? (sources.clocks, slot.name, slot.kind) : (sources.keys, table.fieldNames[slot.field - 1], slot.kind)
    }

    private func order(_ left: Target, _ right: Target) -> Int {
        let names = ByteOrder.compare(left.bytes, left.name, right.bytes, right.name)
        if names != 0 { return names }
        return left.kind == right.kind ? 0 : left.kind < right.kind ? -1 : 1
    }

    private func isRestSorted(_ table: ValueTable, _ sources: Sources) -> Bool {
        for place in rest.indices.dropFirst() {
            let (last, slot) = (rest[place - 1], rest[place])
            var order = order(field(of: last, table, sources), field(of: slot, table, sources))
            if order == 0 { order = ByteOrder.compare(sources.clocks, last.element, sources.clocks, slot.element) }
            if order >= 0 { return false }
        }
        return true
    }

    /// Writes the slots of the rest that come before a target without an element, or are of it.
    ///
    /// - Returns: false where one is of it.
    private mutating func writeRest(before target: Target, _ table: ValueTable, _ sources: Sources) -> Bool {
        while written.slots < rest.count {
            let slot = rest[written.slots]
            let order = order(field(of: slot, table, sources), target)
            if order > 0 || order == 0 && !slot.element.isEmpty { return true }
            writeNextOfRest(table, sources)
            if order == 0 { return false }
        }
        return true
    }

    private mutating func writeNextOfRest(_ table: ValueTable, _ sources: Sources) {
        let slot = rest[written.slots]
        written.slots += 1
        let field = field(of: slot, table, sources)
        writer.beginSlot(
            UnsafeRawBufferPointer(rebasing: field.bytes[field.name]), slot.kind,
            element: UnsafeRawBufferPointer(rebasing: sources.clocks[slot.element]), total: 0,
            survivors: slot.survivorCount, sources.names)
        for survivor in restSurvivors[written.survivors..<written.survivors + slot.survivorCount] {
            writer.beginSurvivor(by: survivor.change)
            writer.slots.write(raw: UnsafeRawBufferPointer(rebasing: sources.clocks[survivor.value]))
        }
        written.survivors += slot.survivorCount
    }

    private mutating func writeType(of table: ValueTable, by mark: Int, _ names: FieldNames.View) {
        table.keys.typeName.withUnsafeBytes { writer.beginSlot($0, .register, names) }
        writer.beginSurvivor(by: mark - 1)
        Value.text(table.name).encode(into: &writer.slots)
    }

    /// - Returns: whether the column holds a slot.
    private mutating func write(
        _ key: ValueTable.ColumnKeys.Key, _ marks: [Int], at row: borrowing Statement, _ sources: Sources
    ) throws -> Bool {
        let field = UnsafeRawBufferPointer(rebasing: sources.keys[key.name])
        let mark = marks[key.columnIndex + 1]
        if mark == 0 {
            guard key.kind == .total, key.type == .integer else { return false }
            let total = try row.int64(key.columnIndex)
            if total == 0 { return false }
            writer.beginSlot(field, key.kind, total: total, survivors: 0, sources.names)
            return true
        }
        writer.beginSlot(field, key.kind, sources.names)
        writer.beginSurvivor(by: mark - 1)
        switch key.type {
        case .text:
            try row.withTextBytes(key.columnIndex) { EncodedScalar.write(text: $0, into: &writer.slots) }
        case .blob:
            try row.withBytes(key.columnIndex) { bytes in
                bytes.withUnsafeBytes { EncodedScalar.write(bytes: $0, into: &writer.slots) }
            }
        case .integer where key.kind == .register:
            Value.integer(try row.int64(key.columnIndex)).encode(into: &writer.slots)
        case .integer: Value.boolean(try row.bool(key.columnIndex)).encode(into: &writer.slots)
        }
        return true
    }
}
