import Changes

/// Who belongs to a chain: its branches and their machines. The hub writes it into the scope `common`, so that every
/// replica knows names and codes, and a restored hub learns again what it gave.
package enum DirectorySchema {
    package static let id: Text = "directory/1"

    package static let schema = Schema(
        id: id,
        recordTypes: [
            RecordType(
                name: BranchEntry.recordType, table: "branch",
                fields: [
                    FieldDefinition(BranchEntry.Field.name),
                    FieldDefinition(BranchEntry.Field.code),
                    FieldDefinition(BranchEntry.Field.scope, columnType: .blob),
                    FieldDefinition(BranchEntry.Field.scopeName),
                    FieldDefinition(BranchEntry.Field.headquarters, columnType: .integer),
                ]),
            RecordType(
                name: MachineEntry.recordType, table: "machine",
                fields: [
                    FieldDefinition(MachineEntry.Field.certificate, columnType: .blob),
                    FieldDefinition(MachineEntry.Field.replica, columnType: .blob),
                    FieldDefinition(MachineEntry.Field.branchScope, columnType: .blob),
                    FieldDefinition(MachineEntry.Field.mark),
                    FieldDefinition(MachineEntry.Field.name),
                    FieldDefinition(MachineEntry.Field.enrolledAt, columnType: .integer),
                ]),
        ])
}
