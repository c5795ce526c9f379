/// One row of the incident log: what was known of an incident after one update.
///
/// Nil means missing, which the log spells `?` or nothing. Times are milliseconds since 1970 UTC, exact to the
/// minute. Nothing here comes from the row's future: the log writes the final `resolved_*` and `closed_*` values on
/// every row of an incident, and they are taken only from rows that are in that state and not earlier than that time.
package struct IncidentRow: Equatable, Sendable {
    /// Line on which the row starts, counted from 1.
    package var line: Int
    /// The incident's number, such as `INC0000045`.
    package var number: String
    /// `sys_mod_count`: usually rises from row to row, but skips, and sometimes falls.
    package var version: Int
    package var updatedAtMilliseconds: Int64
    package var updatedBy: String
    /// The zone by which the row's local times were read.
    package var zone: ZoneOffset
    /// The log's own word, such as `Awaiting User Info`.
    package var state: String
    /// Where the incident was said to be; nil leaves it where it was.
    package var location: String?

    package var openedBy: String?
    package var openedAtMilliseconds: Int64?
    package var callerID: String?
    package var contactType: String?

    package var category: String?
    package var subcategory: String?
    package var symptom: String?

    package var impact: String?
    package var urgency: String?
    package var priority: String?

    package var assignmentGroup: String?
    package var assignedTo: String?
    package var reassignmentCount: Int?
    package var reopenCount: Int?
    package var madeSLA: Bool?

    /// Nil unless the state is Resolved or Closed, and was by the row's own time.
    package var resolvedBy: String?
    /// Nil unless the state is Resolved or Closed, and was by the row's own time.
    package var resolvedAtMilliseconds: Int64?
    /// Nil unless the state is Closed, and was by the row's own time.
    package var closedAtMilliseconds: Int64?
    /// Nil unless the state is Closed, and was by the row's own time.
    package var closedCode: String?
}
