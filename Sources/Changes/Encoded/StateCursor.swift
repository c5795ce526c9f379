import Causality

/// Walks the canonical bytes of a state, slot by slot: see `RecordState.encode`.
struct StateCursor {
    private var cursor: ByteCursor
    let feedCount: Int
    private let feedStart: Int
    let slotCount: Int

    init(_ bytes: UnsafeRawBufferPointer) {
        // The format is one byte.
        cursor = ByteCursor(bytes, at: 1)
        feedCount = cursor.readCount()
        feedStart = cursor.index
        cursor.skip(16 * feedCount)
        slotCount = cursor.readCount()
    }

    func feed(_ number: Int) -> FeedID {
        precondition(number < feedCount, "a state names a feed that it does not list")
        var cursor = ByteCursor(cursor.bytes, at: feedStart + 16 * number)
        return cursor.readIdentifier()
    }

    /// A slot up to its survivors.
    struct Slot {
        let field: Range<Int>
        let kind: FieldKind
        /// Empty where there is none.
        let element: Range<Int>
        let total: Int64
        let survivorCount: Int
    }

    /// What wrote a value.
    struct Write {
        /// By number in the state's list.
        let feed: Int
        let sequence: UInt64
        let effective: UInt64
    }

    struct Survivor {
        let write: Write
        let value: Range<Int>
    }

    /// Where it reads.
    var index: Int { cursor.index }

    mutating func readSlot() -> Slot {
        let field = cursor.readRange()
        let kind = FieldKind(rawValue: cursor.readByte())
        let hasElement = cursor.readByte() == 1
        let element = hasElement ? cursor.readValueRange() : cursor.index..<cursor.index
        let total = cursor.readSigned()
        return Slot(field: field, kind: kind, element: element, total: total, survivorCount: cursor.readCount())
    }

    mutating func readSurvivor() -> Survivor {
        let write = readWrite()
        return Survivor(write: write, value: readValue())
    }

    /// Reads what a survivor's value stands behind.
    mutating func readWrite() -> Write {
        Write(feed: cursor.readCount(), sequence: cursor.readInteger(), effective: cursor.readInteger())
    }

    /// Passes over a survivor's write where it has the bytes of one that was read.
    ///
    /// - Parameter range: where that one lies.
    mutating func skipWrite(in range: Range<Int>) -> Bool {
        // Each of its numbers tells where it ends: the same bytes are the same write, whatever follows.
        guard range.count <= cursor.bytes.count - cursor.index,
            ByteOrder.areEqual(cursor.bytes, range, cursor.bytes, cursor.index..<cursor.index + range.count)
        else { return false }
        cursor.skip(range.count)
        return true
    }

    mutating func readValue() -> Range<Int> { cursor.readValueRange() }

    /// Reads what stands behind the slots.
    mutating func readLog() -> StateLog { StateLog(from: &cursor) }
}

/// What a state says of its record's log.
package struct StateLog {
    package let count: UInt64
    package let sum: ShortHash
    package let newest: Mark?

    package struct Mark {
        package let key: HybridTimestamp
        /// By number in the state's list.
        package let feed: Int
        package let sequence: UInt64

        init(from cursor: inout ByteCursor) {
            key = HybridTimestamp(rawValue: cursor.readInteger())
            feed = cursor.readCount()
            sequence = cursor.readInteger()
        }

        package init(key: HybridTimestamp, feed: Int, sequence: UInt64) {
            self.key = key
            self.feed = feed
            self.sequence = sequence
        }
    }

    package init(count: UInt64 = 0, sum: ShortHash = ShortHash(high: 0, low: 0), newest: Mark? = nil) {
        self.count = count
        self.sum = sum
        self.newest = newest
    }

    /// As both forms of a state have it.
    init(from cursor: inout ByteCursor) {
        count = cursor.readInteger()
        sum = cursor.readIdentifier()
        newest = cursor.readByte() == 1 ? Mark(from: &cursor) : nil
    }

    package var isEmpty: Bool { count == 0 && sum == ShortHash(high: 0, low: 0) && newest == nil }

    /// - Parameter feed: the mark's, by its number in the list that is written.
    func encode(feed: (Int) -> Int, into writer: inout ByteWriter) {
        writer.write(count)
        writer.write(sum)
        writer.write(byte: newest == nil ? 0 : 1)
        guard let newest else { return }
        writer.write(newest.key.rawValue)
        writer.write(feed(newest.feed))
        writer.write(newest.sequence)
    }
}
