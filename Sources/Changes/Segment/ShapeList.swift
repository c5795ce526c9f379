/// Which operations a change has, of which columns, on which of its records: most changes repeat a few shapes.
struct ShapeList {
    struct Operation {
        /// Which of the change's records.
        let record: Int
        let column: Int
    }

    struct Shape {
        /// Among the shapes.
        let number: Int
        let records: Int
        /// Into `operations`.
        let operations: Range<Int>
        /// Two of its operations could write one target: it depends on their elements.
        let mayRepeatTarget: Bool
        /// The order of its operations' targets depends on their elements.
        let hasElements: Bool
    }

    private(set) var operations: [Operation] = []
    private(set) var shapes: [Shape] = []
    private var codes: ByteReader
    private var list: ByteReader

    init(codes: ByteReader, list: ByteReader) {
        self.codes = codes
        self.list = list
    }

    /// The shape of the next change, which is listed first where it is new.
    mutating func next(_ columns: [ColumnReader]) throws(CodecError) -> Shape {
        let start = codes.index
        let code = try codes.readInteger()
        if code == 0 {
            try append(columns)
            return shapes[shapes.count - 1]
        }
        guard code <= UInt64(shapes.count) else { throw .malformed("a shape is not listed", at: start) }
        return shapes[Int(code) - 1]
    }

    /// Layout: records, operations, for each the record where there are several, the column.
    private mutating func append(_ columns: [ColumnReader]) throws(CodecError) {
        let start = list.index
        let records = Int(try list.readInteger(upTo: UInt64(Limit.operationsPerChange.value)))
        let count = try list.readCount(.operationsPerChange)
        guard records <= count, (records == 0) == (count == 0) else {
            throw .malformed("a record is listed and not written", at: start)
        }
        let first = operations.count
        var named = Set<Int>()
        var targets = Set<Target>(minimumCapacity: count)
        var hasElements = false
        for _ in 0..<count {
            let position = list.index
            let record = records == 1 ? 0 : try list.readInteger()
            let column = try list.readInteger()
            guard record < UInt64(records) else { throw .malformed("an operation names no record", at: position) }
            guard column < UInt64(columns.count) else { throw .malformed("a column is not listed", at: position) }
            named.insert(Int(record))
            targets.insert(Target(record: Int(record), target: columns[Int(column)].target))
            if columns[Int(column)].form.hasElement { hasElements = true }
            operations.append(Operation(record: Int(record), column: Int(column)))
        }
        guard named.count == records else { throw .malformed("a record is listed and not written", at: start) }
        shapes.append(
            Shape(
                number: shapes.count, records: records, operations: first..<operations.count,
                mayRepeatTarget: targets.count < count, hasElements: hasElements))
    }

    private struct Target: Hashable {
        let record: Int
        let target: Int
    }

    func finish() throws(CodecError) {
        try codes.finish()
        try list.finish()
    }
}
