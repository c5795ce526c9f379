import ArgumentParser
import Causality
import Changes
import CommandLineKit
import Inspection
import SQLiteStore
import ServiceRecovery

/// `amends case list`: all cases, or some.
struct CaseListCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List cases, those whose latest step is newest first.",
        discussion: """
            Examples:
              amends case list --status noticed --limit 20
              amends case list --branch Kemang --json
            """)

    @Option(help: "Only cases of this status.")
    var status: String?

    @Option(help: "Only cases of this branch, by its name or code.")
    var branch: String?

    @Option(help: ArgumentHelp("At most so many.", discussion: "Default: all."))
    var limit: Int?

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is 1 or more.") }
    }

    func run() throws {
        let cases = try common.read { transaction in
            let names = try ChainNames(transaction)
            let scope = try branch.map { try names.existingScope(named: $0) }
            if let status { try CaseListCommand.check(status, transaction) }
            return try transaction.cases(CaseFilter(status: status, scope: scope, limit: limit ?? .max)).map {
                ListedCase(row: $0, branch: try names.name(of: $0.place.scope))
            }
        }
        try output.print(.array(cases.map(\.json))) { style in
            var table = TextTable(["case", "status", "severity", "title", "assignee", "branch", "changed", ""])
            for listed in cases { table.add(listed.cells) }
            return cases.isEmpty ? ["no cases"] : table.lines(style)
        }
    }

    /// A status that no case has is a slip, unless it is one that a case can come to.
    private static func check(_ status: String, _ transaction: SQLiteTransaction) throws {
        let known = Set(CaseStatus.all.map(\.string)).union(try transaction.caseCounts().map(\.status))
        guard known.contains(status) else {
            throw CommandFailure(
                "no case is “\(status)”; there are \(known.sorted().joined(separator: ", "))", status: .usage)
        }
    }
}

/// A case in a list.
private struct ListedCase {
    let row: CaseRow
    let branch: String

    var label: String { row.number ?? row.place.id.description }

    var json: JSONValue {
        [
            "case": .string(label), "id": .string(row.place.id.description), "branch": .string(branch),
            "status": .string(row.status), "title": JSONValue(row.title), "category": JSONValue(row.category),
            "severity": JSONValue(row.severity), "assignee": JSONValue(row.assignee), "team": JSONValue(row.team),
            "openedAt": JSONValue(row.openedAt.map { CivilTime.iso(milliseconds: $0) }),
            "updatedAt": JSONValue(row.updatedAt.map { CivilTime.iso(milliseconds: $0) }),
            "conflicts": JSONValue(row.conflicts),
        ]
    }

    /// A long title would push all else out of sight; `case show` has all of it.
    private static var titleColumns: Int { 60 }

    var cells: [String?] {
        let title = row.title.map { $0.visible.cut(toColumns: ListedCase.titleColumns) }
        return [
            label, row.status, row.severity.map { String($0) }, title, row.assignee, branch,
            row.updatedAt.map { CivilTime.text(milliseconds: $0) }, row.conflicts > 0 ? "to choose" : nil,
        ]
    }
}
