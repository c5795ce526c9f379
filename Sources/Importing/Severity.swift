/// How bad a case is, from 1 (low) to 4 (critical).
package enum Severity: Int, Comparable, Sendable, CaseIterable {
    case low = 1
    case moderate = 2
    case high = 3
    case critical = 4

    /// Reads the log's `priority`; nil for a word that it does not know.
    package init?(priority: String) {
        switch priority {
        case "1 - Critical": self = .critical
        case "2 - High": self = .high
        case "3 - Moderate": self = .moderate
        case "4 - Low": self = .low
        default: return nil
        }
    }

    package static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
}
