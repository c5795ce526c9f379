/// Remembers every incident of one import, wherever there is room for that.
///
/// The log is usually grouped by incident but may be in order of time, so any incident may come back at any row. The
/// mapper holds the one it is at, and asks only when the next row is another's.
package protocol VisitMemory {
    /// What was last remembered of an incident, or nil if it is new in this import.
    func visits(of number: String) throws -> IncidentVisits?

    /// Replaces what is known of an incident.
    mutating func remember(_ visits: IncidentVisits, of number: String) throws
}

/// What a visit memory was given back is not what it had stored.
package enum VisitMemoryError: Error, Equatable, Sendable {
    case damaged(incident: String)
}

extension VisitMemoryError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .damaged(let incident): "What the import remembered of incident \(incident) is damaged."
        }
    }
}

/// Keeps the visits in the process: for tests, and for files known to be small.
package struct InMemoryVisitMemory: VisitMemory {
    private var visits: [String: IncidentVisits] = [:]

    package init() {}

    package func visits(of number: String) -> IncidentVisits? { visits[number] }

    package mutating func remember(_ visits: IncidentVisits, of number: String) {
        self.visits[number] = visits
    }
}
