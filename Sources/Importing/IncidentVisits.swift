/// What must be remembered of an incident from one row to the next: where it has been, and which facts were taken.
///
/// A *visit* is a stay at one location; going back to a place is another visit. The facts are kept so that a copy of
/// an earlier row, or of the whole file, moves nothing: it is known to be a repetition, and of which visit. Memory is
/// proportional to the incident's own rows.
package struct IncidentVisits: Equatable, Sendable {
    /// The branch of an incident before any location is known.
    package static let unknownLocation = "unknown"

    let number: String
    /// The location of each visit, the first at 0. Never empty; neighbours differ. Nil for those before the file's first row that nobody
    /// here knows, so never for the last.
    private(set) var locations: [String?]
    /// Whether the current visit has its case.
    private(set) var isOpen: Bool
    /// The visit, counted from 1, in which each fact was taken.
    private(set) var facts: [IncidentFact: Int]
    /// What the current visit's last row showed; nil until its first is taken, and for visits that nobody asked for.
    private(set) var fields: CaseFields?
    /// That row's fact.
    private(set) var fieldsFact: IncidentFact?

    /// An incident of which `row` is the first.
    ///
    /// - Parameter start: where earlier imports have left it; nil where it is new.
    init(startingAt row: IncidentRow, from start: VisitStart?) {
        number = row.number
        locations = (start?.earlier ?? []) + [start?.current ?? row.location ?? Self.unknownLocation]
        isOpen = start?.isOpen ?? false
        facts = [:]
    }

    init(
        number: String, locations: [String?], isOpen: Bool, facts: [IncidentFact: Int], fields: CaseFields?,
        fieldsFact: IncidentFact?
    ) {
        self.number = number
        self.locations = locations
        self.isOpen = isOpen
        self.facts = facts
        self.fields = fields
        self.fieldsFact = fieldsFact
    }

    /// Number of the current visit, from 1.
    var currentVisit: Int { locations.count }

    var currentReference: CaseReference { reference(ofVisit: currentVisit) }

    /// The case that the incident was in before the current one; nil where it was in none.
    var before: CaseReference? { currentVisit > 1 ? reference(ofVisit: currentVisit - 1) : nil }

    /// The case of a visit.
    ///
    /// - Parameter visit: `1...currentVisit`.
    func reference(ofVisit visit: Int) -> CaseReference {
        CaseReference(location: locations[visit - 1] ?? Self.unknownLocation, number: number, visit: visit)
    }

    /// The case in which a fact was taken before, or nil if it is new.
    func reference(taking fact: IncidentFact) -> CaseReference? {
        facts[fact].map(reference(ofVisit:))
    }

    /// The latest of the rows that were taken, in whatever order they came.
    ///
    /// - Complexity: O(rows of the incident).
    var newest: CaseEvent.Moment? {
        facts.keys.lazy.map { CaseEvent.Moment(atMilliseconds: $0.updatedAtMilliseconds, version: $0.version) }.max()
    }

    /// The last visit of a location, the current one where none is named; nil where the incident was never there.
    func visit(at location: String?) -> Int? {
        guard let location else { return currentVisit }
        return locations.lastIndex(of: location).map { $0 + 1 }
    }

    /// Takes the fact of a row into a visit that is over, or that a later row has shown.
    mutating func take(_ fact: IncidentFact, inVisit visit: Int) { facts[fact] = visit }

    /// Begins the next visit where the row says so.
    ///
    /// - Returns: The case that the incident has left, or nil if it stays where it is.
    mutating func follow(_ row: IncidentRow) -> CaseReference? {
        guard let location = row.location, location != locations[currentVisit - 1] else { return nil }
        let departed = currentReference
        locations.append(location)
        isOpen = false
        fields = nil
        fieldsFact = nil
        return departed
    }

    /// Takes a row's fact, and what it shows, into the current visit.
    ///
    /// - Returns: What the visit's row before showed, or nil if this is its first.
    mutating func take(_ fact: IncidentFact, _ fields: CaseFields?) -> CaseFields? {
        defer {
            self.fields = fields
            fieldsFact = fields == nil ? nil : fact
            if fields != nil { isOpen = true }
        }
        facts[fact] = currentVisit
        return self.fields
    }

    /// What a row changes besides its fact.
    struct Mark {
        fileprivate let locationCount: Int
        fileprivate let isOpen: Bool
        fileprivate let fields: CaseFields?
        fileprivate let fieldsFact: IncidentFact?
    }

    var mark: Mark { Mark(locationCount: locations.count, isOpen: isOpen, fields: fields, fieldsFact: fieldsFact) }

    /// Takes back what a row has changed.
    ///
    /// - Parameters:
    ///   - mark: as it was before the row.
    ///   - fact: the row's, which was new.
    mutating func undo(to mark: Mark, _ fact: IncidentFact) {
        locations.removeLast(locations.count - mark.locationCount)
        isOpen = mark.isOpen
        facts[fact] = nil
        fields = mark.fields
        fieldsFact = mark.fieldsFact
    }

    /// Traps where the invariants stated above do not hold; for tests.
    package func checkInvariants() {
        precondition(locations.last.map { $0 != nil } ?? false, "An incident is always somewhere.")
        precondition(
            !zip(locations, locations.dropFirst()).contains { $0 != nil && $0 == $1 },
            "A visit ends by a change of place.")
        precondition(facts.values.allSatisfy { (1...currentVisit).contains($0) }, "A fact belongs to a visit.")
    }
}
