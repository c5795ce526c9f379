import Causality
import Changes

/// One entry of a case's log, as it is read. Who and when it was saved stand in the change's header.
///
/// Nothing here is required: what a newer version leaves out or spells otherwise reads as absent.
package struct Step: Hashable, Sendable {
    /// Without a name, a kind that does nothing.
    package let kind: StepKind
    /// When it happened, by the clock of the person who tells it.
    package let at: Moment?
    /// The word that another system has for the case's status after this step.
    package let status: Text?
    /// That word where the case had told a later one before this step was written: it belongs to the history and tells no status.
    package let lateStatus: Text?
    /// Plain text, or `.personal`: words about a customer, which can be erased.
    package let note: Value?
    /// Which fact of the outside this is; absent for what was written here.
    package let fact: FactID?
    /// The other system's number for the version of the case that this step made.
    package let version: Int64?
    /// Where the case went on, for `moved`.
    package let destination: Text?
    /// Where another system says that the case is, for its first step.
    package let location: Text?

    package init(_ entry: Value) {
        kind = StepKind(reading: entry[Name.kind]?.text ?? "")
        at = entry[Name.at]?.time
        status = entry[Name.status]?.text.flatMap { $0.string.isEmpty ? nil : $0 }
        lateStatus = entry[Name.lateStatus]?.text
        note = entry[Name.note]
        version = entry[Name.version]?.integer
        if case .bytes(let bytes) = entry[Name.fact], bytes.count == FactID.byteCount {
            fact = FactID(bytes)
        } else {
            fact = nil
        }
        destination = entry[Name.destination]?.text
        location = entry[Name.location]?.text
    }

    /// Whether another system wrote this surely earlier than `other`: its time and its version say so, or one of them where the other is
    /// the same. Where they contradict each other, or one of them is not told, listing order decides.
    package func isLate(after other: Step) -> Bool {
        guard fact != nil, other.fact != nil, let at, let otherAt = other.at, let version,
            let otherVersion = other.version
        else { return false }
        return at.milliseconds <= otherAt.milliseconds && version <= otherVersion
            && (at.milliseconds, version) != (otherAt.milliseconds, otherVersion)
    }

    /// The steps without those that repeat an earlier one's fact.
    ///
    /// Two replicas that import the same log both write its facts, and the log keeps both entries. Were the copy
    /// counted, a fact that one of them imported late would undo what the other told after it.
    /// - Parameter steps: in listing order.
    package static func distinct(_ steps: [Step]) -> [Step] { distinct(steps) { $0 } }

    /// The same of what holds a step each.
    package static func distinct<Holder>(_ holders: [Holder], _ step: (Holder) -> Step) -> [Holder] {
        var facts: Set<FactID> = []
        return holders.filter { holder in step(holder).fact.map { facts.insert($0).inserted } ?? true }
    }

    /// The names of an entry's values.
    enum Name {
        static let kind: Text = "kind"
        static let at: Text = "at"
        static let status: Text = "status"
        static let note: Text = "note"
        static let fact: Text = "fact"
        static let destination: Text = "to"
        static let lateStatus: Text = "late"
        static let version: Text = "version"
        static let location: Text = "location"
    }

    // MARK: - Showing as columns

    /// The columns of a step's row. `at` is in milliseconds since 1970, `zone` in minutes east of UTC.
    static let columns = [
        Column("kind", .text), Column("status", .text), Column("note", .text), Column("at", .integer),
        Column("zone", .integer), Column("fact", .text, indexed: true),
    ]

    /// The values of `columns`, in their order. A personal note comes as `.personal`: its text is joined from the
    /// parts, so that it goes when the part is erased.
    package var columnValues: [Value] {
        [
            kind.name.string.isEmpty ? .null : .text(kind.name), status.map(Value.text) ?? .null, note ?? .null,
            at.map { .integer($0.milliseconds) } ?? .null, at.map { .integer(Int64($0.zoneMinutes)) } ?? .null,
            fact.map { .text($0.description) } ?? .null,
        ]
    }
}
