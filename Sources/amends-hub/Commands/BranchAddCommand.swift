import ArgumentParser
import ChainDirectory
import CommandLineKit
import SyncHTTP

/// `amends-hub branch add`: a branch, and the code of its first machine.
struct BranchAddCommand: LoggingCommand, AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a branch and print a one-time code for its first machine.",
        discussion: """
            Examples:
              amends-hub branch add Kemang --data ./hub
              amends-hub branch add "Head office" --headquarters --data ./hub --json
              AMENDS_ADMIN_TOKEN=... amends-hub branch add Kemang --url https://hub.example
            """)

    @Argument(help: "What people call the branch.")
    var name: String

    @Flag(help: "The branch that sees all others; a chain has one.")
    var headquarters = false

    @OptionGroup var chain: ChainOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var log: LogOptions

    func validate() throws {
        if let fault = DirectoryName.fault(of: name) { throw ValidationError("\(fault).") }
    }

    func run() async throws {
        let code = try await chain.administration().addBranch(name, isHeadquarters: headquarters)
        try output.print(saved: "the branch (`amends-hub branch code` gives it another code)", code.json) {
            code.lines($0)
        }
    }
}

extension CodeReport {
    var json: JSONValue { ["branch": .string(branch), "code": .string(code), "expires": .string(expires)] }

    func lines(_ style: TextStyle) -> [String] {
        [
            "code for a machine of \(branch.visible): \(code)",
            style.faint("Good for one machine until \(expires). There: amends join URL --code \(code)"),
        ]
    }
}
