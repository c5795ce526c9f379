import Causality

/// Reads a chunk: see `SnapshotChunk.decode`.
struct SnapshotDecoder {
    var numbers: NumberDecoder<SteadyModel>
    private let flags: UInt8
    private let recordCount: Int
    private let writeCount: Int
    let feeds: [FeedID]
    let shapes: SnapshotShapes
    var columns: [SnapshotColumnReader] = []
    let heads: SnapshotSlotHeads
    private var origins: ByteReader
    private var originBytes: [UInt8] = []
    private var lastOrigin = 0..<0
    private var seenOrigins = ByteInterner()
    private var originReader = OriginReader()
    private var told: SnapshotMarkOrigin
    var marks: [SnapshotMark] = []
    var rows: [Row] = []
    private var drafts: [Draft] = []
    private var recordOrigins: [RecordOrigin] = []
    private var shapesUsed = 0
    private var writes = 0
    /// The bytes of the record's state that is read.
    var state = ByteWriter(reserving: 1_024)
    /// Its feeds, into `feeds`.
    var stateFeeds: [Int] = []
    /// The dot and the time of each of its marks, as the state's bytes have them, and where they end: most values of a record were
    /// written by a few changes.
    var markBytes = ByteWriter(reserving: 256)
    var markEnds: [Int] = []
    /// The changes that wrote the marks, sorted, and of each mark which of them.
    var changes: [SnapshotHeadings.Place] = []
    var changeOfMark: [Int32] = []
    /// For each change that records name, in the order in which they name it first, the mark by which; and of each whether it is one.
    var named: [Int32] = []
    var isNamed: [Bool] = []
    /// How many rebuilt bytes there may still be.
    var room = Limit.rebuiltBytesPerSnapshotChunk.value

    struct Row {
        let column: Int
        let mark: Int
    }

    /// A record of which all but the values is known. Nothing in it is counted by reference.
    struct Draft {
        let shape: SnapshotShapes.Shape
        /// Of its slots, into `marks`.
        var marks = 0..<0
        /// Into `rows`.
        var rows = 0..<0
        var stated: Stated?
    }

    struct Stated {
        let count: UInt64
        let sum: UInt128
        let newest: Int?
    }

    init(_ bytes: [UInt8]) throws(CodecError) {
        guard bytes.count <= Limit.bytesPerSnapshotChunk.value else { throw .limit(.bytesPerSnapshotChunk, at: 0) }
        var reader = ByteReader(bytes)
        let format = try reader.readInteger()
        guard format == SnapshotHead.format else { throw .unsupported("a chunk of a snapshot of format \(format)") }
        let flagsStart = reader.index
        flags = try reader.readByte()
        guard flags <= SnapshotHead.Flags.all else {
            throw .malformed("the flags \(flags) of a snapshot's chunk do not exist", at: flagsStart)
        }
        let countStart = reader.index
        recordCount = try reader.readCount(.recordsPerSnapshotChunk, leastBytes: 0)
        writeCount = try reader.readCount(.writesPerSnapshotChunk, leastBytes: 0)
        feeds = try SnapshotDecoder.readFeeds(&reader)
        let found = try SnapshotDecoder.readColumns(&reader)
        heads = SnapshotSlotHeads(found)
        shapes = try SnapshotShapes(from: &reader, found)
        var listingRoom = Limit.rebuiltBytesPerSnapshotChunk.value
        columns.reserveCapacity(found.count)
        for (index, column) in found.enumerated() {
            var values = SnapshotContents()
            if case .listed(let list) = column.values {
                values = try SnapshotContents(list, from: &reader, room: &listingRoom)
            }
            let elements = try SnapshotContents(column.elements, from: &reader, room: &listingRoom)
            columns.append(
                SnapshotColumnReader(
                    column, values: values, elements: elements, model: SnapshotModel.columns(index)))
        }
        origins = try reader.readNested(.bytesPerSnapshotChunk)
        // Each record and each write takes a symbol at least.
        guard recordCount + writeCount <= reader.remaining * NumberCoding.symbolsPerByte else {
            throw .length(at: countStart)
        }
        numbers = try NumberDecoder<SteadyModel>(reader, models: SnapshotModel.columns(found.count))
        told = SnapshotMarkOrigin(feeds: feeds.count)
    }

    private static func readFeeds(_ reader: inout ByteReader) throws(CodecError) -> [FeedID] {
        let count = try reader.readCount(.feedsPerSnapshotChunk, leastBytes: 16)
        var feeds: [FeedID] = []
        feeds.reserveCapacity(count)
        for _ in 0..<count {
            let start = reader.index
            let feed: FeedID = try reader.readIdentifier()
            if let last = feeds.last, last >= feed { throw .malformed("feeds are not in order", at: start) }
            feeds.append(feed)
        }
        return feeds
    }

