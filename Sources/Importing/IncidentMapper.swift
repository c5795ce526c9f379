/// What one row of the log means for the selected locations.
package struct MappedRow: Equatable, Sendable {
    package enum Outcome: Equatable, Sendable {
        /// The row belongs to a selected location; its own step is the last event.
        case selected
        /// The row belongs to a selected location, and the same fact was met before in this file.
        case repeated
        /// The row belongs to another location. It still has an event when it ends a stay at a selected one.
        case elsewhere
    }

    /// Line on which the row starts, counted from 1.
    package let line: Int
    package let outcome: Outcome
    /// What to record, in this order: the `moved` step of a case that the row leaves, then the row's own step.
    package let events: [CaseEvent]
}

/// Turns the rows of the incident log, in the file's order, into steps of cases at the selected locations.
///
/// A row belongs to the incident's last known location at that row, and to `unknown` before any is known. When the
/// location changes, the old case gets a last step `moved`, and a linked case opens at the new one.
///
/// Events depend on the rows, and on where earlier imports have left an incident: mapping for some locations gives what mapping for
/// all gives, less the events of cases elsewhere. A row that is earlier, by time and version, than one of its incident that came before it is *late*: it belongs to the
/// history, and neither moves the incident nor tells how its case stands. Whether a fact was recorded by an earlier import is not known here; the recorder asks its replica
/// for each event's key, and counts with ``ImportCounts``.
///
/// Texts are compared as `String` does it: two spellings of a letter that Unicode calls equivalent are one, and the
/// first spelling stays.
package struct IncidentMapper<Memory: VisitMemory> {
    private let selection: LocationSelection
    private var memory: Memory
    /// The incident of the last row. It reaches the memory when a row of another one comes.
    private var current: IncidentVisits?

    package init(selection: LocationSelection, memory: Memory) {
        self.selection = selection
        self.memory = memory
    }

    /// Maps the next row.
    ///
    /// - Parameters:
    ///   - start: asked for an incident's first row in this file: where earlier imports have left it.
    ///   - check: called with the events where there are some; when it throws, it is as if the row had not been there.
    /// - Throws: What `start` and `check` throw, a `MisplacedRow` only for a selected location. `MisplacedRow` for a late row of a location that is not known of its incident; it is as if it
    ///   had not been there. What the memory throws; the mapper is then of no further use.
    package mutating func map(
        _ row: IncidentRow, startingFrom start: (IncidentRow, IncidentFact) throws -> VisitStart? = { _, _ in nil },
        checking check: ([CaseEvent]) throws -> Void = { _ in }
    ) throws -> MappedRow {
        let fact = IncidentFact(row)
        var isFirst = false
        var visits: IncidentVisits
        if let known = try takeVisits(for: row) {
            visits = known
        } else {
            do {
                visits = IncidentVisits(startingAt: row, from: try start(row, fact))
            } catch let error as MisplacedRow where !selection.contains(error.location) {
                return MappedRow(line: row.line, outcome: .elsewhere, events: [])
            }
            isFirst = true
        }
        if let reference = visits.reference(taking: fact) {
            current = visits
            let outcome: MappedRow.Outcome = selection.contains(reference.location) ? .repeated : .elsewhere
            return MappedRow(line: row.line, outcome: outcome, events: [])
        }
        if let newest = visits.newest, row.moment.isLate(after: newest) {
            current = visits
            return try takeLate(row, fact, check)
        }
        let mark = visits.mark
        let hadCase = visits.isOpen
        let departed = visits.follow(row)
        let subject = visits.currentReference
        let isSelected = selection.contains(subject.location)
        // What a case elsewhere shows is never compared, so it is not remembered.
        let fields = isSelected ? CaseFields(row) : nil
        let opening: CaseEvent.Opening? = visits.isOpen ? nil : visits.before.map { .movedFrom($0) } ?? .reported
        let previousFact = visits.fieldsFact
        let previous = visits.take(fact, fields)

        var events: [CaseEvent] = []
        // A visit of before this file may have none, where its location was not selected then.
        if let departed, hadCase, selection.contains(departed.location) {
            events.append(CaseEvent(row, leaving: departed, for: subject, factKey: fact.key(.departure)))
        }
        if let fields {
            let changes = fields.changes(since: previous)
            events.append(
                CaseEvent(
                    row, at: subject, opening: opening, factKey: fact.key(.update), changes: changes, fields: fields,
                    previous: previous == nil ? nil : previousFact?.key(.update)))
        }
        if !events.isEmpty {
            do { try check(events) } catch {
                visits.undo(to: mark, fact)
                if !isFirst { current = visits }
                throw error
            }
        }
        current = visits
        return MappedRow(line: row.line, outcome: isSelected ? .selected : .elsewhere, events: events)
    }

    /// Maps a row that is earlier than one that came before it.
    private mutating func takeLate(
        _ row: IncidentRow, _ fact: IncidentFact, _ check: ([CaseEvent]) throws -> Void
    ) throws -> MappedRow {
        guard let visit = current?.visit(at: row.location), let subject = current?.reference(ofVisit: visit) else {
            let location = row.location ?? IncidentVisits.unknownLocation
            guard selection.contains(location) else {
                return MappedRow(line: row.line, outcome: .elsewhere, events: [])
            }
            throw MisplacedRow(location: location)
        }
        let isSelected = selection.contains(subject.location)
        var events: [CaseEvent] = []
        if isSelected {
            events = [
                CaseEvent(
                    row, at: subject, opening: nil, factKey: fact.key(.update), changes: [], fields: nil, previous: nil
                ).late()
            ]
            try check(events)
        }
        current?.take(fact, inVisit: visit)
        return MappedRow(line: row.line, outcome: isSelected ? .selected : .elsewhere, events: events)
    }

    /// Takes out what is known of the row's incident, nil where nothing is, and stores the one before if it is another.
    private mutating func takeVisits(for row: IncidentRow) throws -> IncidentVisits? {
        if let held = current {
            // Let go of it here, so that the caller changes it in place.
            current = nil
            if held.number == row.number { return held }
            try memory.remember(held, of: held.number)
        }
        return try memory.visits(of: row.number)
    }
}

