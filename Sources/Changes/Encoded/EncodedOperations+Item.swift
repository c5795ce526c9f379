import Causality

extension EncodedOperations {
    /// An operation, by where its parts lie in `bytes`. A block that is unpacked ahead keeps those of a thousand changes: they are
    /// kept small.
    package struct Item: Hashable, Sendable {
        private let recordNumber: UInt32
        package let kind: FieldKind
        package let action: FieldAction
        package let isShown: Bool
        private let formStart: UInt32
        private let fieldStart: UInt32
        private let fieldEnd: UInt32
        private let elementStart: UInt32
        private let valueStart: UInt32
        private let valueEnd: UInt32
        private let formEnd: UInt32

        /// - Precondition: the operations lie in the first 4 GB of the bytes.
        init(
            record: Int, kind: FieldKind, action: FieldAction, isShown: Bool, field: Range<Int>, elementStart: Int,
            value: Range<Int>, form: Range<Int>
        ) {
            recordNumber = UInt32(record)
            self.kind = kind
            self.action = action
            self.isShown = isShown
            formStart = UInt32(form.lowerBound)
            fieldStart = UInt32(field.lowerBound)
            fieldEnd = UInt32(field.upperBound)
            self.elementStart = UInt32(elementStart)
            valueStart = UInt32(value.lowerBound)
            valueEnd = UInt32(value.upperBound)
            formEnd = UInt32(form.upperBound)
        }

        /// Which of the change's records.
        package var record: Int { Int(recordNumber) }
        package var field: Range<Int> { Int(fieldStart)..<Int(fieldEnd) }
        /// Empty where there is none.
        package var element: Range<Int> { Int(elementStart)..<Int(valueStart) }
        package var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
        /// From the form on to the end.
        package var form: Range<Int> { Int(formStart)..<Int(formEnd) }
    }
}

/// The order of targets: by field, kind, and the element's canonical bytes, none before all.
enum TargetOrder {
    static func compare(
        _ bytes: UnsafeRawBufferPointer, _ left: EncodedOperations.Item, _ right: EncodedOperations.Item
    ) -> Int {
        let fields = ByteOrder.compare(bytes, left.field, bytes, right.field)
        if fields != 0 { return fields }
        if left.kind != right.kind { return left.kind < right.kind ? -1 : 1 }
        return ByteOrder.compare(bytes, left.element, bytes, right.element)
    }

    /// - Parameters:
    ///   - source: the bytes of the item's operations.
    ///   - names: of which the state names fields by their numbers.
    static func compare(
        _ source: UnsafeRawBufferPointer, _ item: EncodedOperations.Item, _ state: UnsafeRawBufferPointer,
        _ slot: CompactCursor.Slot, _ names: FieldNames.View
    ) -> Int {
        let fields =
            slot.name == 0
            ? ByteOrder.compare(source, item.field, state, slot.field)
            : ByteOrder.compare(source, item.field, names.bytes, names.range(slot.name))
        if fields != 0 { return fields }
        if item.kind != slot.kind { return item.kind < slot.kind ? -1 : 1 }
        return ByteOrder.compare(source, item.element, state, slot.element)
    }
}
