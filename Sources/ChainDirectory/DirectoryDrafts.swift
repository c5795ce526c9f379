import Causality
import Changes

/// The hub's changes to the directory.
///
/// `person` is who asked for it, as an id of 1 to 256 bytes; `zoneMinutes` the offset of the hub's clock from UTC.
/// Names are at most 256 bytes.
package enum DirectoryDrafts {
    /// Adds a branch; written again, it writes the same record anew.
    ///
    /// - Throws: `.name` for an empty or a long name.
    package static func add(
        _ branch: BranchEntry, person: Text, zoneMinutes: Int16 = 0
    ) throws(DirectoryError) -> ChangeDraft {
        try check(branch.name)
        return draft(branch.values, of: branch.origin, person, zoneMinutes)
    }

    /// Gives a branch another name. Scope and code stay.
    ///
    /// - Throws: `.name` for an empty or a long name.
    package static func rename(
        _ branch: BranchRecord, to name: Text, person: Text, zoneMinutes: Int16 = 0
    ) throws(DirectoryError) -> ChangeDraft {
        try check(name)
        return draft([(BranchEntry.Field.name, .text(name))], of: branch.origin, person, zoneMinutes)
    }

    /// Gives a branch the scope that its first machine brought. Its record stays the one that it is.
    package static func adopt(
        _ scope: ScopeID, named scopeName: Text, into branch: BranchRecord, person: Text, zoneMinutes: Int16 = 0
    ) -> ChangeDraft {
        draft(
            [(BranchEntry.Field.scope, .bytes(scope.bytes)), (BranchEntry.Field.scopeName, .text(scopeName))],
            of: branch.origin, person, zoneMinutes)
    }

    /// Adds a machine, or gives one that is there a new certificate.
    ///
    /// - Throws: `.name` for an empty or a long name.
    package static func add(
        _ machine: MachineEntry, person: Text, zoneMinutes: Int16 = 0
    ) throws(DirectoryError) -> ChangeDraft {
        try check(machine.name)
        return draft(machine.values, of: machine.origin, person, zoneMinutes)
    }

    private static func check(_ name: Text) throws(DirectoryError) {
        guard (1...Limit.nameBytes.value).contains(name.string.utf8.count) else { throw .name(name) }
    }

    private static func draft(
        _ values: [(Text, Value)], of record: RecordOrigin, _ person: Text, _ zoneMinutes: Int16
    ) -> ChangeDraft {
        let operations = values.map { field, value in
            FieldOperation(record: 0, target: FieldTarget(field: field, kind: .register), value: value)
        }
        return ChangeDraft(
            person: person, zoneMinutes: zoneMinutes, schema: DirectorySchema.id,
            operations: Operations(records: [record], operations: operations))
    }
}

/// Why something was not written into the directory.
package enum DirectoryError: Error, Hashable, Sendable {
    /// A name is empty or longer than 256 bytes.
    case name(Text)
}

extension DirectoryError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .name(let name): "“\(name)” is no name: 1 to \(Limit.nameBytes.value) bytes"
        }
    }
}
