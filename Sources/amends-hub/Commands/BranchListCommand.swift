import ArgumentParser
import CommandLineKit
import SyncHTTP

/// `amends-hub branch list`: the branches of a chain.
struct BranchListCommand: LoggingCommand, AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the branches of a chain.",
        discussion: """
            Examples:
              amends-hub branch list --data ./hub
              amends-hub branch list --data ./hub --json
            """)

    @OptionGroup var chain: ChainOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var log: LogOptions

    func run() async throws {
        let branches = try await chain.administration().branches()
        try output.print(.array(branches.map(\.json))) { style in
            var table = TextTable(["branch", "code", "machines", "position", "scope"])
            for branch in branches {
                table.add([
                    branch.branch + (branch.headquarters ? " (headquarters)" : ""), branch.code,
                    String(branch.machines), String(branch.position), branch.scope,
                ])
            }
            return branches.isEmpty ? ["no branches yet: amends-hub branch add NAME"] : table.lines(style)
        }
    }
}

extension BranchReport {
    fileprivate var json: JSONValue {
        [
            "branch": .string(branch), "code": .string(code), "headquarters": .boolean(headquarters),
            "scope": .string(scope), "position": JSONValue(position), "machines": JSONValue(machines),
        ]
    }
}
