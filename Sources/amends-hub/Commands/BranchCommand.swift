import ArgumentParser

/// `amends-hub branch`: who belongs to the chain.
struct BranchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "branch",
        abstract: "Add branches, give codes, list them.",
        discussion: """
            Examples:
              amends-hub branch add Kemang --data ./hub
              amends-hub branch list --data ./hub
            """,
        subcommands: [BranchAddCommand.self, BranchCodeCommand.self, BranchListCommand.self])
}
