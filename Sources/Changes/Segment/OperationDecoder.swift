import Causality

/// Rebuilds the canonical operations of a segment's changes.
struct OperationDecoder {
    private var operationCount = 0
    /// The canonical operations of all changes.
    private(set) var rebuilt = ByteWriter()
    private var records: RecordList
    private var shapes: ShapeList
    private(set) var columns: [ColumnReader] = []
    /// Canonical bytes of everything that is listed.
    private var buffer: [UInt8] = []
    /// By record, then by column that is told from the record's number before.
    private var predictions: [Int64] = []
    private var predictedColumns = 0
    private let head: SegmentHead
    /// Where what is rebuilt lies, for whoever folds it.
    private(set) var index: OperationIndexBuilder?

    var origins: [RecordOrigin] { records.origins }
    var mentions: [Int] { records.mentions }

    /// Where the parts of a change lie.
    struct Ranges {
        let records: Range<Int>
        let bytes: Range<Int>
    }

    init(_ head: SegmentHead, _ streams: [ByteReader], isIndexed: Bool) throws(CodecError) {
        func stream(_ name: SegmentStream) -> ByteReader { streams[name.rawValue] }
        self.head = head
        records = RecordList(
            codes: stream(.records), list: stream(.origins), steps: stream(.originSteps), count: head.origins)
        shapes = ShapeList(codes: stream(.shapeCodes), list: stream(.shapes))
        if isIndexed { index = OperationIndexBuilder(head) }
        try readColumns(stream(.columns), streams[SegmentStream.allCases.count...])
        rebuilt = ByteWriter(reserving: head.rebuiltBytes)
    }

    private mutating func readColumns(_ list: ByteReader, _ streams: ArraySlice<ByteReader>) throws(CodecError) {
        var list = list
        var targets: [FieldTarget: Int] = [:]
        columns.reserveCapacity(head.columns)
        for index in 0..<head.columns {
            let position = list.index
            var name = list
            let field = try name.skipText(.nameBytes)
            let form = try FieldOperation.Form(from: &list)
            let first = buffer.count
            // The number of a change's first record.
            buffer.append(0)
            buffer.append(contentsOf: list.bytes[position..<list.index])
            let coding = try ColumnCoding(from: &list)
            let next = targets.count
            let target = targets[FieldTarget(field: form.field, kind: form.kind), default: next]
            if target == next { targets[FieldTarget(field: form.field, kind: form.kind)] = next }
            var prediction = 0
            if case .numbers(let numberForm, let told) = coding {
                try OperationDecoder.check(form, numberForm, at: position)
                if told.isOfRecord {
                    prediction = predictedColumns
                    predictedColumns += 1
                }
            }
            self.index?.append(
                OperationIndexBuilder.Column(
                    form, field: field.lowerBound - position + 1..<field.upperBound - position + 1,
                    prefixCount: buffer.count - first))
            columns.append(
                ColumnReader(
                    form: form, coding: coding, stream: streams[streams.startIndex + index],
                    prefix: first..<buffer.count, target: target, prediction: prediction))
        }
        guard predictedColumns * head.origins <= Limit.predictionsPerSegment.value else {
            throw .limit(.predictionsPerSegment, at: list.index)
        }
        predictions = Array(repeating: 0, count: predictedColumns * head.origins)
        try list.finish()
    }

    /// Whether operations of this form have numbers of that form at all; which number it is makes no difference.
    private static func check(
        _ form: FieldOperation.Form, _ numberForm: NumberForm, at position: Int
    ) throws(CodecError) {
        guard !form.hasElement, !form.isShown else {
            throw .malformed("an operation with element or shown writes is not a number", at: position)
        }
        guard let value = numberForm.value(of: 0) else { preconditionFailure("0 is a number of every form") }
        let operation = FieldOperation(
            record: 0, target: FieldTarget(field: form.field, kind: form.kind), action: form.action, value: value)
        if let violation = operation.violation { throw .malformed(violation, at: position) }
    }

    // MARK: - Changes

