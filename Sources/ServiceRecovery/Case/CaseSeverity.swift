import Changes

/// How bad a failure is, from 1 to 4. While people disagree the greatest counts.
package enum CaseSeverity: Int64, Comparable, CaseIterable, Sendable {
    case minor = 1
    case moderate = 2
    case serious = 3
    case critical = 4

    /// Reads one digit, of any script.
    ///
    /// - Throws: `.severity` for anything but 1 to 4.
    package init(parsing text: String) throws(CaseError) {
        let scalars = text.unicodeScalars
        guard let scalar = scalars.first, scalars.count == 1, let digit = scalar.decimalDigit,
            let severity = CaseSeverity(rawValue: Int64(digit))
        else { throw .severity(text) }
        self = severity
    }

    package static func < (left: CaseSeverity, right: CaseSeverity) -> Bool { left.rawValue < right.rawValue }
}
