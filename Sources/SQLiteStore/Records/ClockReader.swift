import Causality
import Changes
import Replication
import SQLiteKit

/// Reads a state back from its row.
struct ClockReader {
    private let table: ValueTable
    private var reader: ByteReader
    private(set) var changes: [(dot: Dot, effective: HybridTimestamp)] = []

    /// - Parameter clocks: as `ClockWriter` made them.
    init(_ clocks: [UInt8], of table: ValueTable) {
        self.table = table
        reader = ByteReader(clocks)
    }

    /// - Parameters:
    ///   - row: at a row of `table.selection`.
    ///   - feed: gives the feed of a row.
    /// - Throws: `CodecError`, `StateRuleError`, `SQLiteError` where the row holds no state.
    mutating func state(of row: borrowing Statement, feed: (Int64) throws -> FeedID) throws -> RecordState {
        let flags = try readHead(feed)
        var slots: [RecordState.Slot] = []
        slots.reserveCapacity(table.columnCount + 1)
        let marks = try readMarks(isWide: flags & ClockColumn.hasWideMarks != 0)
        if let change = try change(marks[0]) {
            let target = FieldTarget(field: Schema.typeField, kind: .register)
            slots.append(slot(target, .text(table.name), change))
        }
        for field in table.columns {
            guard let column = field.columnIndex else { continue }
            if let change = try change(marks[column + 1]) {
                slots.append(slot(field.target, try field.value(in: row, column), change))
            } else if field.target.kind == .total, field.column == .integer {
                let total = try row.int64(column)
                if total != 0 { slots.append(RecordState.Slot(target: field.target, total: total)) }
            }
        }
        if flags & ClockColumn.hasRest != 0 {
            for _ in 0..<(try reader.readCount(.survivors, leastBytes: 5)) { slots.append(try readSlot()) }
        }
        let log = flags & ClockColumn.hasLog != 0 ? try readLog(feed) : nil
        try finish()
        return try RecordState(
            slots: slots, logCount: log?.count ?? 0, logSum: log?.sum.number ?? 0, newestLog: log?.newest)
    }

    /// Reads the changes.
    ///
    /// - Returns: the flags.
    mutating func readHead(_ feed: (Int64) throws -> FeedID) throws -> Int {
        let start = reader.index
        let head = try reader.readInteger()
        guard head >> 3 <= UInt64(Limit.survivors.value), Int(head >> 3) * 2 <= reader.remaining else {
            throw CodecError.length(at: start)
        }
        try readChanges(Int(head >> 3), feed)
        return Int(head & 7)
    }

    /// What the column says of the record's log.
    struct Log {
        let count: UInt64
        let sum: ShortHash
        let newest: RecordState.LogMark
    }

    mutating func readLog(_ feed: (Int64) throws -> FeedID) throws -> Log {
        let count = try reader.readInteger()
        let sum: ShortHash = try reader.readIdentifier()
        let key = HybridTimestamp(rawValue: try reader.readInteger())
        let feed = try feed(try reader.readSigned())
        return Log(
            count: count, sum: sum,
            newest: RecordState.LogMark(key: key, dot: Dot(feed: feed, sequence: try readSequence())))
    }

    func finish() throws(CodecError) { try reader.finish() }

    private func slot(
        _ target: FieldTarget, _ value: Value, _ change: (dot: Dot, effective: HybridTimestamp)
    ) -> RecordState.Slot {
        RecordState.Slot(
            target: target,
            survivors: RecordState.Survivors(
                RecordState.Survivor(dot: change.dot, value: value, effective: change.effective)))
    }

    private mutating func readSequence() throws(CodecError) -> UInt64 {
        let start = reader.index
        let sequence = try reader.readInteger()
        guard sequence > 0 else { throw .malformed("a sequence starts at 1", at: start) }
        return sequence
    }

    private mutating func readChanges(_ count: Int, _ feed: (Int64) throws -> FeedID) throws {
        let bits = try reader.readRaw((count + 7) / 8)
        changes.reserveCapacity(count)
        var row: Int64 = 0
        var sequence: UInt64 = 0
        var milliseconds: Int64 = 0
        var last: (row: Int64, feed: FeedID)?
        for index in 0..<count {
            let start = reader.index
            sequence &+= UInt64(bitPattern: try reader.readSigned())
            milliseconds &+= try reader.readSigned()
            var counter: UInt64 = 0
            if bits[index >> 3] & 1 << UInt8(index & 7) != 0 {
                row &+= try reader.readSigned()
                counter = try reader.readInteger(upTo: UInt64(UInt16.max))
            }
            guard sequence > 0, (0...HybridTimestamp.greatestMilliseconds).contains(milliseconds) else {
                throw CodecError.malformed("a change without a sequence or a time", at: start)
            }
            if last?.row != row { last = (row, try feed(row)) }
            guard let last else { continue }
            changes.append(
                (
                    Dot(feed: last.feed, sequence: sequence),
                    HybridTimestamp(milliseconds: milliseconds, counter: UInt16(counter))
                ))
        }
    }

