import Causality

/// One form of operation within a segment, and the contents that its operations have.
struct ColumnReader {
    let form: FieldOperation.Form
    let coding: ColumnCoding
    private(set) var stream: ByteReader
    /// What the canonical bytes of its operations on a change's first record begin with, in the shared buffer.
    let prefix: Range<Int>
    /// Equal for columns of one field and kind.
    let target: Int
    /// Where its numbers lie among those remembered of a record.
    let prediction: Int
    private(set) var listed: [Listed] = []
    /// The bytes from which the next content is told, in the shared buffer.
    private var last = 0..<0
    /// The number before.
    private var number: Int64 = 0
    /// A listed content.
    struct Listed {
        /// The canonical bytes of its operation on a change's first record, in the shared buffer.
        let bytes: Range<Int>
        /// Of its value, from where they begin.
        let value: Range<Int>
    }

    init(
        form: FieldOperation.Form, coding: ColumnCoding, stream: ByteReader, prefix: Range<Int>,
        target: Int, prediction: Int
    ) {
        self.form = form
        self.coding = coding
        self.stream = stream
        self.prefix = prefix
        self.target = target
        self.prediction = prediction
    }

    /// The index into `listed` of the next operation's content, which is listed first where it is new.
    ///
    /// - Parameters:
    ///   - buffer: shared by all columns.
    ///   - limit: how many bytes an operation may still have.
    mutating func nextListed(
        texts: Bool, newestFirst: Bool, buffer: inout [UInt8], limit: Int
    ) throws(CodecError) -> Int {
        let start = stream.index
        let code = try stream.readInteger()
        if code == 0 {
            try list(texts: texts, into: &buffer, limit: limit, at: start)
            return listed.count - 1
        }
        guard code <= UInt64(listed.count) else { throw .malformed("a content is not listed", at: start) }
        return newestFirst ? listed.count - Int(code) : Int(code) - 1
    }

    private mutating func list(
        texts: Bool, into buffer: inout [UInt8], limit: Int, at position: Int
    ) throws(CodecError) {
        guard limit >= prefix.count else { throw .limit(.rebuiltBytesPerSegment, at: position) }
        let next = try FrontCoding.Next(from: &stream, after: last, limit: limit - prefix.count)
        let start = buffer.count
        for index in prefix { buffer.append(buffer[index]) }
        let content = buffer.count
        if texts { Value.appendTextHead(count: next.count, to: &buffer) }
        last = next.append(to: &buffer)
        var reader = ByteReader(buffer, content..<buffer.count)
        _ = try FieldOperation(record: 0, form, contentFrom: &reader)
        try reader.finish()
        let value = try valueRange(in: buffer, content..<buffer.count)
        listed.append(
            Listed(bytes: start..<buffer.count, value: value.lowerBound - start..<value.upperBound - start))
    }

    private func valueRange(in buffer: [UInt8], _ content: Range<Int>) throws(CodecError) -> Range<Int> {
        guard form.hasElement || form.isShown else { return content }
        var reader = ByteReader(buffer, content)
        if form.hasElement { _ = try Value.skip(from: &reader) }
        let start = reader.index
        _ = try Value.skip(from: &reader)
        return start..<reader.index
    }

    /// The next operation's number.
    ///
    /// - Parameters:
    ///   - remembered: of the operation's record, by this column.
    ///   - milliseconds: the change's stamp.
    mutating func nextNumber(
        _ numberForm: NumberForm, _ told: Prediction, remembered: inout Int64, milliseconds: Int64
    ) throws(CodecError) -> Int64 {
        let difference = try stream.readSigned()
        switch told {
        case .column: number &+= difference
        case .stamp: number = milliseconds / (numberForm.unit ?? 1) &+ difference
        case .record, .recordSuccessor:
            number = remembered &+ difference
            remembered = number &+ told.step
        }
        return number
    }

    func finish() throws(CodecError) { try stream.finish() }
}
