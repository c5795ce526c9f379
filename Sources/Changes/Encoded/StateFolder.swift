import Causality

/// Folds one change into a compact state: one walk that copies what stays and writes what is new.
struct StateFolder {
    private var state: CompactCursor
    private let names: FieldNames.View
    /// The change's operations.
    private let source: UnsafeRawBufferPointer
    private let dot: Dot
    private let effective: HybridTimestamp
    private let past: Past
    /// Whether a count was met that takes more than a byte.
    private var isBeyond = false

    init(
        state: CompactCursor, names: FieldNames.View, source: UnsafeRawBufferPointer, dot: Dot,
        effective: HybridTimestamp, past: Past
    ) {
        self.state = state
        self.names = names
        self.source = source
        self.dot = dot
        self.effective = effective
        self.past = past
    }

    /// More slots, changes or surviving writes than one byte counts are folded the other way.
    private static let greatestCount = OperationIndex.greatestOrderedCount
    /// More feeds too: those that nothing names any more leave the list there.
    private static let greatestFeedCount = 63

    // MARK: - Folding

    /// Writes the new bytes into `memory`.
    ///
    /// - Returns: how many they are, none for the empty state; nil where it is not done here.
    consuming func fold(
        _ items: ArraySlice<EncodedOperations.Item>, _ order: ArraySlice<UInt16>, in memory: inout FoldMemory
    ) -> Int? {
        guard state.feedCount <= StateFolder.greatestFeedCount,
            state.changeCount < StateFolder.greatestCount || state.hasFreeChange,
            state.slotCount + order.count <= StateFolder.greatestCount
        else { return nil }
        var bound = state.bytes.count + CompactCursor.feedBytes + CompactCursor.changeBytes
        let all = items.span
        for index in order { bound += all[Int(index)].form.count + 8 }
        return memory.withBytes(bound) { buffer in
            var output = Output(buffer)
            let (isDone, isEmpty) = write(items.span, order.span, &output)
            return isDone ? isEmpty ? 0 : output.writer.count : nil
        }
    }

    private mutating func write(
        _ items: Span<EncodedOperations.Item>, _ order: Span<UInt16>, _ output: inout Output
    ) -> (isDone: Bool, isEmpty: Bool) {
        let own = output.writeLists(of: state, dot, effective)
        var slots = 0
        var next = 0
        // Slots that stay as they are lie side by side, and are copied together.
        var kept = state.index..<state.index
        for _ in 0..<state.slotCount {
            let slot = state.readSlot()
            var isWritten = false
            while next < order.count {
                let item = items[Int(order[next])]
                let relation = TargetOrder.compare(source, item, state.bytes, slot, names)
                if relation > 0 { break }
                output.writer.write(raw: state.bytes, kept)
                kept = slot.start..<slot.start
                next += 1
                if relation < 0 {
                    if writeNew(item, own, &output) { slots += 1 }
                    continue
                }
                if replace(slot, by: item, own, &output) { slots += 1 }
                kept = state.index..<state.index
                isWritten = true
                break
            }
            if isWritten { continue }
            state.skipSurvivors(of: slot)
            kept = kept.lowerBound..<state.index
            slots += 1
        }
        output.writer.write(raw: state.bytes, kept)
        while next < order.count {
            if writeNew(items[Int(order[next])], own, &output) { slots += 1 }
            next += 1
        }
        output.patch(slotCount: slots)
        output.writer.write(raw: state.bytes, state.index..<state.bytes.count)
        return (!isBeyond, slots == 0 && !state.hasLog)
    }

    /// A target that was never written, or is empty.
    private func writeNew(_ item: EncodedOperations.Item, _ own: Int, _ output: inout Output) -> Bool {
        guard item.action == .put else { return false }
        let name = CompactWriter.number(of: source, item.field, names)
        output.writer.write(byte: UInt8(name))
        output.writer.write(byte: head(of: item, survivors: 1))
        if name == 0 {
            output.writer.write(source, item.field)
        }
        output.writer.write(raw: source, item.element)
        writeSurvivor(item, own, &output)
        return true
    }

    /// What is folded here has no sum, and is of a kind with a small number.
    private func head(of item: EncodedOperations.Item, survivors: Int) -> UInt8 {
        item.kind.rawValue | (item.element.isEmpty ? 0 : CompactCursor.Head.hasElement)
            | (survivors == 1 ? 0 : CompactCursor.Head.hasCount)
    }

    private func writeSurvivor(_ item: EncodedOperations.Item, _ own: Int, _ output: inout Output) {
        output.writer.write(own)
        output.addUse(of: own, 1)
        output.writer.write(raw: source, item.value)
    }

