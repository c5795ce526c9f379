import Causality
import Changes
import ServiceRecovery
import Testing

@Suite struct SchemaTests {
    /// A field that is not known by its number travels by its name: it works, and takes bytes in each small exchange.
    @Test(arguments: [CaseSchema.schema, IncidentWorkloadSchema.schema]) func fieldsAreKnownNamesOfTheWireFormat(
        _ schema: Schema
    ) {
        let names = schema.recordTypes.flatMap { $0.fields.map(\.name.string) } + [Schema.typeField.string]
        #expect(Set(names).isSubset(of: KnownNames.all))
    }

    @Test(arguments: [CaseSchema.schema, IncidentWorkloadSchema.schema]) func aSchemaIsSound(_ schema: Schema) {
        for type in schema.recordTypes {
            let columns = type.fields.map(\.name.string) + type.derivedColumns.map(\.name)
            #expect(Set(columns.map { $0.lowercased() }).count == columns.count)
            #expect(Set(columns).isDisjoint(with: ["rid", "id", "scope", Schema.typeField.string]))
            for field in type.fields {
                let own = ["rid", "key", "change", "person", "recorded_at"]
                #expect(Set(field.entryColumns.map(\.name)).isDisjoint(with: own))
                #expect(field.kind == .log || field.entryColumns.isEmpty)
                #expect(Set(field.entryColumns.map(\.name)).count == field.entryColumns.count)
            }
            let empty = RecordView(id: RecordID(high: 0, low: 0), state: RecordState(), log: [])
            #expect(type.derive(empty).count == type.derivedColumns.count)
        }
        let tables = schema.recordTypes.flatMap { type in
            [type.table] + type.fields.filter { $0.kind == .set || $0.kind == .log }.map { "\(type.table)_\($0.name)" }
        }
        #expect(Set(tables).count == tables.count)
    }

    @Test func theSchemasHaveNothingInCommon() {
        #expect(CaseSchema.id != IncidentWorkloadSchema.id)
        #expect(CaseSchema.schema.recordType(IncidentWorkloadSchema.recordType) == nil)
        #expect(CaseSchema.schema.recordTypes[0].table != IncidentWorkloadSchema.schema.recordTypes[0].table)
    }

    @Test func everyDraftObeysItsSchema() throws {
        let new = NewCase(
            title: "Cold soup", category: "food", severity: .serious, assignee: "ani", team: "kitchen", tags: ["late"],
            customer: Customer(Sample.rina, name: "Rina"), number: "JKT-QXB-000123-J", movedFrom: "INC1",
            at: Sample.moment)
        let draft = try CaseDrafts.open(new, by: Sample.author())
        #expect(try CaseSchema.schema.violation(of: EncodedOperations(draft.operations.encoded())) == nil)
        let known = CaseSchema.schema.recordTypes[0]
        for operation in draft.operations.operations where operation.target.field != Schema.typeField {
            #expect(known.field(operation.target.field) != nil)
        }
    }

    @Test func aStepFillsItsColumns() throws {
        let fact = FactID(ofKey: [1, 2, 3])
        var history = History()
        let step = NewStep(.imported, at: Sample.moment, note: .plain("Sorry"), status: "Active", fact: fact)
        let opened = history.commit(try CaseDrafts.open(NewCase("Cold soup", first: step), by: Sample.author()))
        let row = try #require(history.view(history.record(of: opened)).rows(of: CaseSchema.Field.steps).first)
        let field = try #require(CaseSchema.schema.recordTypes[0].field(CaseSchema.Field.steps))
        #expect(
            field.entryValues(row.value) == [
                .text("imported"), .text("Active"), .text("Sorry"), .integer(1_456_700_160_000), .integer(420),
                .text(fact.description),
            ])
        #expect(field.entryColumns.map(\.name) == ["kind", "status", "note", "at", "zone", "fact"])
    }
}
