import Causality

/// Walks the canonical bytes of a state, slot by slot: see `RecordState.encode`.
///
/// For bytes that this program made or has checked: a length that leads beyond them stops the program.
struct StateCursor {
    let bytes: UnsafeRawBufferPointer
    private(set) var index: Int
    private(set) var feedCount = 0
    private var feedStart = 0
    private(set) var slotCount = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        // The format, which is one byte.
        index = 1
        feedCount = Int(readInteger())
        feedStart = index
        skip(16 * feedCount)
        slotCount = Int(readInteger())
    }

    /// In the middle of the bytes; the feeds are not known there.
    init(_ bytes: UnsafeRawBufferPointer, at index: Int) {
        self.bytes = bytes
        self.index = index
    }

    func feed(_ number: Int) -> FeedID {
        precondition(number < feedCount, "a state names a feed that it does not list")
        let start = feedStart + 16 * number
        return FeedID(
            high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self)))
    }

    /// A slot, by where its parts lie.
    struct Slot {
        let start: Int
        let field: Range<Int>
        let kind: FieldKind
        /// Empty where there is none.
        let element: Range<Int>
        /// Where the sum begins; the survivors follow it.
        let total: Int
        let survivorCount: Int
        /// The first survivor's.
        let survivors: Int
    }

    struct Survivor {
        let start: Int
        /// By number in the state's list.
        let feed: Int
        let sequence: UInt64
        /// Where the effective time lies.
        let effective: Int
        let value: Range<Int>
    }

    /// Reads the next slot up to its first survivor.
    mutating func readSlot() -> Slot {
        let start = index
        let fieldCount = Int(readInteger())
        let field = index..<index + fieldCount
        skip(fieldCount)
        let kind = FieldKind(rawValue: bytes[index])
        let hasElement = bytes[index + 1] == 1
        index += 2
        let elementStart = index
        if hasElement { skipValue() }
        let total = index
        skipInteger()
        let survivorCount = Int(readInteger())
        return Slot(
            start: start, field: field, kind: kind, element: elementStart..<total, total: total,
            survivorCount: survivorCount, survivors: index)
    }

    mutating func readSurvivor() -> Survivor {
        let start = index
        let feed = Int(readInteger())
        let sequence = readInteger()
        let effective = index
        skipInteger()
        let value = index
        skipValue()
        return Survivor(start: start, feed: feed, sequence: sequence, effective: effective, value: value..<index)
    }

    /// Passes over a survivor.
    ///
    /// - Returns: its feed, by number.
    mutating func skipSurvivor() -> Int {
        let feed = Int(readInteger())
        skipInteger()
        skipInteger()
        skipValue()
        return feed
    }

    // MARK: - Bytes

    mutating func skip(_ count: Int) {
        precondition(count <= bytes.count - index, "a state's bytes end too early")
        index += count
    }

    mutating func readInteger() -> UInt64 {
        var byte = bytes[index]
        index += 1
        if byte < 0x80 { return UInt64(byte) }
        var result = UInt64(byte & 0x7f)
        var shift: UInt64 = 7
        repeat {
            byte = bytes[index]
            index += 1
            result |= UInt64(byte & 0x7f) << shift
            shift += 7
        } while byte >= 0x80
        return result
    }

    mutating func readSigned() -> Int64 {
        let value = readInteger()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func skipInteger() {
        if index + 8 <= bytes.count {
            // The first byte whose high bit is clear ends an integer; eight are looked at together.
            let ends = ~bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian & 0x8080_8080_8080_8080
            if ends != 0 {
                index += ends.trailingZeroBitCount / 8 + 1
                return
            }
            index += 8
        }
        while bytes[index] >= 0x80 { index += 1 }
        index += 1
    }

    mutating func skipValue() {
        let tag = readInteger()
        guard let tag = Value.Tag(rawValue: tag) else { return skip(Int(readInteger())) }
        switch tag {
        case .null, .no, .yes: break
        case .integer: skipInteger()
        case .text, .bytes: skip(Int(readInteger()))
        case .time, .personal:
            skipInteger()
            skipInteger()
        case .money:
            skipInteger()
            skip(Int(readInteger()))
        case .record, .subject: skip(16)
        case .fields:
            for _ in 0..<readInteger() {
                skip(Int(readInteger()))
                skipValue()
            }
        }
    }
}
