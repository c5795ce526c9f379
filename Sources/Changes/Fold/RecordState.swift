import Causality

/// What a record is, as a pure function of the changes that touch it: for each target the writes that nothing
/// has replaced, sums, and a digest of its log. It knows no schema, no other record and no clock.
///
/// Log entries are rows beside the state (`LogRow`); the state holds their number, the sum of their hashes and the
/// greatest of their keys.
package struct RecordState: Hashable, Sendable {
    /// A write that nothing in its future has replaced.
    package struct Survivor: Hashable, Sendable {
        package let dot: Dot
        package let value: Value
        package let effective: HybridTimestamp
    }

    package struct Slot: Hashable, Sendable {
        package let target: FieldTarget
        /// Sorted by dot. More than one means that they are concurrent.
        package fileprivate(set) var survivors: [Survivor]
        /// The sum of a total; wraps, so that order cannot matter.
        package fileprivate(set) var total: Int64
    }

    /// The place of a log row in the record's listing.
    package struct LogMark: Hashable, Comparable, Sendable {
        package let key: HybridTimestamp
        package let dot: Dot

        package init(key: HybridTimestamp, dot: Dot) {
            self.key = key
            self.dot = dot
        }

        package static func < (left: LogMark, right: LogMark) -> Bool {
            left.key != right.key ? left.key < right.key : left.dot < right.dot
        }
    }

    /// Sorted by target.
    package private(set) var slots: [Slot] = []
    package private(set) var logCount: UInt64 = 0
    /// The sum of the hashes of the log's entries, mod 2^128.
    package private(set) var logSum: UInt128 = 0
    package private(set) var newestLog: LogMark?

    package init() {}

    package var isEmpty: Bool { slots.isEmpty && logCount == 0 }

    /// The slot of `target`, where it has ever been written.
    ///
    /// - Complexity: O(log slots).
    package func slot(_ target: FieldTarget) -> Slot? {
        let (index, found) = position(of: target)
        return found ? slots[index] : nil
    }

    /// The slots of a field in element order.
    package func slots(of field: Text) -> [Slot] { slots.filter { $0.target.field == field } }

    /// Applies one operation of the change at `dot`.
    ///
    /// The change's past must have been applied, and the change not yet.
    /// - Parameters:
    ///   - effective: the change's effective time.
    ///   - past: what the change had seen.
    ///   - greatestLogKey: the greatest key of this record's log rows within `past`; asked only when the newest row
    ///     of all is not within it.
    /// - Returns: the row that a log operation adds.
    /// - Throws: `FoldError`, before anything has changed, and whatever `greatestLogKey` throws.
    package mutating func apply(
        _ operation: FieldOperation, dot: Dot, effective: HybridTimestamp, past: Past,
        greatestLogKey: () throws -> HybridTimestamp?
    ) throws -> LogRow? {
        let target = operation.target
        guard target.kind.isKnown else { throw FoldError.unknownKind(target.kind) }
        guard operation.action.isKnown else { throw FoldError.unknownAction(operation.action) }
        switch target.kind {
        case .log:
            guard operation.action == .put else { throw FoldError.unknownAction(operation.action) }
            var key = effective
            if let newest = newestLog {
                let before = past.contains(newest.dot) ? newest.key : try greatestLogKey()
                if let before { key = max(key, before.successor) }
            }
            let row = LogRow(field: target.field, mark: LogMark(key: key, dot: dot), value: operation.value)
            note(row)
            return row
        case .total:
            guard operation.action == .put, let amount = operation.value.integer else {
                throw FoldError.unknownAction(operation.action)
            }
            update(target) { $0.total &+= amount }
        case .escrow:
            // Every entry stays; what they come to is read, not folded away.
            update(target) { $0.insert(Survivor(dot: dot, value: operation.value, effective: effective)) }
        default:
            update(target) { slot in
                if let shown = operation.shown {
                    slot.survivors.removeAll { survivor in shown.contains { $0.dot == survivor.dot } }
                } else {
                    slot.survivors.removeAll { past.contains($0.dot) }
                }
                if operation.action == .put {
                    slot.insert(Survivor(dot: dot, value: operation.value, effective: effective))
                }
            }
        }
        return nil
    }

    private mutating func note(_ row: LogRow) {
        logCount += 1
        logSum &+= row.digest
        newestLog = newestLog.map { max($0, row.mark) } ?? row.mark
    }

    private mutating func update(_ target: FieldTarget, _ body: (inout Slot) -> Void) {
        let (index, found) = position(of: target)
        if !found { slots.insert(Slot(target: target, survivors: [], total: 0), at: index) }
        body(&slots[index])
        // An emptied slot says no more than a missing one.
        if slots[index].survivors.isEmpty, slots[index].total == 0 { slots.remove(at: index) }
    }

    private func position(of target: FieldTarget) -> (index: Int, found: Bool) {
        var low = 0
        var high = slots.count
        while low < high {
            let middle = (low + high) / 2
            if slots[middle].target < target { low = middle + 1 } else { high = middle }
        }
        return (low, low < slots.count && slots[low].target == target)
    }
}

extension RecordState.Slot {
    fileprivate mutating func insert(_ survivor: RecordState.Survivor) {
        let index = survivors.firstIndex { survivor.dot < $0.dot } ?? survivors.endIndex
        survivors.insert(survivor, at: index)
    }
}