    /// - Returns: whether anything is left of the slot.
    private mutating func replace(
        _ slot: CompactCursor.Slot, by item: EncodedOperations.Item, _ own: Int, _ output: inout Output
    ) -> Bool {
        if slot.survivorCount >= StateFolder.greatestCount { isBeyond = true }
        let start = output.writer.count
        output.writer.write(byte: UInt8(slot.name))
        let headPlace = output.writer.count
        output.writer.write(byte: head(of: item, survivors: 1))
        if slot.name == 0 {
            output.writer.write(state.bytes, slot.field)
        }
        output.writer.write(raw: state.bytes, slot.element)
        var count = item.action == .put ? 1 : 0
        if slot.survivorCount == 1 {
            let survivor = state.readSurvivor()
            let other = state.dot(of: survivor.change)
            if past.contains(other) {
                output.addUse(of: survivor.change, -1)
                if count == 0 {
                    output.writer.truncate(to: start)
                    return false
                }
                writeSurvivor(item, own, &output)
                return true
            }
        }
        // Those that stay are counted first: the count stands before them.
        var survivors = CompactCursor(state.bytes, at: slot.survivors)
        for _ in 0..<slot.survivorCount where !past.contains(state.dot(of: survivors.readSurvivor().change)) {
            count += 1
        }
        if count != 1 {
            output.writer.store(byte: head(of: item, survivors: count), at: headPlace)
            output.writer.write(count)
        }
        copySurvivors(of: slot, with: item, own, &output)
        if count == 0 { output.writer.truncate(to: start) }
        return count > 0
    }

    /// Copies the surviving writes that stay, and puts the new one among them.
    private mutating func copySurvivors(
        of slot: CompactCursor.Slot, with item: EncodedOperations.Item, _ own: Int, _ output: inout Output
    ) {
        var survivors = CompactCursor(state.bytes, at: slot.survivors)
        var isNewWritten = item.action != .put
        for _ in 0..<slot.survivorCount {
            let start = survivors.index
            let survivor = survivors.readSurvivor()
            let other = state.dot(of: survivor.change)
            if past.contains(other) {
                output.addUse(of: survivor.change, -1)
                continue
            }
            if !isNewWritten, dot < other {
                writeSurvivor(item, own, &output)
                isNewWritten = true
            }
            output.writer.write(raw: state.bytes, start..<survivors.index)
        }
        if !isNewWritten { writeSurvivor(item, own, &output) }
        state.move(to: survivors.index)
    }
}

/// The bytes of the state that comes of folding.
private struct Output {
    var writer: RawWriter
    private var changesStart = 0

    init(_ bytes: UnsafeMutableRawBufferPointer) { writer = RawWriter(bytes) }

    /// Writes all that stands before the slots: the state's feeds and changes, and the change that is folded in a free place or
    /// behind them.
    ///
    /// - Returns: the number of the change that is folded.
    mutating func writeLists(of state: CompactCursor, _ dot: Dot, _ effective: HybridTimestamp) -> Int {
        var feed = 0
        while feed < state.feedCount, state.feed(feed) != dot.feed { feed += 1 }
        var own = 0
        while own < state.changeCount, state.change(own).uses > 0 { own += 1 }
        let head = CompactCursor.headBytes
        let feedsEnd = head + CompactCursor.feedBytes * state.feedCount
        writer.write(raw: state.bytes, 0..<feedsEnd)
        if feed == state.feedCount {
            writer.write(dot.feed)
            writer.store(UInt32(feed + 1), at: 0)
        }
        changesStart = writer.count
        writer.write(raw: state.bytes, feedsEnd..<feedsEnd + CompactCursor.changeBytes * state.changeCount)
        if own == state.changeCount {
            writer.skip(CompactCursor.changeBytes)
            writer.store(UInt32(own + 1), at: 4)
        }
        let place = changesStart + CompactCursor.changeBytes * own
        writer.store(effective.rawValue, at: place)
        writer.store(dot.sequence, at: place + 8)
        writer.store(UInt32(feed), at: place + 16)
        writer.store(0 as UInt32, at: place + 20)
        return own
    }

    mutating func addUse(of change: Int, _ difference: Int) {
        let place = changesStart + CompactCursor.changeBytes * change + 20
        writer.store(UInt32(Int(writer.load(at: place)) + difference), at: place)
    }

    mutating func patch(slotCount: Int) { writer.store(UInt32(slotCount), at: 8) }
}
