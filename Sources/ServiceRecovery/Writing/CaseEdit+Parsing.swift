import Causality
import Changes

extension CaseEdit {
    /// Reads `FIELD=VALUE`, or for a set `FIELD+=VALUE` and `FIELD-=VALUE`. An empty value clears the field.
    ///
    /// The value is everything after the first `=`, byte for byte.
    /// - Parameter subject: the id under which a customer's name is kept. A value of 32 hexadecimal digits names a
    ///   known customer instead.
    /// - Throws: `.notAnAssignment`; `.unknownField`, with the fields that there are; `.readOnly` for what the program
    ///   gives; `.set`, `.notASet`; `.severity`; `.empty` and `.limit` for a text.
    package init(parsing text: String, customer subject: SubjectID) throws(CaseError) {
        // Searched in bytes: as a Character, `=` before a combining mark would be another sign.
        guard let sign = text.utf8.firstIndex(of: UInt8(ascii: "=")), sign != text.startIndex else {
            throw .notAnAssignment(text)
        }
        let value = String(text[text.utf8.index(after: sign)...])
        let last = text.utf8.index(before: sign)
        let mark = text.utf8[last]
        if mark == UInt8(ascii: "+") || mark == UInt8(ascii: "-") {
            let field = try CaseEdit.set(String(text[..<last]))
            self = mark == UInt8(ascii: "+") ? .add(Text(value), to: field) : .remove(Text(value), from: field)
            try check()
            return
        }
        let name = String(text[..<sign])
        if CaseEdit.givenFields.contains(name) { throw .readOnly(name) }
        try self.init(name, value, customer: subject)
    }

    /// Reads a value for the register `name`, any that people can disagree about: how a conflict is settled.
    ///
    /// - Throws: as `init(parsing:customer:)`.
    package init(_ name: String, _ value: String, customer subject: SubjectID) throws(CaseError) {
        let isCleared = value.isEmpty
        if let field = TextField(rawValue: name) {
            self = .write(field, isCleared ? nil : Text(value))
        } else if name == CaseSchema.Field.severity.string {
            self = .severity(isCleared ? nil : try CaseSeverity(parsing: value))
        } else if name == CaseSchema.Field.customer.string {
            let known = SubjectID(hexadecimal: value)
            self = .customer(isCleared ? nil : known.map { Customer($0) } ?? Customer(subject, name: Text(value)))
        } else if SetField(rawValue: name) != nil {
            throw .set(name)
        } else if CaseEdit.givenFields.contains(name) {
            throw .readOnly(name)
        } else {
            throw .unknownField(name)
        }
        try check()
    }

    /// What people can type in, in the schema's order.
    static let editableFields: [String] = CaseSchema.schema.recordTypes.flatMap(\.fields).map(\.name.string)
        .filter { !givenFields.contains($0) }

    /// What the program gives, or the steps tell.
    private static let givenFields: [String] =
        [
            TextField.number.rawValue, TextField.movedFrom.rawValue, CaseSchema.Field.steps.string,
            Schema.typeField.string,
        ]
        + CaseSchema.schema.recordTypes.flatMap(\.derivedColumns).map(\.name)

    private static func set(_ name: String) throws(CaseError) -> SetField {
        if let field = SetField(rawValue: name) { return field }
        if givenFields.contains(name) { throw .readOnly(name) }
        throw editableFields.contains(name) ? .notASet(name) : .unknownField(name)
    }
}