    private static func readColumns(_ reader: inout ByteReader) throws(CodecError) -> [SnapshotColumn] {
        let count = try reader.readCount(.columnsPerSnapshotChunk, leastBytes: 4)
        var columns: [SnapshotColumn] = []
        columns.reserveCapacity(count)
        for _ in 0..<count {
            let start = reader.index
            let column = try SnapshotColumn(from: &reader)
            if let last = columns.last, last >= column { throw .malformed("columns are not in order", at: start) }
            columns.append(column)
        }
        return columns
    }

    // MARK: - All of it

    mutating func decode() throws(CodecError) -> [SnapshotRecord] {
        drafts.reserveCapacity(recordCount)
        recordOrigins.reserveCapacity(recordCount)
        for _ in 0..<recordCount { drafts.append(try readDraft()) }
        guard writes == writeCount, shapesUsed == shapes.shapes.count else {
            throw .malformed("fewer writes or shapes than announced", at: numbers.index)
        }
        try origins.finish()
        try readTimes()
        isNamed = Array(repeating: false, count: changes.count)
        named.reserveCapacity(changes.count)
        var records: [SnapshotRecord] = []
        records.reserveCapacity(recordCount)
        for index in drafts.indices { records.append(try record(drafts[index], recordOrigins[index])) }
        for column in columns { try column.finish(at: numbers.index) }
        try numbers.finish()
        return records
    }

    // MARK: - Records

    private mutating func readDraft() throws(CodecError) -> Draft {
        let shape = try readShape()
        var draft = Draft(shape: shape)
        recordOrigins.append(try readOrigin())
        told.beginRecord()
        let firstMark = marks.count
        for _ in 0..<shape.markCount { try readMark(isOfRow: false) }
        draft.marks = firstMark..<marks.count
        guard shape.log != .none else { return draft }
        let rowCount = try numbers.readNumber(SnapshotModel.rowCount.rawValue)
        guard rowCount <= UInt64(writeCount - writes), rowCount > 0 || shape.log == .stated else {
            throw .malformed("a log has other rows than announced", at: numbers.index)
        }
        writes += Int(rowCount)
        let firstRow = rows.count
        for _ in 0..<rowCount {
            let column = try numbers.readNumber(SnapshotModel.rowColumn.rawValue)
            guard column < UInt64(columns.count), columns[Int(column)].column.kind == .log else {
                throw .malformed("a row is of no log", at: numbers.index)
            }
            rows.append(Row(column: Int(column), mark: try readRowMark(of: draft.marks, firstRow)))
        }
        draft.rows = firstRow..<rows.count
        if shape.log == .stated { draft.stated = try readStated(of: draft) }
        return draft
    }

    private mutating func readStated(of draft: Draft) throws(CodecError) -> Stated {
        let count = try numbers.readNumber(SnapshotModel.logCount.rawValue)
        // Far from where counting on would overflow.
        guard count <= 1 << 48 else { throw .integer(at: numbers.index) }
        if count == 0 { return Stated(count: 0, sum: 0, newest: nil) }
        let high = try numbers.readPlain(UInt64.bitWidth)
        let low = try numbers.readPlain(UInt64.bitWidth)
        return Stated(
            count: count, sum: UInt128(high) << 64 | UInt128(low),
            newest: try readRowMark(of: draft.marks, draft.rows.lowerBound))
    }

    private mutating func readShape() throws(CodecError) -> SnapshotShapes.Shape {
        let code = try numbers.readNumber(SnapshotModel.shape.rawValue)
        guard code <= UInt64(shapesUsed), code > 0 || shapesUsed < shapes.shapes.count else {
            throw .malformed("a shape is not listed", at: numbers.index)
        }
        if code == 0 { shapesUsed += 1 }
        let shape = shapes.shapes[code == 0 ? shapesUsed - 1 : Int(code) - 1]
        guard shape.writeCount <= writeCount - writes else {
            throw .malformed("more writes than announced", at: numbers.index)
        }
        writes += shape.writeCount
        return shape
    }

    private mutating func readOrigin() throws(CodecError) -> RecordOrigin {
        let code = try numbers.readNumber(SnapshotModel.origin.rawValue)
        let next: Range<Int>
        if code == 0 {
            next = try FrontCoding.read(
                from: &origins, after: lastOrigin, into: &originBytes, limit: SnapshotDecoder.greatestOrigin,
                of: .bytesPerSnapshotChunk)
        } else {
            let step = SnapshotHead.step(ofOriginCode: code)
            guard let stepped = TrailingNumber.append(step, to: lastOrigin, in: &originBytes) else {
                throw .integer(at: numbers.index)
            }
            next = stepped
        }
        lastOrigin = next
        guard seenOrigins.intern(originBytes, next).isNew else {
            throw .malformed("a record is listed twice", at: numbers.index)
        }
        let origin = try originReader.read(originBytes, next)
        if case .here = origin {
            throw .malformed("a record's origin is one that nobody else can name", at: numbers.index)
        }
        return origin
    }

