import Causality

/// Folds one change into the canonical bytes of a state: one walk that copies what stays and writes what is new.
struct StateFolder {
    private var state: StateCursor
    /// The change's operations.
    private let source: UnsafeRawBufferPointer
    private let dot: Dot
    private let effective: HybridTimestamp
    private let past: Past
    /// Whether a count was met that takes more than a byte.
    private var isBeyond = false

    init(
        state: StateCursor, source: UnsafeRawBufferPointer, dot: Dot, effective: HybridTimestamp, past: Past
    ) {
        self.state = state
        self.source = source
        self.dot = dot
        self.effective = effective
        self.past = past
    }

    /// More feeds or slots than one byte counts are folded the other way.
    private static let greatestCount = EncodedOperations.greatestOrderedCount

    // MARK: - Folding

    /// Writes the new bytes into `memory`.
    ///
    /// - Returns: how many they are, none for the empty state; nil where it is not done here.
    consuming func fold(
        _ items: [EncodedOperations.Item], _ order: ArraySlice<UInt16>, in memory: inout FoldMemory
    ) -> Int? {
        guard let feeds = FeedNumbers(of: state, with: dot.feed),
            state.slotCount + order.count <= StateFolder.greatestCount
        else { return nil }
        var bound = state.bytes.count + 16
        for index in order { bound += items[Int(index)].form.count + 40 }
        return memory.withBytes(bound) { buffer in
            var output = Output(buffer)
            let (isDone, isEmpty) = write(items.span, order.span, feeds, &output)
            return isDone ? isEmpty ? 0 : output.count : nil
        }
    }

    private mutating func write(
        _ items: Span<EncodedOperations.Item>, _ order: Span<UInt16>, _ feeds: FeedNumbers, _ output: inout Output
    ) -> (isDone: Bool, isEmpty: Bool) {
        output.write(byte: state.bytes[0])
        feeds.write(of: state, dot.feed, into: &output)
        let countPlace = output.count
        output.write(byte: 0)
        var used = FeedNumbers.Used()
        var slots = 0
        var next = 0
        // Slots that stay as they are lie side by side, and are copied together.
        var kept = state.index..<state.index
        for _ in 0..<state.slotCount {
            let slot = state.readSlot()
            var isWritten = false
            while next < order.count {
                let item = items[Int(order[next])]
                let relation = TargetOrder.compare(
                    source, item, state.bytes, slot.field, slot.kind, slot.element)
                if relation > 0 { break }
                output.copy(state.bytes, kept)
                kept = slot.start..<slot.start
                next += 1
                if relation < 0 {
                    if writeNew(item, feeds, &output, &used) { slots += 1 }
                    continue
                }
                if replace(slot, by: item, feeds, &output, &used) { slots += 1 }
                kept = state.index..<state.index
                isWritten = true
                break
            }
            if isWritten { continue }
            if feeds.inserted == nil {
                for _ in 0..<slot.survivorCount { used.insert(state.skipSurvivor()) }
                kept = kept.lowerBound..<state.index
            } else {
                renumber(slot, feeds, &output, &used)
            }
            slots += 1
        }
        output.copy(state.bytes, kept)
        while next < order.count {
            if writeNew(items[Int(order[next])], feeds, &output, &used) { slots += 1 }
            next += 1
        }
        output.patch(byte: UInt8(slots), at: countPlace)
        let isEmpty = slots == 0 && state.bytes[state.index] == 0
        finishLog(feeds, &output, &used)
        // A feed that nothing names any more must leave the list.
        return (!isBeyond && (isEmpty || used.count == feeds.count), isEmpty)
    }

    /// A target that was never written, or is empty.
    private func writeNew(
        _ item: EncodedOperations.Item, _ feeds: FeedNumbers, _ output: inout Output, _ used: inout FeedNumbers.Used
    ) -> Bool {
        guard item.action == .put else { return false }
        output.write(item.field.count)
        output.copy(source, item.field)
        output.write(byte: item.kind.rawValue)
        output.write(byte: item.element.isEmpty ? 0 : 1)
        output.copy(source, item.element)
        // The sum.
        output.write(byte: 0)
        output.write(byte: 1)
        writeSurvivor(item, feeds, &output, &used)
        return true
    }

    private func writeSurvivor(
        _ item: EncodedOperations.Item, _ feeds: FeedNumbers, _ output: inout Output, _ used: inout FeedNumbers.Used
    ) {
        output.write(byte: UInt8(feeds.own))
        output.write(dot.sequence)
        output.write(effective.rawValue)
        output.copy(source, item.value)
        used.insert(feeds.own)
    }

