import Causality

/// Writes a chunk: see `SnapshotChunk.encode`.
struct SnapshotEncoder {
    private let feeds: [FeedID]
    private let feedIndices: [FeedID: Int]
    private var lastFeed = 0
    private let drafts: [SnapshotDraft]
    private var columns: [SnapshotColumn] = []
    /// Of each record in turn: of its slots, then of its rows.
    private var columnsOfWrites: [Int32] = []
    private var values: [SnapshotColumnWriter] = []
    private var elements: [SnapshotColumnWriter] = []
    private var writes = 0
    private var shapes = ByteWriter()
    private var shapeInterner = ByteInterner()
    private var shape = ByteWriter(reserving: 256)
    private var origins = ByteWriter()
    private var originBytes: [UInt8] = []
    private var lastOrigin = 0..<0
    private var told: SnapshotMarkOrigin
    /// All records', in the order in which they are written.
    private var marks: [SnapshotMark] = []
    private var numbers: [Number] = []

    /// A number that waits until it is known how many models there are.
    private enum Number {
        case unsigned(UInt64, SnapshotModel)
        case signed(Int64, SnapshotModel)
        case plain(UInt64)
    }

    init(_ records: [SnapshotRecord]) {
        (feeds, feedIndices, drafts) = SnapshotDraft.inOrder(of: records)
        told = SnapshotMarkOrigin(feeds: feeds.count)
        findColumns()
        collectValues()
    }

    // MARK: - Columns

    /// Finds the columns, and of each slot and row which it is of.
    private mutating func findColumns() {
        var found: [SnapshotColumn] = []
        var indices: [FieldTarget: Int] = [:]
        // Records are alike: mostly a column is followed by the one that followed it before.
        var following: [Int] = [0]
        var last = 0
        func index(_ field: Text, _ kind: FieldKind) -> Int {
            let guess = following[last]
            if guess < found.count, found[guess].kind == kind, found[guess].field == field {
                last = guess + 1
                return guess
            }
            let target = FieldTarget(field: field, kind: kind)
            let index = indices[target] ?? found.count
            if index == found.count {
                indices[target] = index
                found.append(SnapshotColumn(field: field, kind: kind))
                following.append(0)
            }
            following[last] = index
            last = index + 1
            return index
        }
        for draft in drafts {
            for slot in draft.record.state.slots.indices {
                let target = draft.record.state.slots[slot].target
                columnsOfWrites.append(Int32(index(target.field, target.kind)))
            }
            for row in draft.rows { columnsOfWrites.append(Int32(index(row.field, .log))) }
            last = 0
        }
        let order = found.indices.sorted { found[$0] < found[$1] }
        var places = [Int32](repeating: 0, count: order.count)
        for (place, index) in order.enumerated() { places[index] = Int32(place) }
        for index in columnsOfWrites.indices { columnsOfWrites[index] = places[Int(columnsOfWrites[index])] }
        columns = order.map { found[$0] }
        values = Array(repeating: SnapshotColumnWriter(), count: columns.count)
        elements = values
    }

    private mutating func collectValues() {
        var scratch = ByteWriter(reserving: 256)
        var place = 0
        for draft in drafts {
            let slots = draft.record.state.slots
            for index in slots.indices {
                let column = Int(columnsOfWrites[place])
                place += 1
                if let element = slots[index].target.element {
                    elements[column].append(element, milliseconds: 0, &scratch)
                }
                if columns[column].kind == .total {
                    values[column].append(.integer(slots[index].total), milliseconds: 0, &scratch)
                    writes += 1
                }
                for survivor in slots[index].survivors {
                    values[column].append(survivor.value, milliseconds: survivor.effective.milliseconds, &scratch)
                    writes += 1
                }
            }
            for row in draft.rows {
                values[Int(columnsOfWrites[place])].append(
                    row.value, milliseconds: row.mark.key.milliseconds, &scratch)
                place += 1
                writes += 1
            }
        }
    }

    // MARK: - All of it

