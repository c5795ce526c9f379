import Causality

/// Walks a compact state, slot by slot: see `CompactState`.
struct CompactCursor {
    private var cursor: ByteCursor
    let feedCount: Int
    let changeCount: Int
    let slotCount: Int
    let hasLog: Bool

    var bytes: UnsafeRawBufferPointer { cursor.bytes }
    var index: Int { cursor.index }

    /// Counts of feeds, changes and slots, 4 bytes each, and whether there is a log.
    static let headBytes = 13
    static let feedBytes = 16
    /// Effective time and sequence, 8 bytes each, feed and uses, 4 bytes each.
    static let changeBytes = 24

    init(_ bytes: UnsafeRawBufferPointer) {
        feedCount = CompactCursor.number(at: 0, of: bytes)
        changeCount = CompactCursor.number(at: 4, of: bytes)
        slotCount = CompactCursor.number(at: 8, of: bytes)
        hasLog = bytes[12] != 0
        cursor = ByteCursor(bytes, at: CompactCursor.headBytes)
        cursor.skip(CompactCursor.feedBytes * feedCount + CompactCursor.changeBytes * changeCount)
    }

    /// At a slot's survivors.
    init(_ bytes: UnsafeRawBufferPointer, at index: Int) {
        self.init(bytes)
        cursor = ByteCursor(bytes, at: index)
    }

    var changesStart: Int { CompactCursor.headBytes + CompactCursor.feedBytes * feedCount }

    func feed(_ number: Int) -> FeedID {
        precondition(number < feedCount, "a state names a feed that it does not list")
        var cursor = ByteCursor(bytes, at: CompactCursor.headBytes + CompactCursor.feedBytes * number)
        return cursor.readIdentifier()
    }

    /// A change that wrote surviving values.
    struct Change {
        let effective: UInt64
        let sequence: UInt64
        /// By number in the state's list.
        let feed: Int
        /// Surviving values that it wrote; 0 where the place is free.
        let uses: Int
    }

    func change(_ number: Int) -> Change {
        precondition(number < changeCount, "a state names a change that it does not list")
        let start = changesStart + CompactCursor.changeBytes * number
        return Change(
            effective: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)),
            sequence: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self)),
            feed: CompactCursor.number(at: start + 16, of: bytes),
            uses: CompactCursor.number(at: start + 20, of: bytes))
    }

    /// Whether the place of some change is free.
    var hasFreeChange: Bool { (0..<changeCount).contains { change($0).uses == 0 } }

    /// Whether a value of the change at `dot` survives.
    func holdsWrite(of dot: Dot) -> Bool {
        let sequence = dot.sequence.littleEndian
        var place = changesStart + 8
        for number in 0..<changeCount {
            if bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self) == sequence {
                let change = self.change(number)
                if change.uses > 0, feed(change.feed) == dot.feed { return true }
            }
            place += CompactCursor.changeBytes
        }
        return false
    }

    func dot(of change: Int) -> Dot {
        let change = self.change(change)
        return Dot(feed: feed(change.feed), sequence: change.sequence)
    }

    /// Whether a change that is used names the only feed: most records are written by one machine.
    var namesOnlyFeed: Bool {
        for number in 0..<changeCount where change(number).uses > 0 { return true }
        return false
    }

    /// Whether something names each feed.
    ///
    /// - Complexity: O(changes); O(bytes) where there is a log.
    func usedFeeds() -> [Bool] {
        var used = Array(repeating: false, count: feedCount)
        for number in 0..<changeCount {
            let change = self.change(number)
            if change.uses > 0 { used[change.feed] = true }
        }
        guard hasLog else { return used }
        var rest = CompactCursor(bytes)
        for _ in 0..<slotCount { rest.skipSurvivors(of: rest.readSlot()) }
        if let newest = rest.readLog().newest { used[newest.feed] = true }
        return used
    }

    private static func number(at place: Int, of bytes: UnsafeRawBufferPointer) -> Int {
        Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
    }

    /// A slot, by where its parts lie.
    struct Slot {
        let start: Int
        /// Of the field; 0 where it is written out.
        let name: Int
        /// Where the field's name is written out; empty where it has a number.
        let field: Range<Int>
        let kind: FieldKind
        /// Empty where there is none.
        let element: Range<Int>
        let total: Int64
        let survivorCount: Int
        /// Where they begin.
        let survivors: Int
    }

    /// What the second byte of a slot says.
    enum Head {
        static let kind: UInt8 = 0x0f
        /// Of a kind that is written out, since it takes more.
        static let otherKind: UInt8 = 0x0f
        static let hasElement: UInt8 = 0x10
        static let hasTotal: UInt8 = 0x20
        /// Not exactly one survivor.
        static let hasCount: UInt8 = 0x40
    }

    /// Reads the next slot up to its first survivor.
    mutating func readSlot() -> Slot {
        let start = cursor.index
        let name = Int(cursor.readByte())
        let head = cursor.readByte()
        let kind = head & Head.kind == Head.otherKind ? cursor.readByte() : head & Head.kind
        let field = name == 0 ? cursor.readRange() : cursor.index..<cursor.index
        let element = head & Head.hasElement == 0 ? cursor.index..<cursor.index : cursor.readValueRange()
        let total = head & Head.hasTotal == 0 ? 0 : cursor.readSigned()
        let count = head & Head.hasCount == 0 ? 1 : cursor.readCount()
        return Slot(
            start: start, name: name, field: field, kind: FieldKind(rawValue: kind), element: element, total: total,
            survivorCount: count, survivors: cursor.index)
    }

    mutating func readSurvivor() -> StateSlots.Survivor {
        StateSlots.Survivor(change: cursor.readCount(), value: cursor.readValueRange())
    }

    /// - Parameter index: where a slot or the log begins.
    mutating func move(to index: Int) { cursor = ByteCursor(bytes, at: index) }

    mutating func skipSurvivors(of slot: Slot) {
        for _ in 0..<slot.survivorCount {
            cursor.skipInteger()
            cursor.skipValue()
        }
    }

    /// Reads what stands behind the slots.
    mutating func readLog() -> StateLog {
        hasLog ? StateLog(from: &cursor) : StateLog()
    }
}
