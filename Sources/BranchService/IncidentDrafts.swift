import Causality
import Changes
import Importing
import ServiceRecovery

/// What rows of the incident log write: a change for the events of each.
package enum IncidentDrafts {
    /// The name of the outside system in the cases' origins.
    package static let source: Text = "incident-log"

    /// - Parameter events: some or all of a row's, in their order; at least one.
    /// - Throws: `CaseError`.
    static func draft(_ events: [CaseEvent]) throws -> ChangeDraft {
        precondition(!events.isEmpty, "a draft is of events")
        var transaction = CaseTransaction(
            by: try Author(person: Text(events[0].person), zoneMinutes: Int16(events[0].zone.minutes)))
        for event in events { try write(event, in: &transaction) }
        return transaction.draft()
    }

    static func origin(of reference: CaseReference) -> RecordOrigin {
        .external(source: IncidentDrafts.source, id: Text(reference.externalID))
    }

    /// The id of its record in `scope`.
    static func record(of reference: CaseReference, in scope: ScopeID) -> RecordID {
        origin(of: reference).recordID(in: scope)
    }

    /// Where a case left for, as its last step says it.
    static func place(of destination: CaseReference) -> Text { Text("\(destination.location) \(destination.label)") }

    private static func write(_ event: CaseEvent, in transaction: inout CaseTransaction) throws {
        let at = Moment(milliseconds: event.atMilliseconds, zoneMinutes: Int16(event.zone.minutes))
        let fact = FactID(ofKey: event.factKey.bytes)
        let step: NewStep
        switch event.kind {
        case .status(let word):
            let version = Int64(clamping: event.version)
            step =
                event.isLate
                ? NewStep(.imported, at: at, lateStatus: Text(word), fact: fact, version: version)
                : NewStep(
                    .imported, at: at, status: Text(word), fact: fact, version: version,
                    location: event.opening == nil ? nil : Text(event.subject.location))
        case .moved(let destination):
            step = NewStep(
                .moved, at: at, fact: fact, version: Int64(clamping: event.version),
                destination: place(of: destination))
        }
        let origin = origin(of: event.subject)
        var title: Text?
        var edits: [CaseEdit] = []
        for change in event.changes {
            if case .title(let text) = change { title = Text(text) } else { edits.append(CaseEdit(change)) }
        }
        guard let opening = event.opening else {
            if let title { edits.append(.write(.title, title)) }
            try transaction.apply(edits, to: origin)
            try transaction.append(step, to: origin)
            return
        }
        // The outside number is the case's number: two machines that import one log then agree on it.
        edits.append(.write(.number, Text(event.subject.label)))
        if case .movedFrom(let old) = opening {
            edits.append(.write(.movedFrom, Text("\(old.location) \(old.label)")))
        }
        _ = try transaction.open(
            NewCase(title ?? Text("Incident \(event.subject.label)"), origin: origin, edits: edits, first: step))
    }
}

extension CaseEdit {
    /// What a change of the log's row writes.
    init(_ change: FieldChange) {
        self =
            switch change {
            case .title(let text): .write(.title, Text(text))
            case .category(let text): .write(.category, text.map { Text($0) })
            case .assignee(let text): .write(.assignee, text.map { Text($0) })
            case .team(let text): .write(.team, text.map { Text($0) })
            case .severity(let severity): .severity(severity.flatMap { CaseSeverity(rawValue: Int64($0.rawValue)) })
            case .customer(let caller): .customer(caller.map { Customer(SubjectID(outside: $0), name: Text($0)) })
            case .tagAdded(let tag): .add(Text(tag), to: .tags)
            case .tagRemoved(let tag): .remove(Text(tag), from: .tags)
            }
    }
}

extension Identifier128 where Kind == SubjectKind {
    /// The subject that an outside id of the incident log names: the same on every machine that imports it.
    fileprivate init(outside id: String) {
        let hash = Hash256.of(.subject) { writer in
            writer.write(IncidentDrafts.source)
            writer.write(Text(id))
        }
        self.init(high: hash.short.high, low: hash.short.low)
    }
}
