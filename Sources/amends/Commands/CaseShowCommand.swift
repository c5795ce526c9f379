import ArgumentParser
import CommandLineKit

/// `amends case show`: one case.
struct CaseShowCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a case: how far it has come, its fields and its steps.",
        discussion: """
            Examples:
              amends case show JKT-QXB-000001-W
              amends case show INC0000045 --json
            """)

    @OptionGroup var target: CaseArgument

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let sheet = try common.read { transaction in
            try CaseSheet(CaseFinder(transaction).record(named: target.name), CaseReader(transaction))
        }
        try output.print(sheet.json) { sheet.lines($0) }
    }
}
