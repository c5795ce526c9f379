import Causality
import Changes

/// A step that somebody is about to write.
package struct NewStep: Hashable, Sendable {
    package enum Note: Hashable, Sendable {
        /// Words that concern no customer.
        case plain(Text)
        /// Words by or about a person, erasable with them.
        case personal(Text, of: SubjectID)
    }

    package var kind: StepKind
    /// When it happened.
    package var at: Moment
    package var note: Note?
    /// Another system's word for the case's status after this step.
    package var status: Text?
    /// That word where the case had told a later one before this was written: it tells no status.
    package var lateStatus: Text?
    /// Which outside fact this is.
    package var fact: FactID?
    /// The other system's number for the version of the case that this step made.
    package var version: Int64?
    /// Where the case went on, for `moved`.
    package var destination: Text?
    /// Where another system says that the case is, for its first step.
    package var location: Text?

    package init(
        _ kind: StepKind, at: Moment, note: Note? = nil, status: Text? = nil, lateStatus: Text? = nil,
        fact: FactID? = nil, version: Int64? = nil, destination: Text? = nil, location: Text? = nil
    ) {
        self.kind = kind
        self.at = at
        self.note = note
        self.status = status
        self.lateStatus = lateStatus
        self.fact = fact
        self.version = version
        self.destination = destination
        self.location = location
    }

    /// - Throws: `.empty` or `.limit` for a text.
    func check() throws(CaseError) {
        try status?.check("the status word", .caseTextBytes)
        try lateStatus?.check("the status word", .caseTextBytes)
        try destination?.check("the destination", .caseTextBytes)
        try location?.check("the location", .caseTextBytes)
        switch note {
        case .plain(let text), .personal(let text, of: _): try text.check("the note", .caseNoteBytes)
        case nil: break
        }
    }

    /// The log's entry; personal words go into `parts`.
    func entry(in parts: inout PersonalItems) throws(CaseError) -> Value {
        let note: Value? =
            switch self.note {
            case .plain(let text): .text(text)
            case .personal(let text, of: let subject): .personal(try parts.place(.text(text), of: subject))
            case nil: nil
            }
        return .fields([
            (Step.Name.kind, .text(kind.name)), (Step.Name.at, .time(at)), (Step.Name.status, status.map(Value.text)),
            (Step.Name.note, note), (Step.Name.fact, fact.map { .bytes($0.bytes) }),
            (Step.Name.destination, destination.map(Value.text)),
            (Step.Name.lateStatus, lateStatus.map(Value.text)), (Step.Name.version, version.map(Value.integer)),
            (Step.Name.location, location.map(Value.text)),
        ])
    }
}
