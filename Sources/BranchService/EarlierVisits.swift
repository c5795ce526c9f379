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

    /// Where `row`, the first of its incident in a file, finds the incident: at the visit that has the row already; at the last one, where
    /// the row is not surely earlier than all that is here; else at the last one that had begun when it was written, at its place.
    ///
    /// - Parameter fact: the row's.
    /// - Returns: nil where no case is here, and where the row is earlier than all of them and none is of the first visit: then the
    ///   file is taken to tell the incident from its beginning.
    /// - Throws: `MisplacedRow` where the incident was not at the row's place, as far as is known here.
    /// - Complexity: O(steps of the incident's cases).
    func start(_ row: IncidentRow, _ fact: IncidentFact) throws -> VisitStart? {
        let (update, departure) = (FactID(ofKey: fact.key(.update).bytes), FactID(ofKey: fact.key(.departure).bytes))
        var cases: [Int: ImportedCase] = [:]
        var last = 0
        var visit = 1
        while visit <= last + 1 + EarlierVisits.skippedVisits {
            let steps = try steps(of: visit, row.number)
            if !steps.isEmpty {
                cases[visit] = ImportedCase(steps, next: reference(visit + 1, row.number))
                last = visit
                if steps.contains(where: { $0.fact == update }) { return start(at: visit, cases) }
                // The row that ended this stay belongs to the next one.
                if steps.contains(where: { $0.fact == departure }) {
                    let next = try self.steps(of: visit + 1, row.number)
                    if !next.isEmpty {
                        cases[visit + 1] = ImportedCase(next, next: reference(visit + 2, row.number))
                    }
                    return start(at: visit + 1, cases)
                }
            }
            visit += 1
        }
        guard let found = cases[last], let newest = cases.values.map(\.newest).max() else { return nil }
        let moment = CaseEvent.Moment(atMilliseconds: row.updatedAtMilliseconds, version: row.version)
        if !moment.isLate(after: newest) { return start(at: found.destination == nil ? last : last + 1, cases) }
        func isThere(_ visit: Int) -> Bool {
            guard let place = row.location, let known = location(of: visit, cases) else { return true }
            return place == known
        }
        let begun = cases.keys.filter { cases[$0].map { $0.oldest <= moment } ?? false && isThere($0) }
        if let visit = begun.max() { return start(at: visit, cases) }
        if cases.values.allSatisfy({ moment < $0.oldest }) {
            if cases[1] == nil { return nil }
            if isThere(1) { return start(at: 1, cases) }
        }
        throw MisplacedRow(location: row.location ?? IncidentVisits.unknownLocation)
    }

    private func reference(_ visit: Int, _ number: String) -> CaseReference {
        CaseReference(location: "", number: number, visit: visit)
    }

    private func steps(of visit: Int, _ number: String) throws -> [SQLiteTransaction.ImportedStep] {
        try transaction.importedSteps(of: reference(visit, number), in: home)
    }

    private func location(of visit: Int, _ cases: [Int: ImportedCase]) -> String? {
        cases[visit]?.location ?? cases[visit - 1]?.destination
    }

    private func start(at visit: Int, _ cases: [Int: ImportedCase]) -> VisitStart {
        VisitStart(
            earlier: (1..<visit).map { cases[$0] == nil ? nil : location(of: $0, cases) },
            current: location(of: visit, cases), isOpen: cases[visit] != nil)
    }

    /// What the steps of one case tell.
    private struct ImportedCase {
        /// Nil where an earlier program imported it.
        let location: String?
        /// The location that the incident left for; nil where it did not.
        let destination: String?
        let oldest: CaseEvent.Moment
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
            let moments = steps.map(\.moment)
            let none = CaseEvent.Moment(atMilliseconds: .min, version: nil)
            (oldest, newest) = (moments.min() ?? none, moments.max() ?? none)
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