    mutating func encoded() -> [UInt8] {
        var place = 0
        for draft in drafts { write(draft, &place) }
        let times = SnapshotTimes(marks)
        let flags = writeTimes(times)
        var writer = ByteWriter(reserving: 64 + 8 * writes)
        writer.write(SnapshotHead.format)
        writer.write(byte: flags)
        writer.write(drafts.count)
        writer.write(writes)
        writer.write(feeds.count)
        for feed in feeds { writer.write(feed) }
        var coded = values.map { $0.encoded() }
        writer.write(columns.count)
        var elementCodes: [[UInt64]] = []
        for index in columns.indices {
            // A total is a number, whatever it costs.
            if columns[index].kind == .total { coded[index] = values[index].encoded(as: .integer) }
            let (list, codes) = elements[index].listed()
            columns[index].values = coded[index].coding
            columns[index].elements = list
            elementCodes.append(codes)
            columns[index].encode(into: &writer)
        }
        writer.write(shapeInterner.count)
        writer.write(raw: shapes.bytes)
        for index in columns.indices {
            if case .listed(let list) = columns[index].values { values[index].writeContents(list, into: &writer) }
            elements[index].writeContents(columns[index].elements, into: &writer)
        }
        writer.write(origins.bytes)
        writer.write(raw: encodedNumbers(coded.map(\.numbers), elementCodes))
        return writer.bytes
    }

    private mutating func encodedNumbers(_ coded: [[UInt64]], _ elementCodes: [[UInt64]]) -> [UInt8] {
        var encoder = NumberEncoder<SteadyModel>(models: SnapshotModel.columns(columns.count))
        for number in numbers {
            switch number {
            case .unsigned(let value, let model): encoder.write(value, model.rawValue)
            case .signed(let value, let model): encoder.write(signed: value, model.rawValue)
            case .plain(let value): encoder.write(plain: value, count: UInt64.bitWidth)
            }
        }
        var next = [Int](repeating: 0, count: columns.count)
        var nextElement = next
        var place = 0
        func write(_ count: Int, _ column: Int) {
            for _ in 0..<count {
                encoder.write(coded[column][next[column]], SnapshotModel.columns(column))
                next[column] += 1
            }
        }
        for draft in drafts {
            for slot in draft.record.state.slots.indices {
                let column = Int(columnsOfWrites[place])
                place += 1
                if columns[column].kind == .set {
                    encoder.write(elementCodes[column][nextElement[column]], SnapshotModel.columns(column) + 1)
                    nextElement[column] += 1
                }
                write(max(1, draft.record.state.slots[slot].survivors.count), column)
            }
            for _ in draft.rows {
                write(1, Int(columnsOfWrites[place]))
                place += 1
            }
        }
        return encoder.finish()
    }

    // MARK: - Records

    private mutating func write(_ draft: SnapshotDraft, _ place: inout Int) {
        writeShape(of: draft, place)
        writeOrigin(draft.record.origin)
        told.beginRecord()
        for mark in draft.marks { write(mark, isOfRow: false) }
        place += draft.record.state.slots.count
        guard draft.log != .none else { return }
        numbers.append(.unsigned(UInt64(draft.rows.count), .rowCount))
        var before: SnapshotMark?
        for row in draft.rows {
            numbers.append(.unsigned(UInt64(columnsOfWrites[place]), .rowColumn))
            place += 1
            before = writeMark(row.mark, before, draft)
        }
        guard draft.log == .stated else { return }
        let state = draft.record.state
        numbers.append(.unsigned(state.logCount, .logCount))
        guard let newest = state.newestLog else { return }
        numbers.append(.plain(UInt64(truncatingIfNeeded: state.logSum >> 64)))
        numbers.append(.plain(UInt64(truncatingIfNeeded: state.logSum)))
        _ = writeMark(newest, before, draft)
    }

    private mutating func writeShape(of draft: SnapshotDraft, _ place: Int) {
        let state = draft.record.state
        var marks: [Int?] = []
        marks.reserveCapacity(state.slots.count)
        var counts: [Int] = []
        counts.reserveCapacity(state.slots.count)
        for slot in state.slots.indices {
            for survivor in state.slots[slot].survivors {
                marks.append(draft.index(of: mark(survivor.dot, survivor.effective)))
            }
            counts.append(state.slots[slot].survivors.count)
        }
        shape.removeAll()
        let columns = columnsOfWrites[place..<place + counts.count].map { Int($0) }
        SnapshotShapes.encode(draft.log, columns, counts, marks.compactMap { $0 }, into: &shape)
        let (number, isNew) = shapeInterner.intern(shape.bytes)
        numbers.append(.unsigned(isNew ? 0 : UInt64(number) + 1, .shape))
        if isNew { shapes.write(raw: shape.bytes) }
    }

