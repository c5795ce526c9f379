import ArgumentParser
import Causality
import ChainDirectory
import CommandLineKit
import HubService
import SQLiteStore

/// `amends-hub init`: a new chain.
struct InitCommand: LoggingCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a chain in a data folder.",
        discussion: """
            The administrator's token is shown once and kept nowhere else. The hub's private key lies beside the \
            database: keep both, together.

            Examples:
              amends-hub init --data ./hub --chain "Corner Cafés"
              amends-hub init --data ./hub --chain "Corner Cafés" --json
            """)

    @Option(
        help: ArgumentHelp("The hub's data folder; made where there is none.", valueName: "folder"),
        completion: .directory)
    var data: String

    @Option(help: ArgumentHelp("What people call the chain.", valueName: "name"))
    var chain: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var log: LogOptions

    func validate() throws {
        if let fault = DirectoryName.fault(of: chain) { throw ValidationError("--chain: \(fault).") }
    }

    func run() throws {
        let made = try HubFolder<SQLiteStore>(data).create(chain)
        let json: JSONValue = [
            "chain": .string(made.chain.description), "adminToken": .string(made.adminToken),
        ]
        // It is kept nowhere else, so it is said again where the result cannot be written.
        let saved = "chain \(made.chain), administrator's token \(made.adminToken),"
        try output.print(saved: saved, json) { style in
            [
                "\(chain.visible) is chain \(made.chain) in \(data.visible)",
                "administrator's token: \(made.adminToken)",
                style.faint("The token is shown this once. Next: amends-hub branch add NAME --data \(data.visible)"),
            ]
        }
    }
}
