import Causality

/// What a field holds. No floating point: equal values must be equal bytes everywhere.
package enum Value: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case text(Text)
    case bytes([UInt8])
    case time(Moment)
    case money(Money)
    case record(RecordID)
    case subject(SubjectID)
    /// Words or particulars of a person: where they lie in the parts of the change that wrote this value.
    case personal(PartReference)
    /// Named values, sorted by name, each name once.
    case fields([Field])
    /// A kind of value from a newer version, kept byte for byte; its tag is 16 or more.
    case unknown(tag: UInt64, bytes: [UInt8])

    package struct Field: Hashable, Sendable {
        package let name: Text
        package let value: Value

        package init(_ name: Text, _ value: Value) {
            self.name = name
            self.value = value
        }
    }

    /// Fields in canonical order; absent values are left out.
    ///
    /// - Precondition: no name occurs twice.
    package static func fields(_ pairs: [(Text, Value?)]) -> Value {
        let present = pairs.compactMap { name, value in value.map { Field(name, $0) } }
        let sorted = present.sorted { $0.name < $1.name }
        for (a, b) in zip(sorted, sorted.dropFirst()) { precondition(a.name != b.name, "\(a.name) occurs twice") }
        return .fields(sorted)
    }

    /// The value under `name`, where this is a value of fields that has it.
    package subscript(name: Text) -> Value? {
        guard case .fields(let fields) = self else { return nil }
        return fields.first { $0.name == name }?.value
    }

    package static func text(_ string: String) -> Value { .text(Text(string)) }

    /// Whether words or particulars of a person are in it. Such a value means another thing in each change.
    package var holdsPersonal: Bool {
        switch self {
        case .personal: true
        case .fields(let fields): fields.contains { $0.value.holdsPersonal }
        default: false
        }
    }

    /// The person that the value is about: a subject, or named values of which `subject` is one.
    package var subject: SubjectID? {
        switch self {
        case .subject(let subject): subject
        case .fields: self["subject"]?.subject
        default: nil
        }
    }

    /// Whether two concurrent values leave nothing to choose: they are about one person, or are equal.
    ///
    /// Values with personal text that name nobody are never one: they say where the text lies in the change that wrote them.
    package func isOne(with other: Value) -> Bool {
        if let subject, let another = other.subject { return subject == another }
        return self == other && !holdsPersonal
    }

    package var text: Text? { if case .text(let text) = self { text } else { nil } }
    package var integer: Int64? { if case .integer(let integer) = self { integer } else { nil } }
    package var time: Moment? { if case .time(let moment) = self { moment } else { nil } }
}

package enum RecordKind {}

/// A record: the first 16 bytes of H(scope, origin). Lives in one scope for ever.
package typealias RecordID = Identifier128<RecordKind>

/// A moment as a person meant it: an instant, and the offset of the clock that they read.
package struct Moment: Hashable, Sendable {
    /// Since 1970-01-01T00:00Z; may be negative.
    package let milliseconds: Int64
    /// East of UTC, -1,080 to 1,080.
    package let zoneMinutes: Int16

    package init(milliseconds: Int64, zoneMinutes: Int16) {
        self.milliseconds = milliseconds
        self.zoneMinutes = zoneMinutes
    }
}

/// An amount in minor units (cents, sen, bani) of a currency.
package struct Money: Hashable, Sendable {
    package let minorUnits: Int64
    /// ISO 4217, three capital letters.
    package let currency: Text

    package init(minorUnits: Int64, currency: Text) {
        self.minorUnits = minorUnits
        self.currency = currency
    }
}

/// Where a personal value lies: the part of its change, and the item in that part.
package struct PartReference: Hashable, Sendable {
    package let part: Int
    package let item: Int

    package init(part: Int, item: Int) {
        self.part = part
        self.item = item
    }
}
