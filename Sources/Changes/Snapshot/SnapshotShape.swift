/// Which targets a record has and which of its changes wrote each: most records are of a few shapes.
struct SnapshotShapes {
    struct Slot {
        let column: Int
        /// Of its surviving writes, into `marks`; empty for a total.
        let marks: Range<Int>
    }

    struct Shape {
        let log: SnapshotLog
        /// Into `slots`.
        let slots: Range<Int>
        /// How many changes wrote its slots.
        let markCount: Int
        /// Surviving writes and totals.
        let writeCount: Int
    }

    private(set) var slots: [Slot] = []
    /// For each surviving write, which of the record's marks.
    private(set) var marks: [Int32] = []
    private(set) var shapes: [Shape] = []

    /// Layout of a shape: log, slots; for each how many columns further than the one before; for each but totals its
    /// surviving writes less 1; for each of these the mark.
    ///
    /// - Parameters:
    ///   - counts: of each slot, its surviving writes: 0 for a total.
    ///   - marks: of all surviving writes.
    static func encode(
        _ log: SnapshotLog, _ columns: [Int], _ counts: [Int], _ marks: [Int], into writer: inout ByteWriter
    ) {
        writer.write(byte: log.rawValue)
        writer.write(columns.count)
        var last = 0
        for column in columns {
            writer.write(column - last)
            last = column
        }
        for count in counts where count > 0 { writer.write(count - 1) }
        for mark in marks { writer.write(mark) }
    }

    init(from reader: inout ByteReader, _ columns: [SnapshotColumn]) throws(CodecError) {
        // Three bytes: log, slots, and a number in the chunk's last stream for the record that has the shape.
        let count = try reader.readCount(.recordsPerSnapshotChunk, leastBytes: 3)
        shapes.reserveCapacity(count)
        for _ in 0..<count { try read(from: &reader, columns) }
    }

    private mutating func read(from reader: inout ByteReader, _ columns: [SnapshotColumn]) throws(CodecError) {
        let start = reader.index
        guard let log = SnapshotLog(rawValue: try reader.readByte()) else {
            throw .malformed("a shape's log does not exist", at: start)
        }
        let slotCount = try reader.readCount(.writesPerSnapshotChunk)
        let named = try SnapshotShapes.readColumns(slotCount, from: &reader, columns)
        let firstSlot = slots.count
        let firstMark = marks.count
        var next = firstMark
        var totals = 0
        for column in named {
            if columns[column].kind == .total {
                totals += 1
                slots.append(Slot(column: column, marks: next..<next))
                continue
            }
            let more = try reader.readCount(.survivors)
            slots.append(Slot(column: column, marks: next..<next + more + 1))
            next += more + 1
            guard next - firstMark <= Limit.writesPerSnapshotChunk.value else {
                throw .limit(.writesPerSnapshotChunk, at: start)
            }
        }
        let markCount = try readMarks(of: firstSlot, from: &reader, count: next - firstMark)
        shapes.append(
            Shape(
                log: log, slots: firstSlot..<slots.count, markCount: markCount, writeCount: next - firstMark + totals))
    }

    private static func readColumns(
        _ count: Int, from reader: inout ByteReader, _ columns: [SnapshotColumn]
    ) throws(CodecError) -> [Int] {
        var named: [Int] = []
        named.reserveCapacity(count)
        for _ in 0..<count {
            let start = reader.index
            let step = try reader.readInteger()
            let last = named.last ?? 0
            guard step < UInt64(columns.count - last) else { throw .malformed("a column is not listed", at: start) }
            let column = last + Int(step)
            guard columns[column].kind != .log else { throw .malformed("a log has no slot", at: start) }
            guard step > 0 || named.isEmpty || columns[column].kind == .set else {
                throw .malformed("two slots are of one target", at: start)
            }
            named.append(column)
        }
        return named
    }

    /// - Returns: how many marks the slots name; each of 0 up to it is named.
    private mutating func readMarks(
        of firstSlot: Int, from reader: inout ByteReader, count: Int
    ) throws(CodecError) -> Int {
        let start = reader.index
        guard count <= reader.remaining else { throw .length(at: start) }
        var isNamed = [Bool](repeating: false, count: count)
        var markCount = 0
        for slot in slots[firstSlot...] {
            for place in slot.marks {
                let mark = Int(try reader.readInteger(upTo: UInt64(max(count, 1) - 1)))
                guard place == slot.marks.lowerBound || marks[place - 1] < mark else {
                    throw .malformed("surviving writes are not in order", at: start)
                }
                marks.append(Int32(mark))
                if !isNamed[mark] { markCount += 1 }
                isNamed[mark] = true
            }
        }
        guard !isNamed.prefix(markCount).contains(false) else {
            throw .malformed("a shape leaves a mark out", at: start)
        }
        return markCount
    }
}

/// What a shape says of its records' logs.
enum SnapshotLog: UInt8 {
    /// There is none, and there are no rows.
    case none = 0
    /// Count, sum and newest mark are those of the rows.
    case ofRows = 1
    /// Count, sum and newest mark stand beside the rows.
    case stated = 2
}
