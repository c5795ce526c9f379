import Causality
import Changes
import SQLiteKit

/// Reads a state's canonical bytes back from its row, where each of its fields has a column of its own: nearly always.
/// Says the same as `ClockReader.state`. Keeps its memory from one record to the next.
struct EncodedRowReader {
    private var writer = ByteWriter(reserving: 1_024)
    /// Sorted, each once.
    private var feeds: [FeedID] = []
    private var isUsed: [Bool] = []

    /// - Parameters:
    ///   - clocks: the row's clock column.
    ///   - row: at a row of `table.selection`.
    ///   - feed: gives the feed of a row.
    /// - Returns: nil where `ClockReader` has to read the row, or to say what is wrong with it.
    /// - Throws: `CodecError`, `SQLiteError` where the row holds no state.
    mutating func state(
        _ clocks: [UInt8], of table: ValueTable, at row: borrowing Statement, feed: (Int64) throws -> FeedID
    ) throws -> EncodedState? {
        guard let typePlace = table.keys.typePlace else { return nil }
        var reader = ClockReader(clocks, of: table)
        let flags = try reader.readHead(feed)
        guard flags & ClockColumn.hasRest == 0 else { return nil }
        let marks = try reader.readMarks(isWide: flags & ClockColumn.hasWideMarks != 0)
        let log = flags & ClockColumn.hasLog != 0 ? try reader.readLog(feed) : nil
        try reader.finish()
        if let log, log.count == 0 { return nil }
        noteFeeds(reader.changes, log)
        guard let slotCount = try slotCount(marks, of: table, at: row, changes: reader.changes.count) else {
            return nil
        }
        writer.removeAll()
        writer.write(1)
        writer.write(feeds.count)
        for feed in feeds { writer.write(feed) }
        writer.write(slotCount)
        let keys = table.keys.keys.span
        for place in 0...keys.count {
            if place == typePlace, marks[0] > 0 { writeType(of: table, by: reader.changes[marks[0] - 1]) }
            if place < keys.count { try write(keys[place], of: table, marks, reader.changes, at: row) }
        }
        writer.write(log?.count ?? 0)
        writer.write(log?.sum ?? ShortHash(high: 0, low: 0))
        writer.write(byte: log == nil ? 0 : 1)
        if let newest = log?.newest {
            writer.write(newest.key.rawValue)
            write(newest.dot)
        }
        // As large as it is: the state stays in memory.
        return EncodedState(canonical: Array(writer.bytes[...]))
    }

    private mutating func noteFeeds(_ changes: [(dot: Dot, effective: HybridTimestamp)], _ log: ClockReader.Log?) {
        feeds.removeAll(keepingCapacity: true)
        for change in changes { note(change.dot.feed) }
        if let log { note(log.newest.dot.feed) }
    }

    private mutating func note(_ feed: FeedID) {
        if feeds.last == feed { return }
        let place = feeds.firstIndex { $0 >= feed } ?? feeds.count
        if place < feeds.count, feeds[place] == feed { return }
        feeds.insert(feed, at: place)
    }

    /// How many slots the row holds; nil where something in it is not of the usual kind.
    private mutating func slotCount(
        _ marks: [Int], of table: ValueTable, at row: borrowing Statement, changes: Int
    ) throws -> Int? {
        isUsed.removeAll(keepingCapacity: true)
        isUsed.append(contentsOf: repeatElement(false, count: changes))
        var count = 0
        func use(_ mark: Int, _ isUsed: inout [Bool]) -> Bool {
            guard mark <= changes else { return false }
            isUsed[mark - 1] = true
            count += 1
            return true
        }
        if marks[0] > 0, !use(marks[0], &isUsed) { return nil }
        for key in table.keys.keys {
            let mark = marks[key.columnIndex + 1]
            switch (key.kind, key.type) {
            case (.register, _), (.enableWinsFlag, .integer), (.disableWinsFlag, .integer):
                if mark > 0, !use(mark, &isUsed) { return nil }
            case (.total, .integer):
                if mark > 0 { return nil }
                if try row.int64(key.columnIndex) != 0 { count += 1 }
            default:
                if mark > 0 { return nil }
            }
        }
        return isUsed.allSatisfy(\.self) ? count : nil
    }

    // MARK: - Writing

    private mutating func writeType(of table: ValueTable, by change: (dot: Dot, effective: HybridTimestamp)) {
        writer.write(Schema.typeField)
        writer.write(byte: FieldKind.register.rawValue)
        writeSurvivor(by: change)
        Value.text(table.name).encode(into: &writer)
    }

    private mutating func write(
        _ key: ValueTable.ColumnKeys.Key, of table: ValueTable, _ marks: [Int],
        _ changes: [(dot: Dot, effective: HybridTimestamp)], at row: borrowing Statement
    ) throws {
        let mark = marks[key.columnIndex + 1]
        if mark == 0 {
            guard key.kind == .total, key.type == .integer else { return }
            let total = try row.int64(key.columnIndex)
            if total == 0 { return }
            writeTarget(key, of: table)
            writer.write(byte: 0)
            writer.write(signed: total)
            return writer.write(0)
        }
        writeTarget(key, of: table)
        writeSurvivor(by: changes[mark - 1])
        switch key.type {
        case .text:
            try row.withTextBytes(key.columnIndex) { EncodedScalar.write(text: $0, into: &writer) }
        case .blob:
            try row.withBytes(key.columnIndex) { bytes in
                bytes.withUnsafeBytes { EncodedScalar.write(bytes: $0, into: &writer) }
            }
        case .integer where key.kind == .register:
            Value.integer(try row.int64(key.columnIndex)).encode(into: &writer)
        case .integer: Value.boolean(try row.bool(key.columnIndex)).encode(into: &writer)
        }
    }

    private mutating func writeTarget(_ key: ValueTable.ColumnKeys.Key, of table: ValueTable) {
        writer.write(key.name.count)
        writer.write(raw: table.keys.names, key.name)
        writer.write(byte: key.kind.rawValue)
    }

    /// All of a slot with one surviving write, from the flag of the element on, but for the value.
    private mutating func writeSurvivor(by change: (dot: Dot, effective: HybridTimestamp)) {
        writer.write(byte: 0)
        writer.write(signed: 0)
        writer.write(1)
        write(change.dot)
        writer.write(change.effective.rawValue)
    }

    private mutating func write(_ dot: Dot) {
        var index = 0
        while feeds[index] != dot.feed { index += 1 }
        writer.write(index)
        writer.write(dot.sequence)
    }
}