    mutating func readMarks(isWide: Bool) throws(CodecError) -> [Int] {
        let count = table.columnCount + 1
        var marks: [Int] = []
        marks.reserveCapacity(count + 1)
        if isWide {
            for _ in 0..<count { marks.append(Int(try reader.readInteger(upTo: UInt64(changes.count)))) }
            return marks
        }
        while marks.count < count {
            let byte = Int(try reader.readByte())
            marks.append(byte & 15)
            marks.append(byte >> 4)
        }
        return marks
    }

    /// The change of a mark; nil where there is none.
    private func change(_ mark: Int) throws(CodecError) -> (dot: Dot, effective: HybridTimestamp)? {
        if mark == 0 { return nil }
        guard mark <= changes.count else { throw .malformed("a change is named that is not listed", at: reader.index) }
        return changes[mark - 1]
    }

    /// A slot of the rest, by where its parts lie in the column.
    struct RestSlot {
        /// Among the table's fields, from 1; 0 where the name is written out.
        let field: Int
        let name: Range<Int>
        let kind: FieldKind
        /// Empty where there is none.
        let element: Range<Int>
        let survivorCount: Int
    }

    /// Reads the slots of the rest where they lie, those of registers, sets and flags.
    ///
    /// - Parameters:
    ///   - slots: where they are appended.
    ///   - survivors: where those of all slots are appended: the number of the change from 0, and the value.
    /// - Returns: false where one of them is another, or none.
    mutating func readRest(
        _ slots: inout [RestSlot], _ survivors: inout [(change: Int, value: Range<Int>)]
    ) throws(CodecError) -> Bool {
        for _ in 0..<(try reader.readCount(.survivors, leastBytes: 5)) {
            let field = Int(try reader.readInteger(upTo: UInt64(table.fields.count)))
            let name = field == 0 ? try reader.skipText(.nameBytes) : reader.index..<reader.index
            let kind = FieldKind(rawValue: try reader.readByte())
            let hasElement = try reader.readFlag()
            let element = hasElement ? try reader.readValueRange() : reader.index..<reader.index
            guard kind.isReplacing, hasElement == (kind == .set), try reader.readSigned() == 0 else { return false }
            let count = try reader.readCount(.survivors, leastBytes: 2)
            guard count > 0 else { return false }
            for place in 0..<count {
                let change = Int(try reader.readInteger(upTo: UInt64(changes.count))) - 1
                guard change >= 0 else { return false }
                if place > 0, let last = survivors.last, changes[last.change].dot >= changes[change].dot {
                    return false
                }
                survivors.append((change, try reader.readValueRange()))
            }
            slots.append(
                RestSlot(field: field, name: name, kind: kind, element: element, survivorCount: count))
        }
        return true
    }

    private mutating func readSlot() throws(CodecError) -> RecordState.Slot {
        let start = reader.index
        let number = try reader.readInteger(upTo: UInt64(table.fields.count))
        let field = number == 0 ? try reader.readText(.nameBytes) : table.fields[Int(number) - 1].target.field
        let kind = FieldKind(rawValue: try reader.readByte())
        let element = try reader.readFlag() ? try Value(from: &reader) : nil
        let total = try reader.readSigned()
        var survivors: [RecordState.Survivor] = []
        for _ in 0..<(try reader.readCount(.survivors, leastBytes: 2)) {
            guard let change = try change(Int(try reader.readInteger(upTo: UInt64(changes.count)))) else {
                throw .malformed("a surviving write without a change", at: start)
            }
            survivors.append(
                RecordState.Survivor(
                    dot: change.dot, value: try Value(from: &reader), effective: change.effective))
        }
        return RecordState.Slot(
            target: FieldTarget(field: field, kind: kind, element: element),
            survivors: RecordState.Survivors(survivors), total: total)
    }
}

extension ValueTable.Field {
    /// What `holds` said that it would give back.
    fileprivate func value(in row: borrowing Statement, _ index: Int) throws -> Value {
        switch column {
        case .text: .text(Text(try row.text(index)))
        case .blob: .bytes(try row.bytes(index))
        case .integer where target.kind == .register: .integer(try row.int64(index))
        case .integer: .boolean(try row.bool(index))
        }
    }
}
