/// What a case shows of its incident after one row.
package struct CaseFields: Equatable, Sendable {
    /// The tag of a case whose row says that it is late.
    package static let missedSLATag = "sla missed"

    /// Greatest length of a title in characters; the category keeps its full text.
    package static let titleLimit = 120

    /// Category, subcategory and symptom, as far as they are known, else the incident's number.
    package var title: String
    package var category: String?
    package var severity: Severity?
    package var assignee: String?
    package var team: String?
    package var customer: String?
    /// Contact type and ``missedSLATag``, in that order, each once.
    package var tags: [String]

    package init(_ row: IncidentRow) {
        title = Self.title(of: row)
        category = row.category
        severity = row.priority.flatMap(Severity.init(priority:))
        assignee = row.assignedTo
        team = row.assignmentGroup
        customer = row.callerID
        tags = row.contactType.map { [$0] } ?? []
        if row.madeSLA == false, !tags.contains(Self.missedSLATag) { tags.append(Self.missedSLATag) }
    }

    private static func title(of row: IncidentRow) -> String {
        let known = [row.category, row.subcategory, row.symptom].compactMap(\.self)
        let title = known.isEmpty ? "Incident \(row.number)" : known.joined(separator: " / ")
        // No text has more characters than bytes, and counting bytes is the cheaper.
        return title.utf8.count <= titleLimit ? title : String(title.prefix(titleLimit))
    }

    init(
        title: String, category: String?, severity: Severity?, assignee: String?, team: String?,
        customer: String?, tags: [String]
    ) {
        self.title = title
        self.category = category
        self.severity = severity
        self.assignee = assignee
        self.team = team
        self.customer = customer
        self.tags = tags
    }
}

/// One field of a case that a row has set, or cleared where the value is nil.
package enum FieldChange: Equatable, Sendable {
    case title(String)
    case category(String?)
    case severity(Severity?)
    case assignee(String?)
    case team(String?)
    /// Personal: whom the case is about.
    case customer(String?)
    case tagAdded(String)
    case tagRemoved(String)
}

extension CaseFields {
    /// All that the row shows, also what it leaves empty, for a case of which nobody knows what it shows.
    package var all: [FieldChange] {
        [
            .title(title), .category(category), .severity(severity), .assignee(assignee), .team(team),
            .customer(customer),
        ] + tags.map(FieldChange.tagAdded)
    }

    /// The changes that lead here from the case's previous row, in the order of the fields; from nothing, all that
    /// have a value.
    package func changes(since previous: CaseFields?) -> [FieldChange] {
        var changes: [FieldChange] = []
        if title != previous?.title { changes.append(.title(title)) }
        if category != previous?.category { changes.append(.category(category)) }
        if severity != previous?.severity { changes.append(.severity(severity)) }
        if assignee != previous?.assignee { changes.append(.assignee(assignee)) }
        if team != previous?.team { changes.append(.team(team)) }
        if customer != previous?.customer { changes.append(.customer(customer)) }
        let before = previous?.tags ?? []
        changes += before.filter { !tags.contains($0) }.map(FieldChange.tagRemoved)
        changes += tags.filter { !before.contains($0) }.map(FieldChange.tagAdded)
        return changes
    }
}
