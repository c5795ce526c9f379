import Causality
import Changes
import CommandLineKit
import ServiceRecovery

/// A value as people and scripts see it: personal words are looked up, and absent where they are erased or not here.
enum ShownValue: Equatable {
    case plain(Value)
    /// A person: the opaque id, and the name where it is held.
    case customer(SubjectID, name: Text?)

    /// A value in which the words of persons are in place already.
    init(_ value: Value) {
        self = Customer.subject(of: value).map { .customer($0, name: value["name"]?.text) } ?? .plain(value)
    }

    /// What makes two values one: customers are compared by who they are, not by how they were written.
    var key: Value {
        switch self {
        case .plain(let value): value
        case .customer(let subject, name: _): .subject(subject)
        }
    }

    var json: JSONValue {
        switch self {
        case .plain(let value): JSONValue(value)
        case .customer(_, let name): JSONValue(name?.string)
        }
    }

    /// For people.
    var text: String {
        switch self {
        case .plain(.text(let text)): text.string.visible
        case .plain(let value): JSONValue(value).line.visible
        case .customer(let subject, let name): name?.string.visible ?? "\(subject) (no name here)"
        }
    }

    /// For people: a severity with its word.
    func text(of field: Text) -> String {
        guard field == CaseSchema.Field.severity, case .plain(.integer(let number)) = self,
            let severity = CaseSeverity(rawValue: number)
        else { return text }
        return "\(number) \(severity)"
    }
}

extension JSONValue {
    /// Any value of the engine. Ids and bytes are hexadecimal, times ISO 8601; personal words are not in a value, they
    /// come as null.
    init(_ value: Changes.Value) {
        switch value {
        case .null, .personal: self = .null
        case .boolean(let flag): self = .boolean(flag)
        case .integer(let number): self = .integer(number)
        case .text(let text): self = .string(text.string)
        case .bytes(let bytes): self = .string(hexadecimal(bytes))
        case .time(let moment): self = JSONValue(moment)
        case .money(let money):
            self = ["amount": .integer(money.minorUnits), "currency": .string(money.currency.string)]
        case .record(let id): self = .string(id.description)
        case .subject(let id): self = .string(id.description)
        case .fields(let fields): self = .object(fields.map { Member($0.name.string, JSONValue($0.value)) })
        case .unknown(let tag, let bytes):
            self = ["tag": .integer(Int64(clamping: tag)), "bytes": .string(hexadecimal(bytes))]
        }
    }

    init(_ moment: Moment) {
        self = .string(CivilTime.iso(milliseconds: moment.milliseconds, zoneMinutes: Int(moment.zoneMinutes)))
    }
}

extension Moment {
    /// `2026-07-31 14:05 +07:00`.
    var text: String { CivilTime.text(milliseconds: milliseconds, zoneMinutes: Int(zoneMinutes)) }
}