    /// - Returns: whether anything is left of the slot.
    private mutating func replace(
        _ slot: StateCursor.Slot, by item: EncodedOperations.Item, _ feeds: FeedNumbers, _ output: inout Output,
        _ used: inout FeedNumbers.Used
    ) -> Bool {
        if slot.survivorCount >= StateFolder.greatestCount { isBeyond = true }
        let start = output.count
        output.copy(state.bytes, slot.start..<slot.total)
        // The sum of a slot with survivors is 0.
        output.write(byte: 0)
        let countPlace = output.count
        output.write(byte: 0)
        var count = 0
        var isNewWritten = item.action != .put
        for _ in 0..<slot.survivorCount {
            let survivor = state.readSurvivor()
            let own = Dot(feed: state.feed(survivor.feed), sequence: survivor.sequence)
            if past.contains(own) { continue }
            if !isNewWritten, dot < own {
                writeSurvivor(item, feeds, &output, &used)
                isNewWritten = true
                count += 1
            }
            copy(survivor, feeds, &output, &used)
            count += 1
        }
        if !isNewWritten {
            writeSurvivor(item, feeds, &output, &used)
            count += 1
        }
        guard count > 0 else {
            output.truncate(to: start)
            return false
        }
        output.patch(byte: UInt8(truncatingIfNeeded: count), at: countPlace)
        return true
    }

    /// Copies a slot that stays, with other numbers of feeds.
    private mutating func renumber(
        _ slot: StateCursor.Slot, _ feeds: FeedNumbers, _ output: inout Output, _ used: inout FeedNumbers.Used
    ) {
        output.copy(state.bytes, slot.start..<slot.survivors)
        for _ in 0..<slot.survivorCount { copy(state.readSurvivor(), feeds, &output, &used) }
    }

    private func copy(
        _ survivor: StateCursor.Survivor, _ feeds: FeedNumbers, _ output: inout Output, _ used: inout FeedNumbers.Used
    ) {
        let number = feeds.number(of: survivor.feed)
        output.write(byte: UInt8(number))
        output.copy(state.bytes, survivor.start + 1..<survivor.value.upperBound)
        used.insert(number)
    }

    private mutating func finishLog(
        _ feeds: FeedNumbers, _ output: inout Output, _ used: inout FeedNumbers.Used
    ) {
        let start = state.index
        state.skipInteger()
        state.skip(16)
        let hasMark = state.bytes[state.index] == 1
        state.skip(1)
        if hasMark {
            state.skipInteger()
            output.copy(state.bytes, start..<state.index)
            let number = feeds.number(of: Int(state.readInteger()))
            output.write(byte: UInt8(number))
            used.insert(number)
            output.copy(state.bytes, state.index..<state.bytes.count)
        } else {
            output.copy(state.bytes, start..<state.bytes.count)
        }
    }
}

/// How the feeds of a state are numbered once a change of another one is in it.
private struct FeedNumbers {
    let count: Int
    /// The change's feed.
    let own: Int
    /// Where the change's feed came in; nil where it was listed.
    let inserted: Int?

    /// Nil where there are more than this walk counts.
    init?(of state: StateCursor, with feed: FeedID) {
        guard state.feedCount < 64 else { return nil }
        var place = 0
        while place < state.feedCount, state.feed(place) < feed { place += 1 }
        let isListed = place < state.feedCount && state.feed(place) == feed
        own = place
        inserted = isListed ? nil : place
        count = state.feedCount + (isListed ? 0 : 1)
    }

    func number(of old: Int) -> Int {
        guard let inserted, old >= inserted else { return old }
        return old + 1
    }

    func write(of state: StateCursor, _ feed: FeedID, into output: inout Output) {
        output.write(byte: UInt8(count))
        for number in 0..<count {
            if number == own {
                output.write(feed)
            } else {
                output.write(state.feed(inserted != nil && number > own ? number - 1 : number))
            }
        }
    }

    /// Which of them something names.
    struct Used {
        private var bits: UInt64 = 0

        mutating func insert(_ number: Int) { bits |= 1 << UInt64(number) }
        var count: Int { bits.nonzeroBitCount }
    }
}

/// Bytes that are written into a piece of memory large enough for all of them.
private struct Output {
    private let bytes: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }

    mutating func write(byte: UInt8) {
        bytes[count] = byte
        count += 1
    }

    mutating func write(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            write(byte: UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        write(byte: UInt8(truncatingIfNeeded: rest))
    }

    mutating func write(_ value: Int) { write(UInt64(value)) }

    mutating func write(_ id: FeedID) {
        precondition(count + 16 <= bytes.count, "more bytes than were reserved")
        bytes.storeBytes(of: id.high.bigEndian, toByteOffset: count, as: UInt64.self)
        bytes.storeBytes(of: id.low.bigEndian, toByteOffset: count + 8, as: UInt64.self)
        count += 16
    }

    mutating func copy(_ source: UnsafeRawBufferPointer, _ range: Range<Int>) {
        guard let from = source.baseAddress, let to = bytes.baseAddress, !range.isEmpty else { return }
        precondition(
            range.upperBound <= source.count && count + range.count <= bytes.count, "more bytes than were reserved")
        (to + count).copyMemory(from: from + range.lowerBound, byteCount: range.count)
        count += range.count
    }

    mutating func patch(byte: UInt8, at place: Int) { bytes[place] = byte }

    mutating func truncate(to place: Int) { count = place }
}
