/// A case by the location that it lies at and its external id there.
package struct CaseReference: Hashable, Sendable {
    package let location: String
    package let externalID: String
    /// What people call it: the incident's number as it is, and behind it, with a `/`, the visit where it is not the first.
    package let label: String

    /// The case of an incident's stay at a location.
    ///
    /// The id is the incident's number for the first visit, and number, `/` and visit for later ones. A `/` within
    /// the number itself is doubled, so that no two cases can have one id.
    ///
    /// - Parameter visit: Counts the stays of this incident from 1, in the file's order.
    package init(location: String, number: String, visit: Int) {
        self.location = location
        let name =
            number.contains("/")
            ? number.split(separator: "/", omittingEmptySubsequences: false)
                .joined(separator: "//") : number
        externalID = visit == 1 ? name : "\(name)/\(visit)"
        label = visit == 1 ? number : "\(number)/\(visit)"
    }
}

/// One step of one case, as a row of the incident log tells it.
package struct CaseEvent: Equatable, Sendable {
    /// How a case came to be.
    package enum Opening: Equatable, Sendable {
        /// The incident was not known before.
        case reported
        /// The incident left another case, to which this one is linked.
        case movedFrom(CaseReference)
    }

    package enum Kind: Equatable, Sendable {
        /// The log's own word for the state.
        case status(String)
        /// The incident left for another location; this is the case's last step.
        case moved(to: CaseReference)
    }

    /// The case that the step belongs to.
    package let subject: CaseReference
    /// Present when this is the case's first step.
    package let opening: Opening?
    package let factKey: FactKey
    /// Who did it, by the log's name (`sys_updated_by`).
    package let person: String
    /// When, in milliseconds since 1970 UTC, exact to the minute.
    package let atMilliseconds: Int64
    /// The zone of the clock that it was read from.
    package let zone: ZoneOffset
    package let kind: Kind
    /// Of the row.
    package let version: Int
    /// The fields whose value is not that of the case's previous row; empty for a move, and where `isLate`.
    package let changes: [FieldChange]
    /// What the row shows; nil for a move, and where `isLate`.
    package let fields: CaseFields?
    /// The fact of the row since which they are told; nil for the case's first.
    package let previous: FactKey?
    /// Whether a later row of the case came before this one: it belongs to the history and tells nothing of how the case stands.
    package let isLate: Bool

    package var moment: Moment { Moment(atMilliseconds: atMilliseconds, version: version) }

    /// When a row tells that it was written.
    package struct Moment: Hashable, Comparable, Sendable {
        /// Exact to the minute.
        package let atMilliseconds: Int64
        /// Nil where that is not known.
        package let version: Int?

        package init(atMilliseconds: Int64, version: Int?) {
            self.atMilliseconds = atMilliseconds
            self.version = version
        }

        package static func < (left: Moment, right: Moment) -> Bool {
            (left.atMilliseconds, left.version ?? .min) < (right.atMilliseconds, right.version ?? .min)
        }

        /// Whether a row is surely earlier than one that came before it: its time and its version say so, or one of them where the other
        /// is the same. Where they contradict each other, as they do now and then, the order in which rows come decides.
        package func isLate(after other: Moment) -> Bool {
            guard let version, let otherVersion = other.version else { return atMilliseconds < other.atMilliseconds }
            return self < other && version <= otherVersion
        }
    }

    /// The same event, a later one having come before it.
    package func late() -> CaseEvent {
        CaseEvent(
            subject: subject, opening: nil, factKey: factKey, person: person, atMilliseconds: atMilliseconds,
            zone: zone,
            kind: kind, version: version, changes: [], fields: nil, previous: nil, isLate: true)
    }

    /// The same event with all that the row shows, for a case that is here and does not stand as the row before left it.
    ///
    /// - Parameters:
    ///   - tags: those of earlier rows.
    ///   - isKept: whether the case keeps what it has there: what changed since the row before is not known.
    package func complete(
        removing tags: [String], keeping isKept: (FieldChange) throws -> Bool
    ) rethrows -> CaseEvent {
        var changes = changes
        if let fields {
            changes = tags.filter { !fields.tags.contains($0) }.map(FieldChange.tagRemoved)
            changes += try fields.all.filter { try !isKept($0) }
        }
        return CaseEvent(
            subject: subject, opening: nil, factKey: factKey, person: person, atMilliseconds: atMilliseconds,
            zone: zone,
            kind: kind, version: version, changes: changes, fields: fields, previous: previous, isLate: isLate)
    }
}
