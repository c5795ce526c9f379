import Importing

/// Why an import ended before its file did.
package enum ImportInterruption: Hashable, Sendable {
    /// The file ends inside the row that begins on this line.
    case insideRow(line: Int)
    /// Its bytes cannot be read any further, nor unpacked.
    case unreadable(ByteSourceError)
}

extension ImportInterruption: CustomStringConvertible {
    package var description: String {
        switch self {
        case .insideRow(let line):
            "The file ends inside the row that begins on line \(line): it is cut short, or a quotation mark is missing."
        case .unreadable(let error): error.description
        }
    }
}
