import Causality

/// The slots of a compact state by where their parts lie in its bytes, for who writes them to columns: nothing is taken out of
/// the bytes that need not be.
package struct CompactSlots: Sendable {
    /// Of a batch of states all slots are in memory: they are kept small.
    package struct Slot: Sendable {
        /// Of the field among the names that the state was made with; 0 where it is written out.
        package let name: UInt8
        package let kind: FieldKind
        private let fieldStart: UInt32
        private let fieldEnd: UInt32
        private let elementStart: UInt32
        private let elementEnd: UInt32
        private let survivorStart: UInt32
        private let count: UInt32
        private let firstChange: UInt32
        private let valueStart: UInt32
        private let valueEnd: UInt32
        package let total: Int64

        fileprivate init(_ slot: CompactCursor.Slot, first: Survivor?) {
            name = UInt8(slot.name)
            kind = slot.kind
            fieldStart = UInt32(slot.field.lowerBound)
            fieldEnd = UInt32(slot.field.upperBound)
            elementStart = UInt32(slot.element.lowerBound)
            elementEnd = UInt32(slot.element.upperBound)
            survivorStart = UInt32(slot.survivors)
            count = UInt32(slot.survivorCount)
            firstChange = UInt32(first?.change ?? 0)
            valueStart = UInt32(first?.value.lowerBound ?? 0)
            valueEnd = UInt32(first?.value.upperBound ?? 0)
            total = slot.total
        }

        fileprivate var field: Range<Int> { Int(fieldStart)..<Int(fieldEnd) }
        /// Its canonical bytes; empty where there is none.
        package var element: Range<Int> { Int(elementStart)..<Int(elementEnd) }
        package var survivorCount: Int { Int(count) }
        /// The only survivor; meaningless where there is not one.
        package var first: Survivor { Survivor(change: Int(firstChange), value: Int(valueStart)..<Int(valueEnd)) }
        /// Where the survivors begin.
        fileprivate var survivors: Int { Int(survivorStart) }
    }

    package struct Survivor: Sendable {
        /// By number in `changes`.
        package let change: Int
        package let value: Range<Int>
    }

    package struct Change: Sendable {
        /// By number in `feeds`.
        package let feed: Int
        package let sequence: UInt64
        package let effective: HybridTimestamp
    }

    package private(set) var feeds: [FeedID] = []
    package private(set) var changes: [Change] = []
    /// Sorted by target.
    package private(set) var slots: [Slot] = []
    package private(set) var log = StateLog()

    package init() {}

    /// Reads the slots of a state; the memory of those before is used again.
    ///
    /// - Parameter bytes: a state's, of less than 4 GB.
    package mutating func read(_ bytes: UnsafeRawBufferPointer) {
        var cursor = CompactCursor(bytes)
        feeds.removeAll(keepingCapacity: true)
        for number in 0..<cursor.feedCount { feeds.append(cursor.feed(number)) }
        changes.removeAll(keepingCapacity: true)
        for number in 0..<cursor.changeCount {
            let change = cursor.change(number)
            changes.append(
                Change(
                    feed: change.feed, sequence: change.sequence,
                    effective: HybridTimestamp(rawValue: change.effective)))
        }
        slots.removeAll(keepingCapacity: true)
        slots.reserveCapacity(cursor.slotCount)
        for _ in 0..<cursor.slotCount {
            let slot = cursor.readSlot()
            var first: Survivor?
            if slot.survivorCount == 1 { first = cursor.readSurvivor() } else { cursor.skipSurvivors(of: slot) }
            slots.append(Slot(slot, first: first))
        }
        log = cursor.readLog()
    }

    /// Visits all survivors of a slot, in the order of their dots.
    package func forEachSurvivor(
        of slot: Slot, in bytes: UnsafeRawBufferPointer, _ body: (Survivor) throws -> Void
    ) rethrows {
        var cursor = CompactCursor(bytes, at: slot.survivors)
        for _ in 0..<slot.survivorCount { try body(cursor.readSurvivor()) }
    }

    /// Lends the bytes of a slot's field.
    package func withField<Result>(
        of slot: Slot, in bytes: UnsafeRawBufferPointer, _ names: FieldNames.View,
        _ body: (UnsafeRawBufferPointer, Range<Int>) -> Result
    ) -> Result {
        slot.name == 0 ? body(bytes, slot.field) : body(names.bytes, names.range(Int(slot.name)))
    }

    /// A slot taken out of the bytes.
    package func slot(_ slot: Slot, of state: CompactState, _ names: FieldNames) -> RecordState.Slot {
        state.withBytes { bytes in
            let field = names.withView { names in
                withField(of: slot, in: bytes, names) { Text(String(decoding: $0[$1], as: UTF8.self)) }
            }
            var survivors: [RecordState.Survivor] = []
            survivors.reserveCapacity(slot.survivorCount)
            forEachSurvivor(of: slot, in: bytes) { survivor in
                let change = changes[survivor.change]
                survivors.append(
                    RecordState.Survivor(
                        dot: Dot(feed: feeds[change.feed], sequence: change.sequence),
                        value: value(survivor.value, of: state), effective: change.effective))
            }
            return RecordState.Slot(
                target: FieldTarget(
                    field: field, kind: slot.kind, element: slot.element.isEmpty ? nil : value(slot.element, of: state)),
                survivors: RecordState.Survivors(survivors), total: slot.total)
        }
    }

    private func value(_ range: Range<Int>, of state: CompactState) -> Value {
        Value(checked: state.bytes, range)
    }

    /// Whether more than one value stands in a slot.
    ///
    /// - Complexity: O(survivors); where all are alike, they are taken out of the bytes.
    package func isContested(_ slot: Slot, of state: CompactState, _ names: FieldNames) -> Bool {
        guard slot.survivorCount > 1 else { return false }
        let differs = state.withBytes { bytes in
            var cursor = CompactCursor(bytes, at: slot.survivors)
            let first = cursor.readSurvivor().value
            for _ in 1..<slot.survivorCount
            where ByteOrder.compare(bytes, first, bytes, cursor.readSurvivor().value) != 0 {
                return true
            }
            return false
        }
        // Values that hold personal text are never equal, whatever their bytes.
        return differs || self.slot(slot, of: state, names).distinct.count > 1
    }

    /// The slot of a target without an element.
    ///
    /// - Complexity: O(slots).
    package func find(
        _ field: Text, _ kind: FieldKind, in bytes: UnsafeRawBufferPointer, _ names: FieldNames.View
    ) -> Slot? {
        let slots = slots.span
        for index in slots.indices where slots[index].kind == kind && slots[index].element.isEmpty {
            if withField(of: slots[index], in: bytes, names, { field.isEqual(to: $0, $1) }) { return slots[index] }
        }
        return nil
    }
}
