/// What is wrong with one record of a CSV file. Fields count from 1.
package enum CSVFault: Error, Equatable, Sendable {
    case fieldTooLong(field: Int, limitBytes: Int)
    case recordTooLong(limitBytes: Int)
    case tooManyFields(limit: Int)
    case textAfterClosingQuote(field: Int)
    case unclosedQuote(field: Int)
    case invalidUTF8(field: Int)
}

extension CSVFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .fieldTooLong(let field, let limit): "Field \(field) is longer than \(limit) bytes."
        case .recordTooLong(let limit): "The row is longer than \(limit) bytes."
        case .tooManyFields(let limit): "The row has more than \(limit) fields."
        case .textAfterClosingQuote(let field): "Text follows the closing quote of field \(field)."
        case .unclosedQuote(let field): "The file ends inside the quoted field \(field)."
        case .invalidUTF8(let field): "Field \(field) is not valid UTF-8."
        }
    }
}
