/// Reads the records of a CSV file (RFC 4180) one at a time.
///
/// Quoted fields may hold commas, line ends and doubled quotes. Records end with CRLF, LF or CR, the last one with
/// any of them or nothing. A byte-order mark is stepped over, and so are empty lines, which are no records. A quote
/// inside a field that did not begin with one is text.
///
/// A bad record is rejected with its line and reason, and reading goes on at the next one. After an overlong quoted
/// field that is behind its closing quote, never inside it: a customer's text must not be read as rows.
///
/// ```swift
/// var row = CSVRow()
/// while let record = try reader.next(into: &row) {
///     switch record {
///     case .row: use(row.text(at: 0))
///     case .rejected(let fault): report(row.line, fault)
///     }
/// }
/// ```
package struct CSVReader: ~Copyable {
    /// How much one record may hold before it is rejected.
    package struct Limits: Sendable {
        /// Greatest length of a field in bytes, quotes not counted.
        package var fieldBytes = 256 * 1024
        /// Greatest number of fields in a record.
        package var fields = 1_024
        /// Greatest length of all fields of a record together, in bytes.
        package var recordBytes = 1024 * 1024

        package init() {}
    }

    package enum Record: Equatable {
        case row
        case rejected(CSVFault)
    }

    private enum State {
        case recordStart, fieldStart, plain, quoted, quoteInQuoted
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private var source: ByteSource
    private let limits: Limits

    private var chunk: [UInt8] = []
    private var position = 0
    /// Line of the byte at `position`.
    private var line = 1
    /// The byte before `position` was a carriage return: a line feed now belongs to it.
    private var followsReturn = false
    private var state = State.recordStart
    /// What is wrong with the record being read; its other bytes are stepped over.
    private var fault: CSVFault?

    /// - Throws: Any `ByteSourceError`; the first bytes are read at once.
    package init(_ source: consuming ByteSource, limits: Limits = Limits()) throws(ByteSourceError) {
        self.source = source
        self.limits = limits
        while chunk.count < Self.byteOrderMark.count, let more = try self.source.next() {
            chunk += more
        }
        if chunk.starts(with: Self.byteOrderMark) { position = Self.byteOrderMark.count }
    }

    /// Reads the next record into `row`, or answers nil at the end of the file.
    ///
    /// When the record is rejected, only the row's `line` and `lastLine` mean anything.
    ///
    /// - Throws: Any `ByteSourceError`; a record that was begun is then lost, and reading cannot go on.
    package mutating func next(into row: inout CSVRow) throws(ByteSourceError) -> Record? {
        row.removeAll()
        state = .recordStart
        fault = nil
        repeat {
            if scanChunk(into: &row) {
                row.lastLine = line - 1
                return finish(row)
            }
        } while try refill()
        switch state {
        case .recordStart:
            return nil
        case .quoted:
            fault = .unclosedQuote(field: row.count + 1)
        case .fieldStart, .plain, .quoteInQuoted:
            endField(of: &row)
            row.isUnterminated = true
        }
        row.lastLine = line
        return finish(row)
    }

    private mutating func refill() throws(ByteSourceError) -> Bool {
        chunk = []
        position = 0
        guard let next = try source.next() else { return false }
        chunk = next
        return true
    }

    private func finish(_ row: borrowing CSVRow) -> Record {
        if let fault { return .rejected(fault) }
        if let field = row.firstInvalidField { return .rejected(.invalidUTF8(field: field + 1)) }
        return .row
    }

    // MARK: - Scanning

    /// Goes through the chunk until the record or the chunk ends.
    ///
    /// - Returns: Whether the record has ended.
    private mutating func scanChunk(into row: inout CSVRow) -> Bool {
        let chunk = self.chunk
        return chunk.withUnsafeBufferPointer { bytes in
            while position < bytes.count {
                let byte = bytes[position]
                switch state {
                case .recordStart:
                    if byte.isLineEnd {
                        passLineEnd(byte)
                    } else {
                        row.line = line
                        followsReturn = false
                        state = .fieldStart
                    }
                case .fieldStart:
                    state = byte == .quote ? .quoted : .plain
                    if byte == .quote { position += 1 }
                case .plain:
                    appendRun(of: bytes, to: &row) { $0 != .comma && !$0.isLineEnd }
                    guard position < bytes.count else { return false }
                    if passSeparator(bytes[position], in: &row) { return true }
                case .quoted:
                    scanQuoted(bytes, into: &row)
                case .quoteInQuoted:
                    if byte == .quote {
                        append(bytes[position...position], to: &row)
                        position += 1
                        state = .quoted
                    } else if byte == .comma || byte.isLineEnd {
                        if passSeparator(byte, in: &row) { return true }
                    } else {
                        reject(.textAfterClosingQuote(field: row.count + 1))
                        state = .plain
                    }
                }
            }
            return false
        }
    }

    private mutating func scanQuoted(_ bytes: UnsafeBufferPointer<UInt8>, into row: inout CSVRow) {
        let start = position
        appendRun(of: bytes, to: &row) { $0 != .quote && !$0.isLineEnd }
        if position > start { followsReturn = false }
        guard position < bytes.count else { return }
        let byte = bytes[position]
        if byte == .quote {
            followsReturn = false
            position += 1
            state = .quoteInQuoted
        } else {
            append(bytes[position...position], to: &row)
            passLineEnd(byte)
        }
    }

    /// Ends the field at a comma, the record at a line end.
    ///
    /// - Returns: Whether the record has ended.
    private mutating func passSeparator(_ byte: UInt8, in row: inout CSVRow) -> Bool {
        endField(of: &row)
        guard byte == .comma else {
            passLineEnd(byte)
            return true
        }
        position += 1
        state = .fieldStart
        return false
    }

    /// Steps over a carriage return or a line feed; the two together are one line end.
    private mutating func passLineEnd(_ byte: UInt8) {
        if !(byte == .lineFeed && followsReturn) { line += 1 }
        followsReturn = byte == .carriageReturn
        position += 1
    }

    // MARK: - Collecting

    @inline(__always)
    private mutating func appendRun(
        of bytes: UnsafeBufferPointer<UInt8>, to row: inout CSVRow, while belongs: (UInt8) -> Bool
    ) {
        var end = position
        while end < bytes.count, belongs(bytes[end]) { end += 1 }
        append(bytes[position..<end], to: &row)
        position = end
    }

    private mutating func append(_ run: Slice<UnsafeBufferPointer<UInt8>>, to row: inout CSVRow) {
        guard fault == nil else { return }
        if row.openFieldBytes + run.count > limits.fieldBytes {
            reject(.fieldTooLong(field: row.count + 1, limitBytes: limits.fieldBytes))
        } else if row.byteCount + run.count > limits.recordBytes {
            reject(.recordTooLong(limitBytes: limits.recordBytes))
        } else {
            row.append(run)
        }
    }

    private mutating func endField(of row: inout CSVRow) {
        guard fault == nil else { return }
        guard row.count < limits.fields else { return reject(.tooManyFields(limit: limits.fields)) }
        row.endField()
    }

    /// Keeps the first fault: what follows it may be its consequence.
    private mutating func reject(_ fault: CSVFault) {
        self.fault = self.fault ?? fault
    }
}

extension UInt8 {
    fileprivate static let comma = UInt8(ascii: ",")
    fileprivate static let quote = UInt8(ascii: "\"")
    fileprivate static let carriageReturn = UInt8(ascii: "\r")
    fileprivate static let lineFeed = UInt8(ascii: "\n")

    fileprivate var isLineEnd: Bool { self == .lineFeed || self == .carriageReturn }
}
