import Causality
import Changes

/// Whom a case is about: an opaque id that stays, and a name that can be erased.
///
/// As a value: fields `subject` and `name`, the name personal; or the subject alone. The field's column shows the
/// subject in hexadecimal; the name is joined from the parts, so that it goes when they are erased.
package struct Customer: Hashable, Sendable {
    package let subject: SubjectID
    /// `nil` where only the id is known, or the name is told elsewhere.
    package let name: Text?

    package init(_ subject: SubjectID, name: Text? = nil) {
        self.subject = subject
        self.name = name
    }

    /// The subject that a value of the field `customer` names. Two values that name one subject are one customer.
    package static func subject(of value: Value) -> SubjectID? { value.subject }

    /// Where the customer's name lies in the parts of the change that wrote `value`.
    package static func name(of value: Value) -> PartReference? {
        if case .personal(let reference) = value[Field.name] { reference } else { nil }
    }

    enum Field {
        static let subject: Text = "subject"
        static let name: Text = "name"
    }
}
