/// Turns records of the incident log into rows; the same meaning gives the same row, however it was spelled.
struct IncidentRowParser {
    let header: IncidentHeader
    let zone: ZoneOffset
    let until: LocalMinute?

    /// Reads one record.
    ///
    /// - Returns: The row, or nil when it was updated after `until`; then nothing else of it was looked at.
    /// - Throws: The first fault found.
    func parse(_ record: CSVRow) throws(IncidentRowFault) -> IncidentRow? {
        guard record.count == header.fieldCount else {
            if record.isUnterminated, record.count < header.fieldCount {
                throw .cutShort(found: record.count, expected: header.fieldCount)
            }
            throw .wrongFieldCount(found: record.count, expected: header.fieldCount)
        }
        guard !header.isRepeated(in: record) else { throw .repeatedHeader }
        let fields = Fields(record: record, zone: zone)
        let updated = try required(fields.minute(header.updatedAt), header.updatedAt)
        if let until, updated.minutesSince1970 > until.minutesSince1970 { return nil }

        let state = try required(fields.text(header.state), header.state)
        let resolution = try fields.outcome(
            header.resolvedAt, header.resolvedBy, isReached: state == "Resolved" || state == "Closed", by: updated)
        let closure = try fields.outcome(
            header.closedAt, header.closedCode, isReached: state == "Closed", by: updated)
        return IncidentRow(
            line: record.line,
            number: try required(fields.text(header.number), header.number),
            version: try required(fields.count(header.version), header.version),
            updatedAtMilliseconds: updated.milliseconds(in: zone),
            updatedBy: try required(fields.text(header.updatedBy), header.updatedBy),
            zone: zone,
            state: state,
            location: fields.text(header.location),
            openedBy: fields.text(header.openedBy),
            openedAtMilliseconds: try fields.milliseconds(header.openedAt),
            callerID: fields.text(header.callerID),
            contactType: fields.text(header.contactType),
            category: fields.text(header.category),
            subcategory: fields.text(header.subcategory),
            symptom: fields.text(header.symptom),
            impact: fields.text(header.impact),
            urgency: fields.text(header.urgency),
            priority: fields.text(header.priority),
            assignmentGroup: fields.text(header.assignmentGroup),
            assignedTo: fields.text(header.assignedTo),
            reassignmentCount: try fields.count(header.reassignmentCount),
            reopenCount: try fields.count(header.reopenCount),
            madeSLA: try fields.flag(header.madeSLA),
            resolvedBy: resolution.detail,
            resolvedAtMilliseconds: resolution.time?.milliseconds(in: zone),
            closedAtMilliseconds: closure.time?.milliseconds(in: zone),
            closedCode: closure.detail
        )
    }

    private func required<Value>(
        _ value: Value?, _ column: IncidentHeader.Column
    ) throws(IncidentRowFault) -> Value {
        guard let value else { throw .missingValue(column: column.name) }
        return value
    }
}

/// The fields of one record by column; nil where the value is missing.
private struct Fields {
    typealias Column = IncidentHeader.Column

    let record: CSVRow
    let zone: ZoneOffset

    private func bytes(_ column: Column) -> ArraySlice<UInt8>? {
        guard let index = column.index else { return nil }
        let bytes = record.bytes(at: index)
        let isMissing = bytes.isEmpty || (bytes.count == 1 && bytes.first == UInt8(ascii: "?"))
        return isMissing ? nil : bytes
    }

    func text(_ column: Column) -> String? {
        guard let bytes = bytes(column) else { return nil }
        guard bytes.contains(UInt8(ascii: "\r")) else { return String(decoding: bytes, as: UTF8.self) }
        // A tool that saved the file again with other line ends changed them inside the quotes, too.
        return String(decoding: unifyingLineEnds(bytes), as: UTF8.self)
    }

    func minute(_ column: Column) throws(IncidentRowFault) -> LocalMinute? {
        guard let bytes = bytes(column) else { return nil }
        guard let minute = LocalMinute(dayFirst: bytes) else {
            throw .notADate(column: column.name, text: String(decoding: bytes, as: UTF8.self))
        }
        return minute
    }

    func milliseconds(_ column: Column) throws(IncidentRowFault) -> Int64? {
        try minute(column)?.milliseconds(in: zone)
    }

    /// A time that the log has filled in on every row of the incident, with what belongs to it, as far as they had
    /// come true when the row was written.
    ///
    /// The state alone does not tell: an incident that was resolved twice has the second time on the first row, too.
    func outcome(
        _ time: Column, _ detail: Column, isReached: Bool, by updated: LocalMinute
    ) throws(IncidentRowFault) -> (time: LocalMinute?, detail: String?) {
        guard isReached else { return (nil, nil) }
        let time = try minute(time)
        if let time, time.minutesSince1970 > updated.minutesSince1970 { return (nil, nil) }
        return (time, text(detail))
    }

    func count(_ column: Column) throws(IncidentRowFault) -> Int? {
        guard let bytes = bytes(column) else { return nil }
        guard let number = decimalNumber(bytes) else {
            throw .notANumber(column: column.name, text: String(decoding: bytes, as: UTF8.self))
        }
        return number
    }

    func flag(_ column: Column) throws(IncidentRowFault) -> Bool? {
        guard let text = text(column) else { return nil }
        switch text.lowercased() {
        case "true", "yes", "1": return true
        case "false", "no", "0": return false
        default: throw .notABoolean(column: column.name, text: text)
        }
    }
}

/// The text with every CRLF and CR made LF.
private func unifyingLineEnds(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var unified: [UInt8] = []
    unified.reserveCapacity(bytes.count)
    var followsReturn = false
    for byte in bytes {
        let isLineFeed = byte == UInt8(ascii: "\n")
        if !(isLineFeed && followsReturn) {
            unified.append(byte == UInt8(ascii: "\r") ? UInt8(ascii: "\n") : byte)
        }
        followsReturn = byte == UInt8(ascii: "\r")
    }
    return unified
}
