import Changes

/// One field of a case that somebody writes.
package enum CaseEdit: Hashable, Sendable {
    /// A text, or `nil` to clear the field.
    case write(TextField, Text?)
    case severity(CaseSeverity?)
    case customer(Customer?)
    case add(Text, to: SetField)
    case remove(Text, from: SetField)

    package enum TextField: String, CaseIterable, Sendable {
        case title, category, assignee, team, number
        case movedFrom = "moved_from"
    }

    package enum SetField: String, CaseIterable, Sendable {
        case tags, alias
    }

    /// The place that the edit writes.
    package var target: FieldTarget {
        switch self {
        case .write(let field, _): FieldTarget(field: Text(field.rawValue), kind: .register)
        case .severity: FieldTarget(field: CaseSchema.Field.severity, kind: .register)
        case .customer: FieldTarget(field: CaseSchema.Field.customer, kind: .register)
        case .add(let text, to: let field), .remove(let text, from: let field):
            FieldTarget(field: Text(field.rawValue), kind: .set, element: .text(text))
        }
    }

    /// - Throws: `.empty` or `.limit` for a text.
    func check() throws(CaseError) {
        switch self {
        case .write(.title, let text) where text?.isBlank ?? true:
            // By its title people find a case in a list.
            throw .empty("title")
        case .write(let field, let text):
            try text?.check(field.rawValue, field == .title ? .caseTitleBytes : .caseTextBytes)
        case .severity: break
        case .customer(let customer): try customer?.name?.check("the customer's name", .caseTextBytes)
        case .add(let text, to: let field), .remove(let text, from: let field):
            try text.check("an element of \(field.rawValue)", .caseTextBytes)
        }
    }

    /// What the edit does; a customer's name goes into `parts`.
    func write(in parts: inout PersonalItems) throws(CaseError) -> (action: FieldAction, value: Value) {
        switch self {
        case .write(_, let text?): return (.put, .text(text))
        case .severity(let severity?): return (.put, .integer(severity.rawValue))
        case .customer(let customer?):
            guard let name = customer.name else { return (.put, .subject(customer.subject)) }
            let reference = try parts.place(.text(name), of: customer.subject)
            let value = Value.fields([
                (Customer.Field.subject, .subject(customer.subject)), (Customer.Field.name, .personal(reference)),
            ])
            return (.put, value)
        // The element is in the target; the value says no more.
        case .add: return (.put, .null)
        case .write(_, nil), .severity(nil), .customer(nil), .remove: return (.remove, .null)
        }
    }
}
