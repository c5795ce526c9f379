import Changes

/// Why something was not written into a case. Nothing has changed.
package enum CaseError: Error, Hashable, Sendable {
    case unknownField(String)
    /// The field is not typed in: it follows from the steps, or the program gives it.
    case readOnly(String)
    /// The field is a set: its elements come and go one by one.
    case set(String)
    /// The field is no set: it has one value.
    case notASet(String)
    /// No `FIELD=VALUE`.
    case notAnAssignment(String)
    case severity(String)
    case unknownStepKind(String)
    /// What must have a text has none: which.
    case empty(String)
    /// The named limit is exceeded.
    case limit(Limit)
    /// One change writes a place once, so that it names one write.
    case writtenTwice(String)
}

extension CaseError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownField(let name):
            "a case has no field “\(name)”; it has \(CaseEdit.editableFields.joined(separator: ", "))"
        case .readOnly(let name): "“\(name)” is not typed in: it follows from the steps or is given once"
        case .set(let name): "“\(name)” holds several: \(name)+=VALUE adds one, \(name)-=VALUE removes one"
        case .notASet(let name): "“\(name)” has one value: \(name)=VALUE writes it"
        case .notAnAssignment(let text): "“\(text)” is not of the form FIELD=VALUE"
        case .severity(let text): "“\(text)” is no severity: 1 (minor), 2 (moderate), 3 (serious) or 4 (critical)"
        case .unknownStepKind(let text):
            "there is no step “\(text)”; there are \(StepKind.all.map(\.name.string).joined(separator: ", "))"
        case .empty(let what): "\(what) must not be empty"
        case .limit(let limit): "more than \(limit.value) \(limit.name)"
        case .writtenTwice(let field):
            "one change writes “\(field)” of a case once; of what holds several, each element once"
        }
    }
}
