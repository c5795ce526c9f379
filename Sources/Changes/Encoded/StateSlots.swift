import Causality

/// The slots of a state by where their parts lie in its bytes, compact or canonical, for who writes them to columns: nothing is
/// taken out of the bytes that need not be.
package struct StateSlots: Sendable {
    /// Of a batch of states all slots are in memory: they are kept small.
    package struct Slot: Sendable {
        /// Of the field among the names that the slots were read with; 0 where it is written out.
        package let name: UInt8
        package let kind: FieldKind
        private let fieldStart: UInt32
        private let fieldEnd: UInt32
        private let elementStart: UInt32
        private let elementEnd: UInt32
        private let firstSurvivor: UInt32
        private let count: UInt32
        package let total: Int64

        fileprivate init(
            name: Int, _ kind: FieldKind, field: Range<Int>, element: Range<Int>, total: Int64, survivors: Range<Int>
        ) {
            self.name = UInt8(name)
            self.kind = kind
            fieldStart = UInt32(field.lowerBound)
            fieldEnd = UInt32(field.upperBound)
            elementStart = UInt32(element.lowerBound)
            elementEnd = UInt32(element.upperBound)
            firstSurvivor = UInt32(survivors.lowerBound)
            count = UInt32(survivors.count)
            self.total = total
        }

        fileprivate var field: Range<Int> { Int(fieldStart)..<Int(fieldEnd) }
        /// Its canonical bytes; empty where there is none.
        package var element: Range<Int> { Int(elementStart)..<Int(elementEnd) }
        package var survivorCount: Int { Int(count) }
        /// Into `survivors`, in the order of their dots.
        package var survivors: Range<Int> { Int(firstSurvivor)..<Int(firstSurvivor) + Int(count) }
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
    /// Of each change that canonical bytes name, where they do first.
    private var writes: [Range<Int>] = []
    /// Sorted by target.
    package private(set) var slots: [Slot] = []
    package private(set) var survivors: [Survivor] = []
    package private(set) var log = StateLog()

    package init() {}

    private mutating func removeAll() {
        feeds.removeAll(keepingCapacity: true)
        changes.removeAll(keepingCapacity: true)
        writes.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
        survivors.removeAll(keepingCapacity: true)
    }

    /// Reads the slots of a state in its compact bytes; the memory of those before is used again.
    ///
    /// - Parameter bytes: a state's, of less than 4 GB.
    package mutating func read(compact bytes: UnsafeRawBufferPointer) {
        removeAll()
        var cursor = CompactCursor(bytes)
        for number in 0..<cursor.feedCount { feeds.append(cursor.feed(number)) }
        for number in 0..<cursor.changeCount {
            let change = cursor.change(number)
            changes.append(
                Change(
                    feed: change.feed, sequence: change.sequence,
                    effective: HybridTimestamp(rawValue: change.effective)))
        }
        slots.reserveCapacity(cursor.slotCount)
        for _ in 0..<cursor.slotCount {
            let slot = cursor.readSlot()
            let first = survivors.count
            for _ in 0..<slot.survivorCount { survivors.append(cursor.readSurvivor()) }
            slots.append(
                Slot(
                    name: slot.name, slot.kind, field: slot.field, element: slot.element, total: slot.total,
                    survivors: first..<survivors.count))
        }
        log = cursor.readLog()
    }

    /// The same of a state in its canonical bytes, which are not made compact first.
    ///
    /// - Parameters:
    ///   - bytes: a state's, of less than 4 GB.
    ///   - names: by whose numbers the slots name their fields.
    package mutating func read(canonical bytes: UnsafeRawBufferPointer, _ names: FieldNames.View) {
        removeAll()
        var cursor = StateCursor(bytes)
        for number in 0..<cursor.feedCount { feeds.append(cursor.feed(number)) }
        slots.reserveCapacity(cursor.slotCount)
        var name = 0
        for _ in 0..<cursor.slotCount {
            let slot = cursor.readSlot()
            name = CompactWriter.number(of: bytes, slot.field, after: name, names)
            let first = survivors.count
            for _ in 0..<slot.survivorCount {
                let change = readChange(&cursor)
                survivors.append(Survivor(change: change, value: cursor.readValue()))
            }
            slots.append(
                Slot(
                    name: name, slot.kind, field: slot.field, element: slot.element, total: slot.total,
                    survivors: first..<survivors.count))
        }
        log = cursor.readLog()
    }

    /// Reads which change wrote a value, which is listed where the last ones are others.
    ///
    /// - Returns: its number.
    private mutating func readChange(_ cursor: inout StateCursor) -> Int {
        var number = changes.count
        let first = max(0, number - CompactWriter.searchedChanges)
        while number > first {
            number -= 1
            if cursor.skipWrite(in: writes[number]) { return number }
        }
        let start = cursor.index
        let write = cursor.readWrite()
        writes.append(start..<cursor.index)
        changes.append(
            Change(
                feed: write.feed, sequence: write.sequence, effective: HybridTimestamp(rawValue: write.effective)))
        return changes.count - 1
    }

    /// The survivor of a slot that has no other.
    package func onlySurvivor(of slot: Slot) -> Survivor? {
        slot.survivorCount == 1 ? survivors[slot.survivors.lowerBound] : nil
    }

    /// Lends the bytes of a slot's field.
    package func withField<Result>(
        of slot: Slot, in bytes: UnsafeRawBufferPointer, _ names: FieldNames.View,
        _ body: (UnsafeRawBufferPointer, Range<Int>) -> Result
    ) -> Result {
        slot.name == 0 ? body(bytes, slot.field) : body(names.bytes, names.range(Int(slot.name)))
    }

    /// A slot taken out of the bytes.
    package func slot(_ slot: Slot, in bytes: [UInt8], _ names: FieldNames) -> RecordState.Slot {
        let field = bytes.withUnsafeBytes { bytes in
            names.withView { names in
                withField(of: slot, in: bytes, names) { Text(String(decoding: $0[$1], as: UTF8.self)) }
            }
        }
        var taken: [RecordState.Survivor] = []
        taken.reserveCapacity(slot.survivorCount)
        for survivor in survivors[slot.survivors] {
            let change = changes[survivor.change]
            taken.append(
                RecordState.Survivor(
                    dot: Dot(feed: feeds[change.feed], sequence: change.sequence),
                    value: Value(checked: bytes, survivor.value), effective: change.effective))
        }
        return RecordState.Slot(
            target: FieldTarget(
                field: field, kind: slot.kind,
                element: slot.element.isEmpty ? nil : Value(checked: bytes, slot.element)),
            survivors: RecordState.Survivors(taken), total: slot.total)
    }

    /// Whether more than one value stands in a slot.
    ///
    /// - Complexity: O(survivors); they are taken out of the bytes where all are alike, or none is plain.
    package func isContested(_ slot: Slot, in bytes: [UInt8], _ names: FieldNames) -> Bool {
        guard slot.survivorCount > 1 else { return false }
        let first = survivors[slot.survivors.lowerBound].value
        let differs = bytes.withUnsafeBytes { bytes in
            survivors[slot.survivors.dropFirst()].contains { !ByteOrder.areEqual(bytes, first, bytes, $0.value) }
        }
        if differs,
            bytes.withUnsafeBytes({ bytes in survivors[slot.survivors].contains { isPlain($0.value, in: bytes) } })
        {
            return true
        }
        // Bytes do not tell of those about persons whether they are one.
        return self.slot(slot, in: bytes, names).distinct.count > 1
    }

    /// Whether a value is one with those alone that have its bytes.
    private func isPlain(_ value: Range<Int>, in bytes: UnsafeRawBufferPointer) -> Bool {
        switch EncodedScalar(value, in: bytes) {
        case .text, .integer, .boolean, .bytes: true
        default: false
        }
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
