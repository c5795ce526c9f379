import Causality

/// The slots of a compact state by where their parts lie in its bytes, for who writes them to columns: nothing is taken out of
/// the bytes that need not be.
package struct CompactSlots: Sendable {
    package struct Slot: Sendable {
        /// Of the field among the names that the state was made with; 0 where it is written out.
        package let name: Int
        fileprivate let field: Range<Int>
        package let kind: FieldKind
        /// Its canonical bytes; empty where there is none.
        package let element: Range<Int>
        package let total: Int64
        package let survivorCount: Int
        /// The first survivor, or the only one; meaningless where there is none.
        package let first: Survivor
        /// Where the survivors begin.
        fileprivate let survivors: Int
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
    /// - Parameter bytes: a state's.
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
            var first = Survivor(change: 0, value: 0..<0)
            if slot.survivorCount == 1 {
                let survivor = cursor.readSurvivor()
                first = Survivor(change: survivor.change, value: survivor.value)
            } else {
                cursor.skipSurvivors(of: slot)
            }
            slots.append(
                Slot(
                    name: slot.name, field: slot.field, kind: slot.kind, element: slot.element, total: slot.total,
                    survivorCount: slot.survivorCount, first: first, survivors: slot.survivors))
        }
        log = cursor.readLog()
    }

    /// Visits all survivors of a slot, in the order of their dots.
    package func forEachSurvivor(
        of slot: Slot, in bytes: UnsafeRawBufferPointer, _ body: (Survivor) throws -> Void
    ) rethrows {
        var cursor = CompactCursor(bytes, at: slot.survivors)
        for _ in 0..<slot.survivorCount {
            let survivor = cursor.readSurvivor()
            try body(Survivor(change: survivor.change, value: survivor.value))
        }
    }

    /// Lends the bytes of a slot's field.
    package func withField<Result>(
        of slot: Slot, in bytes: UnsafeRawBufferPointer, _ names: FieldNames.View,
        _ body: (UnsafeRawBufferPointer, Range<Int>) -> Result
    ) -> Result {
        slot.name == 0 ? body(bytes, slot.field) : body(names.bytes, names.range(slot.name))
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
        var reader = ByteReader(state.bytes, range)
        do { return try Value(from: &reader) } catch {
            preconditionFailure("a state's bytes are none: \(error)")
        }
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
