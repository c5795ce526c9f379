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
    private var shapeInterner = ByteInterner()

    /// The operations of a change, taken apart.
    struct Parsed {
        struct Operation {
            let record: Int
            let form: Range<Int>
            let content: Range<Int>
            let value: Value
        }

        var bytes: [UInt8]
        var range: Range<Int>
        var origins: [Range<Int>] = []
        var operations: [Operation] = []

        /// Takes canonical operations apart; duplicates among them are not looked for.
        init(_ source: ByteReader) throws(CodecError) {
            var reader = source
            bytes = reader.bytes
            range = reader.index..<reader.end
            let format = try reader.readInteger()
            guard format == Operations.format else { throw .unsupported("operations of format \(format)") }
            let records = try reader.readCount(.operationsPerChange, leastBytes: 2)
            for _ in 0..<records {
                let start = reader.index
                _ = try RecordOrigin(from: &reader)
                origins.append(start..<reader.index)
            }
            let count = try reader.readCount(.operationsPerChange, leastBytes: 6)
            operations.reserveCapacity(count)
            for _ in 0..<count {
                let start = reader.index
                let record = try reader.readInteger()
                guard record < UInt64(records) else { throw .malformed("an operation names no record", at: start) }
                let formStart = reader.index
                let form = try FieldOperation.Form(from: &reader)
                let contentStart = reader.index
                let operation = try FieldOperation(record: Int(record), form, contentFrom: &reader)
                operations.append(
                    Operation(
                        record: Int(record), form: formStart..<contentStart, content: contentStart..<reader.index,
                        value: operation.value))
            }
            try reader.finish()
        }
    }

    /// Whether one more change keeps the segment within its limits.
    func hasRoom(for change: Parsed) -> Bool {
        operations + change.operations.count <= Limit.operationsPerSegment.value
            && rebuiltBytes + change.range.count <= Limit.rebuiltBytesPerSegment.value
            && columns.count + change.operations.count <= Limit.columnsPerSegment.value
    }

    /// - Precondition: there is room for it.
    mutating func append(_ change: Parsed, stamp: HybridTimestamp) throws(CodecError) {
        operations += change.operations.count
        rebuiltBytes += change.range.count
        var indices: [Int] = []
        indices.reserveCapacity(change.origins.count)
        for origin in change.origins { indices.append(records.append(change.bytes, origin)) }
        var shape = ByteWriter()
        shape.write(change.origins.count)
        shape.write(change.operations.count)
        for operation in change.operations {
            let (column, isNew) = forms.intern(change.bytes, operation.form)
            if isNew {
                var reader = ByteReader(change.bytes, operation.form)
                columns.append(
                    ColumnWriter(form: try .init(from: &reader), formBytes: Array(change.bytes[operation.form])))
            }
            columns[column].append(
                change.bytes, operation.content, value: operation.value, record: indices[operation.record],
                milliseconds: stamp.milliseconds)
            if change.origins.count > 1 { shape.write(operation.record) }
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
