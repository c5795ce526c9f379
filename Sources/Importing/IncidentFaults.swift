/// Why a file is no incident log at all, so that no row of it can be read.
package enum IncidentLogError: Error, Equatable, Sendable {
    case source(ByteSourceError)
    case empty
    case unreadableHeader(line: Int, CSVFault)
    case missingColumn(String)
    case repeatedColumn(String)
}

extension IncidentLogError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .source(let error): error.description
        case .empty: "The file is empty; an incident log begins with a line of column names."
        case .unreadableHeader(let line, let fault): "The column names on line \(line) cannot be read: \(fault)"
        case .missingColumn(let name):
            "The file has no column “\(name)”: an incident log begins with a line of column names, with commas between, "
                + "among them \(IncidentHeader.required.joined(separator: ", "))."
        case .repeatedColumn(let name): "The file has more than one column “\(name)”."
        }
    }
}

/// Why one row is not taken.
package enum IncidentRowFault: Error, Equatable, Sendable {
    case malformed(CSVFault)
    case wrongFieldCount(found: Int, expected: Int)
    /// Too few fields, and no line end after them: the file ends inside the row.
    case cutShort(found: Int, expected: Int)
    case repeatedHeader
    case missingValue(column: String)
    case notADate(column: String, text: String)
    case notANumber(column: String, text: String)
    case notABoolean(column: String, text: String)
}

extension IncidentRowFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed(let fault): fault.description
        case .wrongFieldCount(let found, let expected): "The row has \(found) fields, the header \(expected)."
        case .cutShort(let found, let expected): "The file ends inside the row, in field \(found) of \(expected)."
        case .repeatedHeader: "The line of column names stands here again."
        case .missingValue(let column): "\(column) is missing."
        case .notADate(let column, let text): "\(column) is not a date and time d/m/yyyy h:m: \(quoted(text))."
        case .notANumber(let column, let text): "\(column) is not a whole number from 0 on: \(quoted(text))."
        case .notABoolean(let column, let text): "\(column) is neither true nor false: \(quoted(text))."
        }
    }
}

/// A row that was not taken, for the report.
package struct RejectedRow: Equatable, Sendable {
    /// Line on which the row starts, counted from 1.
    package let line: Int
    /// Line on which it ends.
    package let lastLine: Int
    package let fault: IncidentRowFault

    init(_ record: borrowing CSVRow, _ fault: IncidentRowFault) {
        line = record.line
        lastLine = record.lastLine
        self.fault = fault
    }

    /// The fault in plain sentences.
    package var reason: String {
        lastLine == line
            ? fault.description
            : "\(fault) The row reaches to line \(lastLine): a quotation mark may be missing."
    }

    /// Whether the file ends inside this row, so that more rows are missing than this one.
    package var isCutShort: Bool {
        switch fault {
        case .malformed(.unclosedQuote), .cutShort: true
        case .malformed, .wrongFieldCount, .repeatedHeader, .missingValue, .notADate, .notANumber, .notABoolean: false
        }
    }
}

/// The beginning of a text that may be of any length, in quotes.
private func quoted(_ text: String) -> String {
    let limit = 40
    let beginning = text.prefix(limit)
    return "\"\(beginning)\(beginning.endIndex < text.endIndex ? "…" : "")\""
}
