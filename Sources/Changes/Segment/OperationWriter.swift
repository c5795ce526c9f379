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
    /// The change that was checked last.
    private var plan = OperationPlan()
    /// Fields with their kinds.
    private var targets = ByteInterner()
    /// By target, the change that wrote it last, and how many were looked at.
    private var writers: [Int] = []
    private var looks = 0

    // MARK: - Checking

    /// Checks the canonical operations in `bytes[range]`, and takes them apart for `append`.
    ///
    /// - Throws: what `EncodedOperations` of these bytes throws.
    mutating func check(_ bytes: [UInt8], _ range: Range<Int>) throws(CodecError) {
        looks += 1
        let isPlanned = bytes.withUnsafeBytes { bytes in
            planRepeated(UnsafeRawBufferPointer(rebasing: bytes[..<range.upperBound]), from: range.lowerBound)
        }
        if !isPlanned { plan.set(try EncodedOperations(bytes, range)) }
    }

    /// Plans a change of one record whose operations have forms that came before, with values alone: nearly all are such, and what
    /// was checked once is only compared.
    ///
    /// - Parameter bytes: they end where the operations do.
    /// - Returns: false for any other change, and for one that has something wrong.
    private mutating func planRepeated(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Bool {
        plan.begin()
        var index = start
        guard bytes.count - start > 3, UInt64(bytes[start]) == Operations.format, bytes[start + 1] == 1,
            let origin = UsualBytes.end(ofOrigin: start + 2, in: bytes), origin < bytes.count
        else { return false }
        plan.append(origin: start + 2..<origin)
        // A count of one byte; of more than one record or operation than that the other way is as good.
        guard bytes[origin] < 0x80 else { return false }
        index = origin + 1
        var last = lastColumn
        for _ in 0..<bytes[origin] {
            guard index < bytes.count, bytes[index] == 0, let step = planRepeated(bytes, at: index + 1, after: last),
                let column = step.column
            else { return false }
            let target = columns[column].target
            guard writers[target] != looks else { return false }
            writers[target] = looks
            plan.append(step)
            last = column
            index = step.content.upperBound
        }
        return index == bytes.count && bytes[origin] > 0
    }

    /// - Parameter last: the column of the operation before.
    @inline(__always)
    private func planRepeated(
        _ bytes: UnsafeRawBufferPointer, at start: Int, after last: Int
    ) -> OperationPlan.Step? {
        let column: Int
        let content: Int
        let expected = last < followers.count ? followers[last] : .max
        if let end = forms.end(of: expected, in: bytes, at: start) {
            (column, content) = (expected, end)
        } else {
            // A name of less than 128 bytes.
            guard start < bytes.count, bytes[start] < 0x80 else { return nil }
            content = start + 1 + Int(bytes[start]) + FieldOperation.Form.bytesBehindField
            guard content <= bytes.count, let number = forms.number(of: bytes, start..<content) else { return nil }
            column = number
        }
        guard columns[column].areValues else { return nil }
        if let end = columns[column].endOfLastContent(in: bytes, at: content) {
            return OperationPlan.Step(form: start, content: content, end: end, column: column, repeatsContent: true)
        }
        guard let (end, sort) = UsualBytes.end(ofValue: content, in: bytes), columns[column].takes(sort) else {
            return nil
        }
        return OperationPlan.Step(form: start, content: content, end: end, column: column, repeatsContent: false)
    }

    /// Whether the change that was checked keeps the segment within its limits.
    ///
    /// - Parameter byteCount: of its canonical operations.
    func hasRoom(of byteCount: Int) -> Bool {
        operations + plan.steps.count <= Limit.operationsPerSegment.value
            && rebuiltBytes + byteCount <= Limit.rebuiltBytesPerSegment.value
            && columns.count + plan.steps.count <= Limit.columnsPerSegment.value
    }

    // MARK: - Sorting

    /// Takes the change that was checked.
    ///
    /// - Parameters:
    ///   - bytes: those that were checked.
    ///   - byteCount: of its canonical operations.
    /// - Precondition: there is room for it.
    mutating func append(_ bytes: [UInt8], of byteCount: Int, stamp: HybridTimestamp) throws(CodecError) {
        operations += plan.steps.count
        rebuiltBytes += byteCount
        indices.removeAll(keepingCapacity: true)
        for origin in plan.origins { indices.append(records.append(bytes, origin)) }
        shape.removeAll()
        shape.write(plan.origins.count)
        shape.write(plan.steps.count)
        let milliseconds = stamp.milliseconds
        for step in plan.steps {
            let column = if let known = step.column { known } else { try self.column(of: step.form, in: bytes) }
            followers[lastColumn] = column
            lastColumn = column
            columns[column].append(
                bytes, step.content, repeatsContent: step.repeatsContent, record: indices[step.record],
                milliseconds: milliseconds)
            if plan.origins.count > 1 { shape.write(step.record) }
            shape.write(column)
        }
        let (number, isNew) = shapeInterner.intern(shape.bytes)
        shapeCodes.write(isNew ? 0 : number + 1)
        if isNew { shapes.write(raw: shape.bytes) }
    }

    /// The column of a form, which is listed first where it is new.
    private mutating func column(of form: Range<Int>, in bytes: [UInt8]) throws(CodecError) -> Int {
        let (column, isNew) = forms.intern(
            bytes, form, expecting: lastColumn < followers.count ? followers[lastColumn] : .max)
        guard isNew else { return column }
        followers.append(.max)
        var reader = ByteReader(bytes, form)
        // A target's bytes are the form's but for the action and the flags.
        let (target, isNewTarget) = targets.intern(bytes, form.dropLast(FieldOperation.Form.bytesBehindKind))
        if isNewTarget { writers.append(0) }
        columns.append(
            ColumnWriter(form: try .init(from: &reader), formBytes: Array(bytes[form]), target: target))
        return column
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
