/// Reads the incident event log row by row, in the file's order and in constant memory.
///
/// ```swift
/// var log = try IncidentLog(try ByteSource(path: path), zone: zone, until: until)
/// while let entry = try log.next() {
///     switch entry {
///     case .row(let row): try record(mapper.map(row))
///     case .rejected(let rejected): report(rejected.line, rejected.reason)
///     }
/// }
/// ```
package struct IncidentLog: ~Copyable {
    package enum Entry: Equatable, Sendable {
        case row(IncidentRow)
        case rejected(RejectedRow)
    }

    private var reader: CSVReader
    private let parser: IncidentRowParser
    private var record = CSVRow()
    /// The line of the last row, where the file ends behind it without a line end: it may be cut within its last value, and nobody can
    /// tell.
    package private(set) var openEnd: Int?

    /// Reads as far as the column names.
    ///
    /// - Parameters:
    ///   - source: The file.
    ///   - zone: Where the clock stood that wrote the file's times; facts read in another zone are other facts.
    ///   - until: The last minute taken, on that same clock. Later rows are stepped over: they are neither read nor
    ///     elsewhere, as if the file had been saved at that minute. Rows whose time cannot be read are rejected.
    ///   - limits: How much one record may hold.
    /// - Throws: Any `IncidentLogError`.
    package init(
        _ source: consuming ByteSource, zone: ZoneOffset = .utc, until: LocalMinute? = nil,
        limits: CSVReader.Limits = CSVReader.Limits()
    ) throws(IncidentLogError) {
        var reader = try Self.makeReader(source, limits: limits)
        parser = IncidentRowParser(header: try Self.readHeader(from: &reader), zone: zone, until: until)
        self.reader = reader
    }

    private static func makeReader(
        _ source: consuming ByteSource, limits: CSVReader.Limits
    ) throws(IncidentLogError) -> CSVReader {
        do {
            return try CSVReader(source, limits: limits)
        } catch {
            throw .source(error)
        }
    }

    private static func readHeader(from reader: inout CSVReader) throws(IncidentLogError) -> IncidentHeader {
        var record = CSVRow()
        let outcome: CSVReader.Record?
        do {
            outcome = try reader.next(into: &record)
        } catch {
            throw .source(error)
        }
        switch outcome {
        case .row: return try IncidentHeader(record)
        case .rejected(let fault): throw .unreadableHeader(line: record.line, fault)
        case nil: throw .empty
        }
    }

    /// The next row that is taken or rejected, or nil at the end of the file.
    ///
    /// - Throws: Any `ByteSourceError`; the rows delivered before stand.
    package mutating func next() throws(ByteSourceError) -> Entry? {
        while let outcome = try reader.next(into: &record) {
            switch outcome {
            case .rejected(let fault):
                return .rejected(RejectedRow(record, .malformed(fault)))
            case .row:
                do {
                    guard let row = try parser.parse(record) else { continue }
                    if record.isUnterminated { openEnd = record.line }
                    return .row(row)
                } catch {
                    // A value that is cut is no value, mostly.
                    if record.isUnterminated { openEnd = record.line }
                    return .rejected(RejectedRow(record, error))
                }
            }
        }
        return nil
    }
}
