import Causality

/// Puts compact states together, slot by slot; keeps its memory from one to the next.
package struct CompactWriter: Sendable {
    private struct Change {
        let effective: UInt64
        let sequence: UInt64
        let feed: Int
        var uses = 0
    }

    private var feeds: [FeedID] = []
    private var changes: [Change] = []
    private var slotCount = 0
    /// The slots. Whoever has begun a survivor writes its value here.
    package var slots = ByteWriter(reserving: 512)

    package init() {}

    /// So many changes are looked through for one that is listed already; an older one is listed again.
    static let searchedChanges = 32

    package mutating func removeAll() {
        feeds.removeAll(keepingCapacity: true)
        changes.removeAll(keepingCapacity: true)
        slotCount = 0
        slots.removeAll()
    }

    /// Lists a feed.
    ///
    /// - Returns: its number.
    package mutating func add(_ feed: FeedID) -> Int {
        feeds.append(feed)
        return feeds.count - 1
    }

    /// Lists a change, where the last ones that are listed are others.
    ///
    /// - Returns: its number.
    package mutating func add(sequence: UInt64, of feed: Int, effective: UInt64) -> Int {
        var number = changes.count
        let first = max(0, number - CompactWriter.searchedChanges)
        while number > first {
            number -= 1
            let change = changes[number]
            if change.sequence == sequence, change.feed == feed, change.effective == effective { return number }
        }
        list(sequence: sequence, of: feed, effective: effective)
        return changes.count - 1
    }

    /// Lists a change as the next one, whatever is listed already.
    package mutating func list(sequence: UInt64, of feed: Int, effective: UInt64) {
        changes.append(Change(effective: effective, sequence: sequence, feed: feed))
    }

    /// Begins a slot; its survivors follow, in the order of their dots.
    ///
    /// - Parameters:
    ///   - field: its name.
    ///   - element: its canonical bytes; empty where there is none.
    package mutating func beginSlot(
        _ field: UnsafeRawBufferPointer, _ kind: FieldKind,
        element: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0), total: Int64 = 0,
        survivors: Int = 1, _ names: FieldNames.View
    ) {
        slotCount += 1
        let name = CompactWriter.number(of: field, 0..<field.count, names)
        slots.write(byte: UInt8(name))
        var head = min(kind.rawValue, CompactCursor.Head.otherKind)
        if !element.isEmpty { head |= CompactCursor.Head.hasElement }
        if total != 0 { head |= CompactCursor.Head.hasTotal }
        if survivors != 1 { head |= CompactCursor.Head.hasCount }
        slots.write(byte: head)
        if kind.rawValue >= CompactCursor.Head.otherKind { slots.write(byte: kind.rawValue) }
        if name == 0 { slots.write(field) }
        slots.write(raw: element)
        if total != 0 { slots.write(signed: total) }
        if survivors != 1 { slots.write(survivors) }
    }

    /// The number by which a state names a field; 0 where a byte does not hold one.
    ///
    /// - Parameter previous: of the slot before.
    static func number(
        of source: UnsafeRawBufferPointer, _ field: Range<Int>, after previous: Int = 0, _ names: FieldNames.View
    ) -> Int {
        let number = names.number(of: source, field, after: previous)
        return number <= Int(UInt8.max) ? number : 0
    }

    /// Begins a surviving write; its value follows.
    package mutating func beginSurvivor(by change: Int) {
        changes[change].uses += 1
        slots.write(change)
    }

    /// - Returns: the state; as large as it is, for it stays in memory.
    package func state(_ log: StateLog) -> CompactState {
        var tail = ByteWriter()
        if !log.isEmpty { log.encode(feed: { $0 }, into: &tail) }
        let count =
            CompactCursor.headBytes + CompactCursor.feedBytes * feeds.count
            + CompactCursor.changeBytes * changes.count + slots.count + tail.count
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        func append(_ number: Int) { withUnsafeBytes(of: UInt32(number).littleEndian) { bytes.append(contentsOf: $0) } }
        append(feeds.count)
        append(changes.count)
        append(slotCount)
        bytes.append(log.isEmpty ? 0 : 1)
        for feed in feeds { feed.append(to: &bytes) }
        for change in changes {
            withUnsafeBytes(of: change.effective.littleEndian) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: change.sequence.littleEndian) { bytes.append(contentsOf: $0) }
            append(change.feed)
            append(change.uses)
        }
        bytes.append(contentsOf: slots.bytes)
        bytes.append(contentsOf: tail.bytes)
        return CompactState(bytes: bytes)
    }

    /// A state from its canonical bytes.
    package mutating func state(_ state: EncodedState, _ names: FieldNames) -> CompactState {
        removeAll()
        let log = state.bytes.withUnsafeBytes { bytes in
            names.withView { names in
                var cursor = StateCursor(bytes)
                for number in 0..<cursor.feedCount { _ = add(cursor.feed(number)) }
                for _ in 0..<cursor.slotCount {
                    let slot = cursor.readSlot()
                    beginSlot(
                        UnsafeRawBufferPointer(rebasing: bytes[slot.field]), slot.kind,
                        element: UnsafeRawBufferPointer(rebasing: bytes[slot.element]), total: slot.total,
                        survivors: slot.survivorCount, names)
                    for _ in 0..<slot.survivorCount {
                        let survivor = cursor.readSurvivor()
                        beginSurvivor(
                            by: add(
                                sequence: survivor.write.sequence, of: survivor.write.feed,
                                effective: survivor.write.effective))
                        slots.write(raw: UnsafeRawBufferPointer(rebasing: bytes[survivor.value]))
                    }
                }
                return cursor.readLog()
            }
        }
        return self.state(log)
    }
}
