/// Notes where the operations of a segment's changes lie while they are rebuilt, so that who folds them need not look for them
/// again. Changes with several records are left out, and looked at one by one.
struct OperationIndexBuilder {
    /// What all operations of a column have alike.
    struct Column {
        fileprivate let kind: FieldKind
        fileprivate let action: FieldAction
        fileprivate let isShown: Bool
        fileprivate let field: Range<Int>
        fileprivate let prefixCount: Int

        /// - Parameters:
        ///   - field: of the name, from where an operation begins.
        ///   - prefixCount: how many bytes an operation has before its element.
        init(_ form: FieldOperation.Form, field: Range<Int>, prefixCount: Int) {
            kind = form.kind
            action = form.action
            isShown = form.isShown
            self.field = field
            self.prefixCount = prefixCount
        }
    }

    private var columns: [Column] = []
    private var origins: [Range<Int>] = []
    private var items: [EncodedOperations.Item] = []
    private var order: [UInt16] = []
    /// By change; nil for one that is left out.
    private var places: [OperationIndex.Place?] = []
    /// By shape: the order of its items, where it is the same for each change.
    private var orders: [[UInt16]?] = []

    /// - Parameter head: what the segment announces.
    init(_ head: SegmentHead) {
        items.reserveCapacity(head.operations)
        order.reserveCapacity(head.operations)
        places.reserveCapacity(head.items)
        origins.reserveCapacity(head.items)
    }

    mutating func append(_ column: Column) { columns.append(column) }

    /// Takes the next operation of a change with one record.
    ///
    /// - Parameters:
    ///   - column: its number.
    ///   - operation: where it lies.
    mutating func append(_ column: Int, _ operation: Range<Int>, value: Range<Int>) {
        let start = operation.lowerBound
        let column = columns[column]
        items.append(
            EncodedOperations.Item(
                record: 0, kind: column.kind, action: column.action, isShown: column.isShown,
                field: start + column.field.lowerBound..<start + column.field.upperBound,
                elementStart: start + column.prefixCount, value: value, form: start + 1..<operation.upperBound))
    }

    /// - Parameters:
    ///   - origins: where those of its records lie.
    ///   - bytes: what was rebuilt.
    mutating func endChange(of shape: ShapeList.Shape, on origins: Range<Int>, in bytes: [UInt8]) {
        guard shape.records < 2 else { return places.append(nil) }
        let first = order.count
        let firstOrigin = self.origins.count
        if shape.records == 1 { self.origins.append(origins) }
        places.append(
            OperationIndex.Place(origins: firstOrigin..<self.origins.count, items: first..<items.count))
        while orders.count <= shape.number { orders.append(nil) }
        if let known = orders[shape.number] { return order.append(contentsOf: known) }
        OperationIndex.append(0..<items.count - first, of: items[first...], [], in: bytes, to: &order)
        if !shape.hasElements { orders[shape.number] = Array(order[first...]) }
    }

    func operations(in bytes: [UInt8]) -> SegmentOperations {
        SegmentOperations(
            bytes: bytes, index: OperationIndex(ofMany: items, on: origins, order: order), places: places)
    }
}

/// The operations of a segment's whole changes, as they are folded.
package struct SegmentOperations: Sendable {
    fileprivate let bytes: [UInt8]
    fileprivate let index: OperationIndex
    fileprivate let places: [OperationIndex.Place?]

    /// The operations of a whole change, by its number among these; nil where it has several records.
    package subscript(number: Int) -> EncodedOperations? { places[number].map { EncodedOperations(bytes, index, $0) } }
}
