import Changes

/// What somebody did, or saw, in the course of a recovery.
///
/// The kinds are data: a step holds the kind's name, a newer version may know more of them, and a kind that this
/// version does not know is kept, shown and without effect on the status.
package struct StepKind: Hashable, Sendable {
    package let name: Text
    let effect: Effect

    /// What a step of the kind does to the case's status.
    enum Effect: Hashable, Sendable {
        case none
        /// The case has come as far as this word says.
        case reaches(Text)
        /// The case begins again; nothing reached before counts.
        case reopens
        /// The case goes on elsewhere. Final: only `reopens` ends it.
        case moves
    }

    private init(_ name: Text, _ effect: Effect = .none) {
        self.name = name
        self.effect = effect
    }

    /// The kind that a stored step names, known to this version or not.
    package init(reading name: Text) { self = StepKind.byName[name] ?? StepKind(name) }

    /// The kind that a person typed. Capitals and hyphens do not matter.
    ///
    /// - Throws: `.unknownStepKind`, with the kinds that there are.
    package init(validating text: String) throws(CaseError) {
        let name = text.lowercased().split(separator: "-", omittingEmptySubsequences: false).joined(separator: "_")
        guard let kind = StepKind.byName[Text(name)] else { throw .unknownStepKind(text) }
        self = kind
    }

    package var isKnown: Bool { StepKind.byName[name] != nil }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}

extension StepKind {
    package static let noticed = StepKind("noticed", .reaches(CaseStatus.noticed))
    package static let recorded = StepKind("recorded", .reaches(CaseStatus.noticed))
    package static let acknowledged = StepKind("acknowledged", .reaches(CaseStatus.acknowledged))
    package static let agreed = StepKind("agreed", .reaches(CaseStatus.agreed))
    package static let fixed = StepKind("fixed", .reaches(CaseStatus.fixed))
    package static let followedUp = StepKind("followed_up", .reaches(CaseStatus.followedUp))
    package static let closed = StepKind("closed", .reaches(CaseStatus.closed))
    package static let withdrawn = StepKind("withdrawn", .reaches(CaseStatus.withdrawn))
    package static let reopened = StepKind("reopened", .reopens)
    package static let moved = StepKind("moved", .moves)
    /// What another system's log says was done; its own status word tells the status.
    package static let imported = StepKind("imported")
    package static let note = StepKind("note")

    /// The kinds of this version, in the order in which a recovery meets them.
    package static let all: [StepKind] =
        [noticed, recorded, acknowledged] + unmarked(["listened", "apologised", "owned", "informed"])
        + [agreed] + unmarked(["fix_started"]) + [fixed]
        + unmarked([
            "comp_offered", "comp_accepted", "comp_declined", "comp_issued", "comp_voided", "message_sent", "assigned",
            "released", "escalated", "followup_due",
        ]) + [followedUp]
        + unmarked([
            "satisfaction", "evaluated", "action_linked", "staff_supported", "recognised", "linked", "unlinked",
        ]) + [note]
        + unmarked(["attachment", "corrected", "redacted"]) + [closed, reopened, withdrawn, moved, imported]

    private static func unmarked(_ names: [Text]) -> [StepKind] { names.map { StepKind($0) } }
}
