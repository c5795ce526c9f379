import ArgumentParser
import BranchService
import Causality
import Changes
import CommandLineKit
import ServiceRecovery

/// `amends case set`: writes fields.
struct CaseSetCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Write fields of a case.",
        discussion: """
            FIELD=VALUE writes a field and FIELD= clears it; tags+=VALUE adds a tag and tags-=VALUE removes it. All of \
            one command is one change.

            Examples:
              amends case set JKT-QXB-000001-W severity=3 assignee=budi --by rina
              amends case set JKT-QXB-000001-W tags+=refund --by rina
              amends case set JKT-QXB-000001-W category=drinks --shown 0a1b2c3d:14 --by rina
            """)

    @OptionGroup var target: CaseArgument
    @OptionGroup var shown: ShownOptions

    @Argument(help: ArgumentHelp("What to write.", valueName: "field=value"))
    var assignments: [String]

    @OptionGroup var author: AuthorOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let receipt = try common.write { replica in
            try replica.write { pen in
                let desk = try CaseDesk(pen, caseNamed: target.name)
                let edits = try assignments.map {
                    try CaseEdit(parsing: $0, customer: SubjectID(replica.randomBytes(SubjectID.byteCount)))
                }
                return try desk.write(edits, shown: try shown.references(desk), by: author)
            }
        }
        try output.print(saved: "the change", receipt.json) { _ in ["\(receipt.label.visible): saved"] }
    }
}

/// Which versions a person was shown before they wrote.
struct ShownOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Replace only the values of these changes: those that the person was shown.",
            discussion: "Changes are named as `conflicts --json` and `log` print them, with commas between.",
            valueName: "change,…"))
    var shown: String?

    /// Nil where nothing was said: a write then replaces all that the replica holds.
    func references(_ desk: CaseDesk) throws -> [ChangeReference]? {
        try shown.map { list in
            let names = list.split(separator: ",").map(String.init)
            if names.isEmpty {
                throw CommandFailure(
                    "--shown names no change; without it all that this replica holds is replaced", status: .usage)
            }
            return try desk.shown(names)
        }
    }
}
