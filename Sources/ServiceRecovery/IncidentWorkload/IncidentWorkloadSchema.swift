import Changes

/// The sixteen columns of the benchmark's incident log, as a schema of their own: it shares nothing with cases, and
/// the engine carries it without knowing either.
///
/// Source of the columns: Amaral, Fantinato, Peres, "Incident management process enriched event log", UCI Machine
/// Learning Repository, doi 10.24432/C57S4H.
package enum IncidentWorkloadSchema {
    package static let id: Text = "incident-workload/1"
    package static let recordType: Text = "incident"
    /// The system that the records' numbers are from.
    package static let source: Text = "incident-workload"

    /// In the trace's order: a column is named by its index.
    package static let fields = [
        FieldDefinition("incident_state"),
        FieldDefinition("active", columnType: .integer),
        FieldDefinition("reassignment_count", columnType: .integer),
        FieldDefinition("reopen_count", columnType: .integer),
        FieldDefinition("sys_mod_count", columnType: .integer),
        FieldDefinition("made_sla", columnType: .integer),
        FieldDefinition("caller_id"),
        FieldDefinition("opened_at"),
        FieldDefinition("sys_updated_at"),
        FieldDefinition("category"),
        FieldDefinition("impact"),
        FieldDefinition("priority"),
        FieldDefinition("assignment_group"),
        FieldDefinition("assigned_to"),
        FieldDefinition("resolved_at"),
        FieldDefinition("closed_at"),
    ]

    package static let schema = Schema(
        id: id, recordTypes: [RecordType(name: recordType, table: "incident", fields: fields)])
}
