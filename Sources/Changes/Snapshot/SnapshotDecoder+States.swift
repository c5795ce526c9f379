import Causality

/// The states of records, written in their canonical bytes as their values are read.
extension SnapshotDecoder {
    mutating func record(_ draft: Draft, _ origin: RecordOrigin) throws(CodecError) -> SnapshotRecord {
        // Marks of one change differ in their times, which were not known before.
        for index in draft.marks.dropFirst() where marks[index] <= marks[index - 1] {
            throw .malformed("the marks of a record are not in order", at: numbers.index)
        }
        let newest =
            draft.stated == nil ? draft.rows.last.map { rows[$0].mark } : draft.stated?.newest
        beginState(draft, newest)
        try writeSlots(draft)
        var log: [LogRow] = []
        log.reserveCapacity(draft.rows.count)
        for index in draft.rows {
            let row = try row(rows[index])
            name(rows[index].mark)
            if let last = log.last, (last.mark, last.field) >= (row.mark, row.field) {
                throw .malformed("the rows of a log are not in order", at: numbers.index)
            }
            log.append(row)
        }
        try finishState(draft, log, newest)
        // A copy of no more than the bytes: the writer's memory is as large as the largest state, and is used again.
        let bytes = state.bytes.withUnsafeBufferPointer { Array($0) }
        return SnapshotRecord(origin: origin, state: EncodedState(canonical: bytes), log: log)
    }

    /// Writes what a state's bytes begin with: its feeds, and how many slots there are. Notes how they name its marks.
    private mutating func beginState(_ draft: Draft, _ newest: Int?) {
        stateFeeds.removeAll(keepingCapacity: true)
        // The marks of slots are sorted by feed; that of a log may be of any.
        for index in draft.marks where stateFeeds.last != marks[index].feed { stateFeeds.append(marks[index].feed) }
        if let newest {
            let place = stateFeeds.lowerBound(of: marks[newest].feed)
            if place == stateFeeds.count || stateFeeds[place] != marks[newest].feed {
                stateFeeds.insert(marks[newest].feed, at: place)
            }
        }
        state.removeAll()
        state.write(RecordState.format)
        state.write(stateFeeds.count)
        for feed in stateFeeds { state.write(feeds[feed]) }
        state.write(draft.shape.slots.count)
        markBytes.removeAll()
        markEnds.removeAll(keepingCapacity: true)
        for mark in draft.marks {
            SnapshotDecoder.write(dotOf: marks[mark], among: stateFeeds, into: &markBytes)
            markBytes.write(marks[mark].time)
            markEnds.append(markBytes.count)
        }
    }

    private mutating func writeSlots(_ draft: Draft) throws(CodecError) {
        var lastElement: (column: Int, bytes: Range<Int>)?
        for index in draft.shape.slots {
            let form = shapes.slots[index]
            let column = form.column
            state.write(raw: heads.bytes, heads.columns[column].head)
            if heads.columns[column].isSet {
                state.write(byte: 1)
                let start = state.count
                try columns[column].copyElement(&numbers, room: &room, into: &state)
                let element = start..<state.count
                // Two elements of one set; other targets were compared when the shape was read.
                if let lastElement, lastElement.column == column,
                    !state.bytes[lastElement.bytes].lexicographicallyPrecedes(state.bytes[element])
                {
                    throw .malformed("slots are not in order", at: numbers.index)
                }
                lastElement = (column, element)
            } else {
                state.write(byte: 0)
            }
            if form.marks.isEmpty {
                try writeTotal(column)
            } else {
                // No sum.
                state.write(byte: 0)
                state.write(form.marks.count)
                try writeSurvivors(form, column, draft.marks.lowerBound)
            }
        }
    }

    private mutating func writeTotal(_ column: Int) throws(CodecError) {
        let total = try columns[column].nextValue(&numbers, milliseconds: 0, room: &room)
        guard let sum = total.integer, sum != 0 else {
            throw .malformed("a total is a sum and not zero", at: numbers.index)
        }
        state.write(signed: sum)
        state.write(byte: 0)
    }

    private mutating func writeSurvivors(
        _ form: SnapshotShapes.Slot, _ column: Int, _ firstMark: Int
    ) throws(CodecError) {
        var last: Int?
        for place in form.marks {
            let number = Int(shapes.marks[place])
            let index = firstMark + number
            // They are sorted, and two of one change differ in nothing but their times.
            if let last, marks[last].isSameChange(as: marks[index]) {
                throw .malformed("surviving writes are not in order", at: numbers.index)
            }
            last = index
            name(index)
            state.write(raw: markBytes.bytes, (number > 0 ? markEnds[number - 1] : 0)..<markEnds[number])
            try columns[column].copyValue(
                &numbers, milliseconds: HybridTimestamp(rawValue: marks[index].time).milliseconds, room: &room,
                into: &state)
        }
    }

    private static func write(dotOf mark: SnapshotMark, among feeds: [Int], into writer: inout ByteWriter) {
        writer.write(feeds.lowerBound(of: mark.feed))
        writer.write(mark.sequence)
    }

    private mutating func finishState(_ draft: Draft, _ log: [LogRow], _ newest: Int?) throws(CodecError) {
        let count = draft.stated?.count ?? UInt64(log.count)
        let sum = draft.stated?.sum ?? log.reduce(0) { $0 &+ $1.digest }
        if let rule = RecordState.violation(logCount: count, sum: sum, hasNewest: newest != nil) {
            throw .malformed(rule, at: numbers.index)
        }
        state.write(count)
        state.write(ShortHash(high: UInt64(sum >> 64), low: UInt64(truncatingIfNeeded: sum)))
        state.write(byte: newest == nil ? 0 : 1)
        guard let newest else { return }
        state.write(marks[newest].time)
        SnapshotDecoder.write(dotOf: marks[newest], among: stateFeeds, into: &state)
    }

    /// A record names a mark.
    private mutating func name(_ mark: Int) {
        let change = Int(changeOfMark[mark])
        if isNamed[change] { return }
        isNamed[change] = true
        named.append(Int32(mark))
    }

    private mutating func row(_ row: Row) throws(CodecError) -> LogRow {
        let mark = logMark(marks[row.mark])
        let value = try columns[row.column].nextValue(&numbers, milliseconds: mark.key.milliseconds, room: &room)
        return LogRow(field: columns[row.column].column.field, mark: mark, value: value)
    }

    private func dot(_ mark: SnapshotMark) -> Dot { Dot(feed: feeds[mark.feed], sequence: mark.sequence) }

    private func logMark(_ mark: SnapshotMark) -> RecordState.LogMark {
        RecordState.LogMark(key: HybridTimestamp(rawValue: mark.time), dot: dot(mark))
    }

    /// Reads who made the changes that the decoded records name.
    func headings(from reader: inout ByteReader) throws(CodecError) -> SnapshotHeadings {
        try SnapshotHeadings(
            of: named.lazy.map { (change: Int(changeOfMark[Int($0)]), time: marks[Int($0)].time) }, among: changes,
            feeds: feeds,
            from: &reader)
    }
}
