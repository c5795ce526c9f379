import ArgumentParser

/// `amends case`: what a branch does with its cases.
struct CaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "case",
        abstract: "Open, work on and look at cases.",
        discussion: """
            A case is named by its number, in any spelling (jkt qxb 1 v), by an alias or its number in another system, \
            or by six or more digits of its id.

            Examples:
              amends case open --title "Cold soup, table 4" --by rina
              amends case show JKT-QXB-000001-W
              amends case list --status noticed --limit 20
            """,
        subcommands: [
            CaseOpenCommand.self, CaseStepCommand.self, CaseSetCommand.self, CaseShowCommand.self, CaseListCommand.self,
        ])
}

/// The argument that names a case.
struct CaseArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The case: its number, an alias, or six or more digits of its id.", valueName: "case"))
    var name: String
}
