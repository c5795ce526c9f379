import ArgumentParser
import CommandLineKit

/// `amends-hub branch code`: another machine of a branch.
struct BranchCodeCommand: LoggingCommand, AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "code",
        abstract: "Print a one-time code for another machine of a branch.",
        discussion: """
            Examples:
              amends-hub branch code Kemang --data ./hub
            """)

    @Argument(help: "The branch, by name.")
    var name: String

    @OptionGroup var chain: ChainOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var log: LogOptions

    func run() async throws {
        let code = try await chain.administration().newCode(branch: name)
        try output.print(saved: "a code that nobody has seen", code.json) { code.lines($0) }
    }
}