    /// Rebuilds the operations of the next change.
    mutating func next(stamp: HybridTimestamp, at position: Int) throws(CodecError) -> Ranges {
        let shape = try shapes.next(columns)
        let firstByte = rebuilt.count
        let firstMention = records.mentions.count
        operationCount += shape.operations.count
        guard operationCount <= head.operations else {
            throw .malformed("more operations than announced", at: position)
        }
        rebuilt.write(Operations.format)
        rebuilt.write(shape.records)
        let firstOrigin = rebuilt.count
        for _ in 0..<shape.records { try readRecord(at: position) }
        let origins = firstOrigin..<rebuilt.count
        if shape.records > 1 {
            let named = records.mentions[firstMention...].map { records.origins[$0] }
            guard Operations.areDistinct(named) else { throw .malformed("a record is listed twice", at: position) }
        }
        rebuilt.write(shape.operations.count)
        for index in shape.operations {
            let operation = shapes.operations[index]
            let start = rebuilt.count
            let value = try rebuild(
                operation, of: records.mentions[firstMention + operation.record], milliseconds: stamp.milliseconds)
            guard shape.records == 1 else { continue }
            self.index?.append(operation.column, start..<rebuilt.count, value: value)
        }
        guard rebuilt.count <= head.rebuiltBytes else { throw .limit(.rebuiltBytesPerSegment, at: position) }
        index?.endChange(of: shape, on: origins, in: rebuilt.bytes)
        if shape.mayRepeatTarget { try checkTargets(in: firstByte..<rebuilt.count, at: position) }
        return Ranges(records: firstMention..<records.mentions.count, bytes: firstByte..<rebuilt.count)
    }

    private mutating func readRecord(at position: Int) throws(CodecError) {
        let limit = head.rebuiltBytes - rebuilt.count
        try records.next(buffer: &buffer, limit: limit)
        let bytes = records.bytes[records.mentions[records.mentions.count - 1]]
        guard bytes.count <= limit else { throw .limit(.rebuiltBytesPerSegment, at: position) }
        rebuilt.write(raw: buffer, bytes)
    }

    /// - Returns: where its value lies; of an operation on the change's first record.
    private mutating func rebuild(
        _ operation: ShapeList.Operation, of record: Int, milliseconds: Int64
    ) throws(CodecError) -> Range<Int> {
        let column = operation.column
        let limit = head.rebuiltBytes - rebuilt.count
        switch columns[column].coding {
        case .listed(let texts, let newestFirst):
            let index = try columns[column].nextListed(
                texts: texts, newestFirst: newestFirst, buffer: &buffer, limit: limit)
            let listed = columns[column].listed[index]
            guard listed.bytes.count <= limit else {
                throw .limit(.rebuiltBytesPerSegment, at: columns[column].stream.index)
            }
            let start = rebuilt.count
            write(listed.bytes, record: operation.record)
            return start + listed.value.lowerBound..<start + listed.value.upperBound
        case .numbers(let form, let told):
            var remembered: Int64 = 0
            let place = record * predictedColumns + columns[column].prediction
            if told.isOfRecord { remembered = predictions[place] }
            let number = try columns[column].nextNumber(
                form, told, remembered: &remembered, milliseconds: milliseconds)
            if told.isOfRecord { predictions[place] = remembered }
            let prefix = columns[column].prefix
            // A number's value takes no more than some twenty bytes: `next` compares with the limit after each change.
            guard prefix.count <= limit else {
                throw .limit(.rebuiltBytesPerSegment, at: columns[column].stream.index)
            }
            write(prefix, record: operation.record)
            let start = rebuilt.count
            guard form.writeValue(of: number, into: &rebuilt) else {
                throw .malformed("a number stands for no value", at: columns[column].stream.index)
            }
            return start..<rebuilt.count
        }
    }

    /// Writes an operation's listed bytes, which begin with record 0.
    private mutating func write(_ bytes: Range<Int>, record: Int) {
        guard record > 0 else { return rebuilt.write(raw: buffer, bytes) }
        rebuilt.write(record)
        rebuilt.write(raw: buffer, bytes.lowerBound + 1..<bytes.upperBound)
    }

    private func checkTargets(in range: Range<Int>, at position: Int) throws(CodecError) {
        do { _ = try EncodedOperations(rebuilt.bytes, range) } catch {
            // All else was looked at as it was listed.
            throw .malformed("two operations of one change write the same target", at: position)
        }
    }

    func finish(at position: Int) throws(CodecError) {
        guard operationCount == head.operations, rebuilt.count == head.rebuiltBytes else {
            throw .malformed("fewer operations than announced", at: position)
        }
        try records.finish()
        try shapes.finish()
        for column in columns { try column.finish() }
    }
}