/// A row that is earlier than one of its incident before it, at a location that none of these named: when it came there cannot be told.
package struct MisplacedRow: Error, Equatable, Sendable, CustomStringConvertible {
    package let location: String

    package init(location: String) { self.location = location }

    package var description: String {
        "The row is earlier than one of its incident that came before it, and those were not at \(location): "
            + "the rows of an incident that moves must come oldest first."
    }
}

extension IncidentRow {
    fileprivate var moment: CaseEvent.Moment {
        CaseEvent.Moment(atMilliseconds: updatedAtMilliseconds, version: version)
    }
}

extension CaseEvent {
    /// A row's own step.
    fileprivate init(
        _ row: IncidentRow, at subject: CaseReference, opening: Opening?, factKey: FactKey, changes: [FieldChange],
        fields: CaseFields?, previous: FactKey?
    ) {
        self.init(
            subject: subject, opening: opening, factKey: factKey, person: row.updatedBy,
            atMilliseconds: row.updatedAtMilliseconds, zone: row.zone, kind: .status(row.state), version: row.version,
            changes: changes, fields: fields, previous: previous, isLate: false)
    }

    /// The last step of the case that a row leaves.
    fileprivate init(
        _ row: IncidentRow, leaving departed: CaseReference, for destination: CaseReference, factKey: FactKey
    ) {
        self.init(
            subject: departed, opening: nil, factKey: factKey, person: row.updatedBy,
            atMilliseconds: row.updatedAtMilliseconds, zone: row.zone, kind: .moved(to: destination),
            version: row.version,
            changes: [], fields: nil, previous: nil, isLate: false)
    }
}