    /// Two names and the lengths before them.
    private static let greatestOrigin = 5 + 2 * Limit.nameBytes.value

    // MARK: - Marks

    private mutating func readMark(isOfRow: Bool) throws(CodecError) {
        var feed = told.expectedFeed
        if feeds.count != 1 {
            feed = Int(
                truncatingIfNeeded: Int64(feed)
                    &+ (try numbers.readSigned((isOfRow ? SnapshotModel.rowFeed : .feed).rawValue)))
        }
        guard feeds.indices.contains(feed) else { throw .malformed("a feed is not listed", at: numbers.index) }
        let (expected, isBefore) = told.expected(feed)
        let sequence: UInt64
        if isBefore, !isOfRow {
            sequence = expected &+ (try numbers.readNumber(SnapshotModel.gap.rawValue))
        } else {
            let model: SnapshotModel = isBefore ? .rowSequence : .first
            sequence = expected &+ UInt64(bitPattern: try numbers.readSigned(model.rawValue))
        }
        guard sequence > 0 else { throw .malformed("a sequence starts at 1", at: numbers.index) }
        let mark = SnapshotMark(feed: feed, sequence: sequence, time: 0)
        if !isOfRow, let before = told.before, mark < before {
            throw .malformed("the marks of a record are not in order", at: numbers.index)
        }
        told.note(mark)
        marks.append(mark)
    }

    /// - Returns: an index into `marks`.
    private mutating func readRowMark(of slots: Range<Int>, _ firstRow: Int) throws(CodecError) -> Int {
        let code = try numbers.readNumber(SnapshotModel.rowMark.rawValue)
        switch code {
        case SnapshotRowMark.new:
            try readMark(isOfRow: true)
            return marks.count - 1
        case SnapshotRowMark.same:
            guard rows.count > firstRow else { throw .malformed("no row is before this one", at: numbers.index) }
            return rows[rows.count - 1].mark
        default:
            guard code - SnapshotRowMark.firstOfSlots < UInt64(slots.count) else {
                throw .malformed("a mark is not listed", at: numbers.index)
            }
            let mark = slots.lowerBound + Int(code - SnapshotRowMark.firstOfSlots)
            told.goBack(to: marks[mark])
            return mark
        }
    }

    private mutating func readTimes() throws(CodecError) {
        let order = SnapshotTimes(marks)
        var last = HybridTimestamp.zero
        var times = [UInt64](repeating: 0, count: marks.count)
        changeOfMark = Array(repeating: 0, count: marks.count)
        changes.reserveCapacity(marks.count)
        try order.forEachChange(marks) { isFirstOfFeed, indices throws(CodecError) in
            if isFirstOfFeed { last = .zero }
            for index in indices { changeOfMark[Int(index)] = Int32(changes.count) }
            let first = marks[Int(indices[indices.startIndex])]
            changes.append(SnapshotHeadings.Place(feed: first.feed, sequence: first.sequence))
            let difference =
                flags & SnapshotHead.Flags.timesNeverFall != 0
                ? Int64(bitPattern: try numbers.readNumber(SnapshotModel.milliseconds.rawValue))
                : try numbers.readSigned(SnapshotModel.milliseconds.rawValue)
            let (time, overflows) = last.milliseconds.addingReportingOverflow(difference)
            guard !overflows, (0...HybridTimestamp.greatestMilliseconds).contains(time) else {
                throw .integer(at: numbers.index)
            }
            let counter = try numbers.readNumber(SnapshotModel.counter.rawValue)
            guard counter <= UInt64(UInt16.max) else { throw .integer(at: numbers.index) }
            last = HybridTimestamp(
                milliseconds: time, counter: last.expectedCounter(at: time) &+ UInt16(counter))
            for index in indices { times[Int(index)] = last.rawValue }
        }
        if flags & SnapshotHead.Flags.lateMarks != 0 {
            for index in marks.indices {
                let (time, overflows) = times[index].addingReportingOverflow(
                    try numbers.readNumber(SnapshotModel.late.rawValue))
                guard !overflows else { throw .integer(at: numbers.index) }
                times[index] = time
            }
        }
        for index in marks.indices { marks[index].time = times[index] }
    }
}
