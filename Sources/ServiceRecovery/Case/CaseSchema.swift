import Changes

/// Service recovery as data for the engine: the record `case`, how its fields are read and which tables show it.
package enum CaseSchema {
    package static let id: Text = "recovery/1"
    package static let recordType: Text = "case"

    package static let schema = Schema(
        id: id,
        recordTypes: [
            RecordType(
                name: recordType, table: "recovery_case", fields: fields,
                derivedColumns: [
                    Column("status", .text), Column("opened_at", .integer), Column("updated_at", .integer),
                    Column("step_count", .integer),
                ],
                // By number, and pages of those that changed last: of a status, of a branch and status.
                indexes: [["number"], ["status", "updated_at"], ["scope", "status", "updated_at"]],
                // Since 2, of imported steps of one version the earlier one is late.
                derivation: 2, derive: derive)
        ])

    /// Low stakes are read `latest`; who the customer is, what went wrong and who sees to it are for a person to
    /// settle, and of two severities the greater counts until then.
    private static let fields = [
        FieldDefinition(Field.title),
        FieldDefinition(Field.category, reading: .ask),
        FieldDefinition(Field.severity, reading: .max, columnType: .integer),
        FieldDefinition(Field.assignee, reading: .ask),
        FieldDefinition(Field.team),
        FieldDefinition(Field.tags, .set),
        FieldDefinition(Field.customer, reading: .ask),
        FieldDefinition(Field.number),
        FieldDefinition(Field.alias, .set),
        FieldDefinition(Field.movedFrom),
        FieldDefinition(
            Field.steps, .log, entryColumns: Step.columns, entryValues: { Step($0).columnValues }),
    ]

    package enum Field {
        package static let title: Text = "title"
        package static let category: Text = "category"
        package static let severity: Text = "severity"
        package static let assignee: Text = "assignee"
        package static let team: Text = "team"
        package static let tags: Text = "tags"
        /// See `Customer`.
        package static let customer: Text = "customer"
        /// The case number, `CaseNumber` as text.
        package static let number: Text = "number"
        /// Earlier and provisional numbers, and ids in other systems.
        package static let alias: Text = "alias"
        /// The number or outside id of the case that this one continues.
        package static let movedFrom: Text = "moved_from"
        /// See `Step`.
        package static let steps: Text = "steps"
    }

    /// Status, the least and the greatest time that a step tells, and how many steps there are, an outside fact that
    /// two replicas imported counting once.
    private static let derive: @Sendable (RecordView) -> [Value] = { record in
        let steps = Step.distinct(record.rows(of: Field.steps).map { Step($0.value) })
        let times = steps.compactMap(\.at?.milliseconds)
        return [
            .text(CaseStatus.derived(from: steps)), times.min().map(Value.integer) ?? .null,
            times.max().map(Value.integer) ?? .null, .integer(Int64(steps.count)),
        ]
    }
}