    private mutating func writeOrigin(_ origin: RecordOrigin) {
        if case .here = origin { preconditionFailure("a record's origin is one that nobody else can name") }
        let first = originBytes.count
        originBytes += origin.canonicalBytes
        let next = first..<originBytes.count
        if let step = TrailingNumber.step(originBytes, from: lastOrigin, to: next) {
            numbers.append(.unsigned(SnapshotHead.originCode(ofStep: step), .origin))
        } else {
            numbers.append(.unsigned(0, .origin))
            FrontCoding.write(originBytes, next, after: lastOrigin, into: &origins)
        }
        lastOrigin = next
    }

    private mutating func mark(_ dot: Dot, _ time: HybridTimestamp) -> SnapshotMark {
        if feeds[lastFeed] != dot.feed, let index = feedIndices[dot.feed] { lastFeed = index }
        return SnapshotMark(feed: lastFeed, sequence: dot.sequence, time: time.rawValue)
    }

    private mutating func write(_ mark: SnapshotMark, isOfRow: Bool) {
        if feeds.count > 1 {
            numbers.append(.signed(Int64(mark.feed - told.expectedFeed), isOfRow ? .rowFeed : .feed))
        }
        let (sequence, isBefore) = told.expected(mark.feed)
        let step = Int64(bitPattern: mark.sequence &- sequence)
        if isBefore, !isOfRow {
            numbers.append(.unsigned(UInt64(bitPattern: step), .gap))
        } else {
            numbers.append(.signed(step, isBefore ? .rowSequence : .first))
        }
        told.note(mark)
        marks.append(mark)
    }

    private mutating func writeMark(
        _ log: RecordState.LogMark, _ before: SnapshotMark?, _ draft: SnapshotDraft
    ) -> SnapshotMark {
        let mark = mark(log.dot, log.key)
        if mark == before {
            numbers.append(.unsigned(SnapshotRowMark.same, .rowMark))
        } else if let index = draft.index(of: mark) {
            numbers.append(.unsigned(SnapshotRowMark.firstOfSlots + UInt64(index), .rowMark))
            told.goBack(to: mark)
        } else {
            numbers.append(.unsigned(SnapshotRowMark.new, .rowMark))
            write(mark, isOfRow: true)
        }
        return mark
    }

    // MARK: - Times

    /// - Returns: the chunk's flags.
    private mutating func writeTimes(_ times: SnapshotTimes) -> UInt8 {
        var flags = SnapshotHead.Flags.timesNeverFall
        var stamps: [(difference: Int64, counter: UInt16)] = []
        var late = [UInt64](repeating: 0, count: marks.count)
        var last = HybridTimestamp.zero
        times.forEachChange(marks) { isFirstOfFeed, indices in
            if isFirstOfFeed { last = .zero }
            let time = HybridTimestamp(rawValue: indices.first.map { marks[Int($0)].time } ?? 0)
            let difference = time.milliseconds - last.milliseconds
            if difference < 0 { flags &= ~SnapshotHead.Flags.timesNeverFall }
            stamps.append((difference, time.counter &- last.expectedCounter(at: time.milliseconds)))
            last = time
            for index in indices where marks[Int(index)].time != time.rawValue {
                late[Int(index)] = marks[Int(index)].time - time.rawValue
                flags |= SnapshotHead.Flags.lateMarks
            }
        }
        for stamp in stamps {
            numbers.append(
                flags & SnapshotHead.Flags.timesNeverFall != 0
                    ? .unsigned(UInt64(stamp.difference), .milliseconds) : .signed(stamp.difference, .milliseconds))
            numbers.append(.unsigned(UInt64(stamp.counter), .counter))
        }
        if flags & SnapshotHead.Flags.lateMarks != 0 {
            for number in late { numbers.append(.unsigned(number, .late)) }
        }
        return flags
    }
}
