/// A case by the location that it lies at and its external id there.
package struct CaseReference: Hashable, Sendable {
    package let location: String
    package let externalID: String

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
    /// The fields whose value is not that of the case's previous row; empty for a move.
    package let changes: [FieldChange]
}