/// One entry of a record's log. Listed by (key, feed, sequence): a step that saw another comes after it, whatever
/// the clocks said.
package struct LogRow: Hashable, Sendable {
    package let field: Text
    package let mark: RecordState.LogMark
    package let value: Value

    package init(field: Text, mark: RecordState.LogMark, value: Value) {
        self.field = field
        self.mark = mark
        self.value = value
    }

    /// What the row adds to its state's sum.
    package var digest: UInt128 {
        let hash = Hash256.of(.logEntry) { writer in
            writer.write(field)
            writer.write(mark.key.rawValue)
            writer.write(mark.dot.feed)
            writer.write(mark.dot.sequence)
            value.encode(into: &writer)
        }
        return hash.short.number
    }
}

/// Why this version cannot fold a change. The change is kept, named and tried again after an upgrade.
package enum FoldError: Error, Hashable, Sendable {
    case unknownKind(FieldKind)
    case unknownAction(FieldAction)
}

extension FoldError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownKind(let kind): "this version does not know fields of kind \(kind.rawValue)"
        case .unknownAction(let action): "this version does not know the action \(action.rawValue)"
        }
    }
}

extension Identifier128 {
    /// The 16 bytes as one number, for sums.
    package var number: UInt128 { UInt128(high) << 64 | UInt128(low) }
}

// MARK: - Canonical bytes

extension RecordState {
    private static var format: UInt64 { 1 }

    /// Layout: format 1; feeds (count, each 16 bytes, sorted); slots (count; field, kind, element flag and element,
    /// total, survivors (count; feed index, sequence, effective time, value)); log count, sum, newest mark.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 64 + slots.count * 32)
        var feeds: [FeedID] = []
        for slot in slots {
            for survivor in slot.survivors where !feeds.contains(survivor.dot.feed) { feeds.append(survivor.dot.feed) }
        }
        if let newestLog, !feeds.contains(newestLog.dot.feed) { feeds.append(newestLog.dot.feed) }
        feeds.sort()
        writer.write(RecordState.format)
        writer.write(feeds.count)
        for feed in feeds { writer.write(feed) }
        writer.write(slots.count)
        for slot in slots {
            writer.write(slot.target.field)
            writer.write(byte: slot.target.kind.rawValue)
            writer.write(byte: slot.target.element == nil ? 0 : 1)
            slot.target.element?.encode(into: &writer)
            writer.write(signed: slot.total)
            writer.write(slot.survivors.count)
            for survivor in slot.survivors {
                writer.write(feeds.firstIndex(of: survivor.dot.feed) ?? 0)
                writer.write(survivor.dot.sequence)
                writer.write(survivor.effective.rawValue)
                survivor.value.encode(into: &writer)
            }
        }
        writer.write(logCount)
        writer.write(ShortHash(high: UInt64(logSum >> 64), low: UInt64(truncatingIfNeeded: logSum)))
        writer.write(byte: newestLog == nil ? 0 : 1)
        if let newestLog {
            writer.write(newestLog.key.rawValue)
            writer.write(feeds.firstIndex(of: newestLog.dot.feed) ?? 0)
            writer.write(newestLog.dot.sequence)
        }
        return writer.bytes
    }

    package init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        let format = try reader.readInteger()
        guard format == RecordState.format else { throw .unsupported("a record state of format \(format)") }
        let feedCount = try reader.readCount(.survivors, leastBytes: 16)
        var feeds: [FeedID] = []
        for _ in 0..<feedCount { feeds.append(try reader.readIdentifier()) }
        func readDot(_ reader: inout ByteReader) throws(CodecError) -> (feed: FeedID, start: Int) {
            let start = reader.index
            let index = try reader.readInteger()
            guard index < UInt64(feeds.count) else { throw .malformed("a feed index is out of range", at: start) }
            return (feeds[Int(index)], start)
        }
        let slotCount = try reader.readCount(.survivors, leastBytes: 5)
        slots.reserveCapacity(slotCount)
        for _ in 0..<slotCount {
            let start = reader.index
            let field = try reader.readText(.nameBytes)
            let kind = FieldKind(rawValue: try reader.readByte())
            let element = try reader.readByte() == 0 ? nil : try Value(from: &reader)
            let target = FieldTarget(field: field, kind: kind, element: element)
            if let last = slots.last, last.target >= target { throw .malformed("slots are not in order", at: start) }
            let total = try reader.readSigned()
            let count = try reader.readCount(.survivors, leastBytes: 4)
            var survivors: [Survivor] = []
            survivors.reserveCapacity(count)
            for _ in 0..<count {
                let (feed, position) = try readDot(&reader)
                let dot = Dot(feed: feed, sequence: try reader.readInteger())
                if let last = survivors.last, last.dot >= dot {
                    throw .malformed("survivors are not in order", at: position)
                }
                let effective = HybridTimestamp(rawValue: try reader.readInteger())
                survivors.append(Survivor(dot: dot, value: try Value(from: &reader), effective: effective))
            }
            slots.append(Slot(target: target, survivors: survivors, total: total))
        }
        logCount = try reader.readInteger()
        let sum: ShortHash = try reader.readIdentifier()
        logSum = sum.number
        if try reader.readByte() == 1 {
            let key = HybridTimestamp(rawValue: try reader.readInteger())
            let (feed, _) = try readDot(&reader)
            newestLog = LogMark(key: key, dot: Dot(feed: feed, sequence: try reader.readInteger()))
        }
        try reader.finish()
    }

    /// What the record adds to its bucket: H(record, state), 16 bytes. An empty state adds nothing.
    package static func digest(of record: RecordID, state: [UInt8]) -> UInt128 {
        Hash256.of(.state) { writer in
            writer.write(record)
            writer.write(raw: state)
        }.short.number
    }
}

extension Limit {
    package static let survivors = Limit("surviving writes in a record", 1 << 20)
}
