import Causality
import Changes
import Importing
import SQLiteStore
import ServiceRecovery

/// What the cases of a replica tell of where earlier imports have left an incident.
struct EarlierVisits {
    private let transaction: SQLiteTransaction
    private let home: ScopeID

    init(_ transaction: SQLiteTransaction, _ home: ScopeID) {
        self.transaction = transaction
        self.home = home
    }

    /// So many visits that have no case here may lie between two that have: those at locations that were not selected.
    private static let skippedVisits = 8

    /// Where `row`, the first of its incident in a file, finds the incident: at the visit that has the row already, or at the last one
    /// where the row is later than all that is here.
    ///
    /// - Parameter fact: the row's.
    /// - Returns: nil where no case is here, and where the row is an earlier one that is not: then the file is taken to tell the incident
    ///   from its beginning.
    /// - Complexity: O(steps of the incident's cases).
    func start(_ row: IncidentRow, _ fact: IncidentFact) throws -> VisitStart? {
        let facts = [IncidentFact.Aspect.update, .departure].map { FactID(ofKey: fact.key($0).bytes) }
        var cases: [Int: ImportedCase] = [:]
        var last = 0
        var visit = 1
        while visit <= last + 1 + EarlierVisits.skippedVisits {
            let steps = try transaction.importedSteps(
                of: CaseReference(location: "", number: row.number, visit: visit), in: home)
            if !steps.isEmpty {
                let found = ImportedCase(steps, next: CaseReference(location: "", number: row.number, visit: visit + 1))
                cases[visit] = found
                last = visit
                if steps.contains(where: { facts.contains($0.fact) }) { return start(at: visit, cases) }
            }
            visit += 1
        }
        let moment = CaseEvent.Moment(atMilliseconds: row.updatedAtMilliseconds, version: row.version)
        guard let found = cases[last], cases.values.allSatisfy({ $0.newest < moment }) else { return nil }
        return start(at: found.destination == nil ? last : last + 1, cases)
    }

    private func start(at visit: Int, _ cases: [Int: ImportedCase]) -> VisitStart {
        func location(_ visit: Int) -> String? { cases[visit]?.location ?? cases[visit - 1]?.destination }
        return VisitStart(
            earlier: (1..<visit).map { cases[$0] == nil ? nil : location($0) }, current: location(visit),
            isOpen: cases[visit] != nil)
    }

    /// What the steps of one case tell.
    private struct ImportedCase {
        /// Nil where an earlier program imported it.
        let location: String?
        /// The location that the incident left for; nil where it did not.
        let destination: String?
        let newest: CaseEvent.Moment

        /// - Parameters:
        ///   - steps: at least one.
        ///   - next: the case of the visit behind it, wherever that is.
        init(_ steps: [SQLiteTransaction.ImportedStep], next: CaseReference) {
            location = steps.lazy.compactMap { $0.step.location?.string }.first
            let suffix = " " + next.label
            destination =
                steps.lazy.compactMap { step -> String? in
                    guard let place = step.step.destination?.string, place.hasSuffix(suffix) else { return nil }
                    return String(place.dropLast(suffix.count))
                }.last
            newest = steps.map(\.moment).max() ?? CaseEvent.Moment(atMilliseconds: .min, version: nil)
        }
    }
}

extension SQLiteTransaction {
    /// A step that an import wrote, and the change that did.
    typealias ImportedStep = (step: Step, fact: FactID, moment: CaseEvent.Moment, dot: Dot)

    /// The imported steps of a case, in listing order; none where the case is not here.
    func importedSteps(of reference: CaseReference, in home: ScopeID) throws -> [ImportedStep] {
        try logRows(of: IncidentDrafts.record(of: reference, in: home), scope: home).compactMap { row in
            let step = Step(row.value)
            guard let fact = step.fact, let at = step.at else { return nil }
            return (
                step, fact,
                CaseEvent.Moment(atMilliseconds: at.milliseconds, version: step.version.map { Int(clamping: $0) }),
                row.mark.dot
            )
        }
    }
}
