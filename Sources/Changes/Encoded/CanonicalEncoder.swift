import Causality

/// Writes the canonical bytes of a compact state: see `RecordState.encode`.
struct CanonicalEncoder {
    private var state: CompactCursor
    private let names: FieldNames.View
    /// Those that something names, sorted.
    private var feeds: [FeedID] = []
    /// For each feed that the state lists, its number in `feeds`.
    private var numbers: [Int] = []

    init(_ state: CompactCursor, _ names: FieldNames.View) {
        self.state = state
        self.names = names
    }

    mutating func encode(into writer: inout ByteWriter) {
        findFeeds()
        withUnsafeTemporaryAllocation(byteCount: greatestCount, alignment: 8) { memory in
            var output = RawWriter(memory)
            output.write(RecordState.format)
            output.write(feeds.count)
            for feed in feeds { output.write(feed) }
            output.write(state.slotCount)
            for _ in 0..<state.slotCount { encodeSlot(into: &output) }
            writer.write(raw: output.written)
        }
        state.readLog().encode(feed: { numbers[$0] }, into: &writer)
    }

    /// More bytes than all but the log can take: a slot has a name, a total of 10 bytes, a count of 10 and four more; a survivor
    /// has a feed's number, a sequence and a time of 10 each; all else stands in the compact state.
    private var greatestCount: Int {
        var survivors = 0
        for number in 0..<state.changeCount { survivors += state.change(number).uses }
        return 32 + 16 * feeds.count + state.slotCount * (names.longest + 24) + survivors * 30 + state.bytes.count
    }

    private mutating func findFeeds() {
        if state.feedCount == 1, state.namesOnlyFeed {
            feeds = [state.feed(0)]
            numbers = [0]
            return
        }
        let used = state.usedFeeds()
        feeds = used.indices.filter { used[$0] }.map { state.feed($0) }.sorted()
        numbers = used.indices.map { used[$0] ? feeds.lowerBound(of: state.feed($0)) : -1 }
    }

    private mutating func encodeSlot(into output: inout RawWriter) {
        let bytes = state.bytes
        let slot = state.readSlot()
        if slot.name == 0 {
            output.write(bytes, slot.field)
        } else {
            output.write(names.bytes, names.range(slot.name))
        }
        output.write(byte: slot.kind.rawValue)
        output.write(byte: slot.element.isEmpty ? 0 : 1)
        output.write(raw: bytes, slot.element)
        output.write(signed: slot.total)
        output.write(slot.survivorCount)
        for _ in 0..<slot.survivorCount {
            let survivor = state.readSurvivor()
            let change = state.change(survivor.change)
            output.write(numbers[change.feed])
            output.write(change.sequence)
            output.write(change.effective)
            output.write(raw: bytes, survivor.value)
        }
    }
}
