import Causality

/// The canonical bytes of a state: equal states are equal bytes, and no other bytes are taken for them.
///
/// Layout: format 1; feeds (count, each 16 bytes; sorted, exactly those that follow); slots (count; field, kind,
/// element flag and element, total, survivors (count; feed index, sequence, effective time, value)); log count, log
/// sum, mark flag and newest mark (key, feed index, sequence).
extension RecordState {
    static var format: UInt64 { 1 }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 64 + slots.count * 32)
        encode(into: &writer)
        return writer.bytes
    }

    package func encode(into writer: inout ByteWriter) {
        let feeds = FeedTable(of: self)
        writer.write(RecordState.format)
        writer.write(feeds.feeds.count)
        for feed in feeds.feeds { writer.write(feed) }
        writer.write(slots.count)
        let slots = slots.span
        for index in slots.indices { slots[index].encode(into: &writer, feeds) }
        writer.write(logCount)
        writer.write(ShortHash(high: UInt64(logSum >> 64), low: UInt64(truncatingIfNeeded: logSum)))
        writer.write(byte: newestLog == nil ? 0 : 1)
        if let newestLog {
            writer.write(newestLog.key.rawValue)
            feeds.encode(newestLog.dot, into: &writer)
        }
    }

    package init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        let format = try reader.readInteger()
        guard format == RecordState.format else { throw .unsupported("a record state of format \(format)") }
        let feedsStart = reader.index
        let feeds = try FeedTable(from: &reader)
        let slotCount = try reader.readCount(.survivors, leastBytes: 5)
        var slots: [Slot] = []
        slots.reserveCapacity(slotCount)
        for _ in 0..<slotCount {
            let start = reader.index
            let slot = try Slot(from: &reader, feeds)
            if let last = slots.last, last.target >= slot.target {
                throw .malformed("slots are not in order", at: start)
            }
            slots.append(slot)
        }
        let logStart = reader.index
        let logCount = try reader.readInteger()
        let logSum: ShortHash = try reader.readIdentifier()
        var newestLog: LogMark?
        if try reader.readFlag() {
            let key = HybridTimestamp(rawValue: try reader.readInteger())
            newestLog = LogMark(key: key, dot: try feeds.readDot(from: &reader))
        }
        try reader.finish()
        do {
            try self.init(slots: slots, logCount: logCount, logSum: logSum.number, newestLog: newestLog)
        } catch {
            throw .malformed(error.rule, at: logStart)
        }
        guard FeedTable(of: self) == feeds else {
            throw .malformed("the listed feeds are not those of the state", at: feedsStart)
        }
    }

    /// What the record adds to its bucket: H(record, state), 16 bytes. An empty state adds nothing.
    package func digest(of record: RecordID) -> UInt128 {
        isEmpty ? 0 : RecordState.digest(of: record, state: encoded())
    }

    /// The same from the state's bytes, where it is not empty.
    package static func digest(of record: RecordID, state: [UInt8]) -> UInt128 {
        Hash256.of(.state, { $0.write(record) }, then: state).short.number
    }
}

extension RecordState.Survivor {
    fileprivate func encode(into writer: inout ByteWriter, _ feeds: FeedTable) {
        feeds.encode(dot, into: &writer)
        writer.write(effective.rawValue)
        value.encode(into: &writer)
    }
}

extension RecordState.Slot {
    fileprivate func encode(into writer: inout ByteWriter, _ feeds: FeedTable) {
        writer.write(target.field)
        writer.write(byte: target.kind.rawValue)
        writer.write(byte: target.element == nil ? 0 : 1)
        target.element?.encode(into: &writer)
        writer.write(signed: total)
        writer.write(survivors.count)
        for index in 0..<survivors.count { survivors[index].encode(into: &writer, feeds) }
    }

    fileprivate init(from reader: inout ByteReader, _ feeds: FeedTable) throws(CodecError) {
        let field = try reader.readText(.nameBytes)
        let kind = FieldKind(rawValue: try reader.readByte())
        let element = try reader.readFlag() ? try Value(from: &reader) : nil
        let total = try reader.readSigned()
        let count = try reader.readCount(.survivors, leastBytes: 4)
        var survivors: [RecordState.Survivor] = []
        survivors.reserveCapacity(count)
        for _ in 0..<count {
            let position = reader.index
            let dot = try feeds.readDot(from: &reader)
            if let last = survivors.last, last.dot >= dot {
                throw .malformed("survivors are not in order", at: position)
            }
            let effective = HybridTimestamp(rawValue: try reader.readInteger())
            survivors.append(RecordState.Survivor(dot: dot, value: try Value(from: &reader), effective: effective))
        }
        self.init(
            target: FieldTarget(field: field, kind: kind, element: element),
            survivors: RecordState.Survivors(survivors), total: total)
        guard kind.isKnown else { throw .unsupported("a state with fields of kind \(kind.rawValue)") }
    }
}

extension RecordState {
    /// The feed that all its dots are of, where there is one: most records are written by one machine.
    fileprivate var onlyFeed: FeedID? {
        var only = newestLog?.dot.feed
        let slots = slots.span
        for index in slots.indices {
            for place in 0..<slots[index].survivors.count {
                let feed = slots[index].survivors[place].dot.feed
                if let only, only != feed { return nil }
                only = feed
            }
        }
        return only
    }
}

/// The feeds that a state names, each once and sorted: its bytes name them by index.
private struct FeedTable: Equatable {
    let feeds: [FeedID]

    /// - Complexity: O(survivors log survivors).
    init(of state: RecordState) {
        if let only = state.onlyFeed {
            feeds = [only]
            return
        }
        var all: [FeedID] = []
        for slot in state.slots {
            for survivor in slot.survivors where all.last != survivor.dot.feed { all.append(survivor.dot.feed) }
        }
        if let newest = state.newestLog, all.last != newest.dot.feed { all.append(newest.dot.feed) }
        if all.count > 1 { all.sort() }
        feeds = all.reduce(into: []) { result, feed in if result.last != feed { result.append(feed) } }
    }

    init(from reader: inout ByteReader) throws(CodecError) {
        let count = try reader.readCount(.survivors, leastBytes: 16)
        var feeds: [FeedID] = []
        feeds.reserveCapacity(count)
        for _ in 0..<count { feeds.append(try reader.readIdentifier()) }
        self.feeds = feeds
    }

    /// - Precondition: the table is that of a state with this dot.
    func encode(_ dot: Dot, into writer: inout ByteWriter) {
        writer.write(feeds.lowerBound(of: dot.feed))
        writer.write(dot.sequence)
    }

    func readDot(from reader: inout ByteReader) throws(CodecError) -> Dot {
        let start = reader.index
        let index = try reader.readInteger()
        guard index < UInt64(feeds.count) else { throw .malformed("a feed index is out of range", at: start) }
        let sequence = try reader.readInteger()
        guard sequence > 0 else { throw .malformed("a sequence starts at 1", at: start) }
        return Dot(feed: feeds[Int(index)], sequence: sequence)
    }
}

extension Limit {
    package static let survivors = Limit("surviving writes in a record", 1 << 20)
}
