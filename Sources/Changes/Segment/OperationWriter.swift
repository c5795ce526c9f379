import Causality

/// Sorts the operations of a segment's changes into columns.
struct OperationWriter {
    private(set) var operations = 0
    private(set) var rebuiltBytes = 0
    private(set) var records = RecordWriter()
    private(set) var columns: [ColumnWriter] = []
    private(set) var shapes = ByteWriter()
    private(set) var shapeCodes = ByteWriter()
    private var forms = ByteInterner()
    /// By column, the one that followed it last: most changes have their operations in the order of a table's columns.
    private var followers: [Int] = []
    private var lastColumn = 0
    private var shapeInterner = ByteInterner()
    /// The records of the change that is appended, and its shape; their memory is used again.
    private var indices: [Int] = []
    private var shape = ByteWriter(reserving: 64)

    /// Whether one more change keeps the segment within its limits.
    ///
    /// - Parameter byteCount: of its canonical operations.
    func hasRoom(for change: EncodedOperations, of byteCount: Int) -> Bool {
        operations + change.items.count <= Limit.operationsPerSegment.value
            && rebuiltBytes + byteCount <= Limit.rebuiltBytesPerSegment.value
            && columns.count + change.items.count <= Limit.columnsPerSegment.value
    }

    /// - Precondition: there is room for it.
    mutating func append(
        _ change: EncodedOperations, of byteCount: Int, stamp: HybridTimestamp
    ) throws(CodecError) {
        operations += change.items.count
        rebuiltBytes += byteCount
        indices.removeAll(keepingCapacity: true)
        for origin in change.origins { indices.append(records.append(change.bytes, origin)) }
        shape.removeAll()
        shape.write(change.origins.count)
        shape.write(change.items.count)
        let items = change.items.span
        for index in items.indices {
            // The form proper, without what follows it: element, value, shown writes.
            let form = items[index].form.lowerBound..<items[index].element.lowerBound
            let expected = lastColumn < followers.count ? followers[lastColumn] : .max
            let (column, isNew) = forms.intern(change.bytes, form, expecting: expected)
            if isNew {
                followers.append(.max)
                var reader = ByteReader(change.bytes, form)
                columns.append(ColumnWriter(form: try .init(from: &reader), formBytes: Array(change.bytes[form])))
            }
            followers[lastColumn] = column
            lastColumn = column
            columns[column].append(
                change.bytes, items[index], record: indices[items[index].record], milliseconds: stamp.milliseconds)
            if change.origins.count > 1 { shape.write(items[index].record) }
            shape.write(column)
        }
        let (number, isNew) = shapeInterner.intern(shape.bytes)
        shapeCodes.write(isNew ? 0 : number + 1)
        if isNew { shapes.write(raw: shape.bytes) }
    }

    /// The list of columns, and the stream of each.
    func encodedColumns() -> (list: [UInt8], streams: [[UInt8]]) {
        var list = ByteWriter()
        var streams: [[UInt8]] = []
        var remembered = 0
        for column in columns {
            let mayRemember = (remembered + 1) * records.count <= Limit.predictionsPerSegment.value
            let encoded = column.encoded(records: records.count, mayRemember: mayRemember)
            if case .numbers(_, let told) = encoded.coding, told.isOfRecord { remembered += 1 }
            list.write(raw: column.formBytes)
            encoded.coding.encode(into: &list)
            streams.append(encoded.stream.bytes)
        }
        return (list.bytes, streams)
    }
}
