/// What a program tells its caller when it ends. The one place that knows the numbers.
package enum ExitStatus: Int32, Sendable {
    case done = 0
    case failed = 1
    /// The command was not understood.
    case usage = 2
    /// Somebody has to choose between values.
    case conflictsRemain = 3
    /// Not everything could be exchanged, or two replicas are not at the same position.
    case incomplete = 4
    /// A file is damaged, or two replicas with the same history differ.
    case damage = 5

    /// `EX_USAGE` of sysexits.h, with which swift-argument-parser ends; here it is 2, as in most tools.
    private static let parserUsage: Int32 = 64

    /// What a status of swift-argument-parser means here.
    package init(parserStatus: Int32) {
        self =
            switch parserStatus {
            case 0: .done
            case ExitStatus.parserUsage: .usage
            default: ExitStatus(rawValue: parserStatus) ?? .failed
            }
    }
}

/// A command that did what it could and ends with a status that says so, and a sentence where one helps.
package struct CommandFailure: Error, Sendable, CustomStringConvertible {
    package let status: ExitStatus
    /// For people, on standard error; empty where the output has said it already.
    package let description: String

    package init(_ description: String = "", status: ExitStatus = .failed) {
        self.status = status
        self.description = description
    }
}
