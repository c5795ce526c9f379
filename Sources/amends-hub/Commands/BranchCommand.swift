import ArgumentParser

/// `amends-hub branch`: who belongs to the chain.
struct BranchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "branch",
        abstract: "Add branches, give codes, list them.",
        subcommands: [BranchAddCommand.self, BranchCodeCommand.self, BranchListCommand.self])
}
