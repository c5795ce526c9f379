import ArgumentParser
import Changes
import CommandLineKit
import Replication
import SQLiteStore

/// `amends conflicts`: where people wrote different things without knowing of each other.
struct ConflictsCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflicts",
        abstract: "List fields that hold several values, for a person to choose.",
        discussion: """
            Nothing is lost meanwhile: one value is shown, the others wait here. Exit status 3 while there are any.

            Examples:
              amends conflicts
              amends conflicts --json
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let conflicts = try common.read { try FieldConflict.all(in: $0) }
        try output.print(.array(conflicts.map(\.json))) { style in
            conflicts.isEmpty ? ["nothing to choose"] : conflicts.flatMap { $0.lines(style) }
        }
        if !conflicts.isEmpty { throw CommandFailure(status: .conflictsRemain) }
    }
}

/// A field of a record that holds several values.
struct FieldConflict {
    let label: String
    let field: ShownField

    static func all(in transaction: SQLiteTransaction) throws -> [FieldConflict] {
        let reader = try CaseReader(transaction)
        // The order in which they came is another in each file.
        let records = try transaction.recordsWithConflicts(limit: .max).map {
            (label: reader.label(of: $0), record: $0)
        }
        .sorted { ($0.label, $0.record.id) < ($1.label, $1.record.id) }
        return try records.flatMap { label, record in
            try reader.conflicts(of: record).map { FieldConflict(label: label, field: $0) }
        }
    }

    var json: JSONValue {
        [
            "case": .string(label), "field": .string(field.name.string), "values": .array(field.values.map(\.json)),
        ]
    }

    func lines(_ style: TextStyle) -> [String] {
        var table = TextTable()
        let texts = field.values.map { $0.value.text(of: field.name) }
        for (written, text) in zip(field.values, texts) {
            var shown = text
            // Two people may have one name.
            if case .customer(let subject, name: .some) = written.value, texts.count(where: { $0 == text }) > 1 {
                shown += " (\(subject))"
            }
            table.add(["  " + shown, written.by.person, written.by.branch, written.by.at.text])
        }
        return [style.heading("\(label.visible)  \(field.name.string.visible)")] + table.lines()
    }
}
