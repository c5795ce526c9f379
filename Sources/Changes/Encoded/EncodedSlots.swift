import Causality

/// The slots of a state by where their parts lie in its bytes, for who writes them to columns: nothing is taken out of
/// the bytes that need not be.
package struct EncodedSlots: Sendable {
    package struct Slot: Sendable {
        /// All of it.
        package let range: Range<Int>
        package let field: Range<Int>
        package let kind: FieldKind
        /// Empty where there is none.
        package let element: Range<Int>
        package let total: Int64
        package let survivorCount: Int
        /// The first survivor, or the only one; meaningless where there is none.
        package let first: Survivor
        /// Where the survivors begin.
        package let survivors: Int
    }

    package struct Survivor: Sendable {
        /// By number in `feeds`.
        package let feed: Int
        package let sequence: UInt64
        package let effective: HybridTimestamp
        package let value: Range<Int>
    }

    package private(set) var feeds: [FeedID] = []
    /// Sorted by target.
    package private(set) var slots: [Slot] = []
    package private(set) var logCount: UInt64 = 0
    package private(set) var logSum = ShortHash(high: 0, low: 0)
    /// The newest row of the log: its key, and its feed by number and sequence.
    package private(set) var newestLog: (key: HybridTimestamp, feed: Int, sequence: UInt64)?

    package init() {}

    /// Reads the slots of a state; the memory of those before is used again.
    ///
    /// - Parameter bytes: a state's.
    package mutating func read(_ bytes: UnsafeRawBufferPointer) {
        var cursor = StateCursor(bytes)
        feeds.removeAll(keepingCapacity: true)
        for number in 0..<cursor.feedCount { feeds.append(cursor.feed(number)) }
        slots.removeAll(keepingCapacity: true)
        for _ in 0..<cursor.slotCount {
            let slot = cursor.readSlot()
            var first = Survivor(feed: 0, sequence: 0, effective: .zero, value: 0..<0)
            for index in 0..<slot.survivorCount {
                if index == 0 {
                    let survivor = cursor.readSurvivor()
                    first = Survivor(
                        feed: survivor.feed, sequence: survivor.sequence,
                        effective: cursor.timestamp(at: survivor.effective), value: survivor.value)
                } else {
                    _ = cursor.skipSurvivor()
                }
            }
            slots.append(
                Slot(
                    range: slot.start..<cursor.index, field: slot.field, kind: slot.kind, element: slot.element,
                    total: slot.kind == .total ? cursor.signed(at: slot.total) : 0, survivorCount: slot.survivorCount,
                    first: first, survivors: slot.survivors))
        }
        logCount = cursor.readInteger()
        logSum = cursor.readShortHash()
        let hasMark = bytes[cursor.index] == 1
        cursor.skip(1)
        newestLog = nil
        guard hasMark else { return }
        let key = HybridTimestamp(rawValue: cursor.readInteger())
        let feed = Int(cursor.readInteger())
        newestLog = (key, feed, cursor.readInteger())
    }

    /// Visits all survivors of a slot, in the order of their dots.
    package func forEachSurvivor(
        of slot: Slot, in bytes: UnsafeRawBufferPointer, _ body: (Survivor) throws -> Void
    ) rethrows {
        var cursor = StateCursor(bytes, at: slot.survivors)
        for _ in 0..<slot.survivorCount {
            let survivor = cursor.readSurvivor()
            try body(
                Survivor(
                    feed: survivor.feed, sequence: survivor.sequence,
                    effective: cursor.timestamp(at: survivor.effective), value: survivor.value))
        }
    }

    /// A slot taken out of the bytes.
    package func slot(_ slot: Slot, of state: EncodedState) -> RecordState.Slot {
        var reader = ByteReader(state.bytes, slot.range)
        do { return try RecordState.Slot(from: &reader, feeds: feeds) } catch {
            preconditionFailure("a state's bytes are none: \(error)")
        }
    }

    /// The slot of a target without an element.
    ///
    /// - Complexity: O(slots).
    package func find(_ field: Text, _ kind: FieldKind, in bytes: UnsafeRawBufferPointer) -> Slot? {
        let slots = slots.span
        for index in slots.indices
        where slots[index].kind == kind && slots[index].element.isEmpty && field.isEqual(to: bytes, slots[index].field)
        {
            return slots[index]
        }
        return nil
    }
}

/// A value where it lies in canonical bytes, as far as a column can take it over.
package enum EncodedScalar {
    case integer(Int64)
    case boolean(Bool)
    /// Where the UTF-8 lies.
    case text(Range<Int>)
    case bytes(Range<Int>)
    /// Anything else.
    case other

    package init(_ value: Range<Int>, in bytes: UnsafeRawBufferPointer) {
        var cursor = StateCursor(bytes, at: value.lowerBound)
        switch Value.Tag(rawValue: cursor.readInteger()) {
        case .no: self = .boolean(false)
        case .yes: self = .boolean(true)
        case .integer: self = .integer(cursor.readSigned())
        case .text:
            _ = cursor.readInteger()
            self = .text(cursor.index..<value.upperBound)
        case .bytes:
            _ = cursor.readInteger()
            self = .bytes(cursor.index..<value.upperBound)
        default: self = .other
        }
    }

    /// Writes a text's value; `utf8` is valid.
    package static func write(text utf8: UnsafeRawBufferPointer, into writer: inout ByteWriter) {
        writer.write(Value.Tag.text.rawValue)
        writer.write(utf8)
    }

    package static func write(bytes: UnsafeRawBufferPointer, into writer: inout ByteWriter) {
        writer.write(Value.Tag.bytes.rawValue)
        writer.write(bytes)
    }
}

extension StateCursor {
    func timestamp(at place: Int) -> HybridTimestamp {
        var cursor = StateCursor(bytes, at: place)
        return HybridTimestamp(rawValue: cursor.readInteger())
    }

    func signed(at place: Int) -> Int64 {
        var cursor = StateCursor(bytes, at: place)
        return cursor.readSigned()
    }

    mutating func readShortHash() -> ShortHash {
        let start = index
        skip(16)
        return ShortHash(
            high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self)))
    }
}
