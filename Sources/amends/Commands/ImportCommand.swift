import ArgumentParser

/// `amends import`: takes in what another system holds; a subcommand for each format.
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take in the records of another system.",
        discussion: """
            Examples:
              amends import incident-log incidents.csv.gz --location "Location 143"
            """,
        subcommands: [ImportIncidentLogCommand.self])
}
