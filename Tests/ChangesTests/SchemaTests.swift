import Causality
import Changes
import Testing

@Suite("A field never changes kind")
struct SchemaTests {
    private let schema = Schema(
        id: "shop/1",
        recordTypes: [
            RecordType(
                name: "case", table: "recovery_case",
                fields: [FieldDefinition("status"), FieldDefinition("tags", .set), FieldDefinition("visits", .total)]),
            RecordType(name: "note", table: "note", fields: [FieldDefinition("tags", .register)]),
        ])

    @Test func ofTheSchemasFieldsOnlyTheirKindIsTaken() {
        #expect(violation("status", .register) == nil)
        #expect(violation("status", .total) == "the field status is never of kind 5")
        #expect(violation("visits", .register) == "the field visits is never of kind 1")
        #expect(violation("visits", FieldKind(rawValue: 99)) == "the field visits is never of kind 99")
    }

    /// Found in review: each type judged every record's fields, so that no record could have such a field.
    @Test func twoTypesMayGiveOneNameTwoKinds() {
        #expect(violation("tags", .set, element: .text("late")) == nil)
        #expect(violation("tags", .register) == nil)
        #expect(violation("tags", .log) == "the field tags is never of kind 6")
    }

    @Test func theTypeIsARegister() {
        #expect(violation(Schema.typeField, .register) == nil)
        #expect(violation(Schema.typeField, .log) != nil)
    }

    @Test func unknownFieldsBreakNothing() {
        #expect(violation("warp", .log) == nil)
        #expect(violation("warp", FieldKind(rawValue: 99)) == nil)
    }

    private func violation(_ field: Text, _ kind: FieldKind, element: Value? = nil) -> String? {
        let value: Value = kind == .enableWinsFlag || kind == .disableWinsFlag ? .boolean(true) : .integer(1)
        let element = kind == .set ? element ?? .integer(1) : element
        let operations = Operations(
            records: [.here(index: 0)], operations: [Samples.operation(field, kind, value, element: element)])
        do { return schema.violation(of: try EncodedOperations(operations.encoded())) } catch { return "\(error)" }
    }
}
