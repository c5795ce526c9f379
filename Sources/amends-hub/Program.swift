import ArgumentParser
import CommandLineKit
import Foundation

/// Where the process begins.
@main
enum Program {
    static func main() async {
        // Keys and databases are nobody else's business, whatever the caller's mask is.
        umask(0o077)
        await CommandRun(HubCommand.self)()
    }
}

/// `amends-hub`: what brings the branches of a chain together.
struct HubCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "amends-hub",
        abstract: "Bring the branches of a chain together.",
        discussion: """
            A hub keeps one database a chain in a folder of its own. Branches join it with one-time codes and exchange \
            over HTTP. Commands work on the folder (--data), also while a hub serves it, or on a hub that runs \
            elsewhere (--url, with AMENDS_ADMIN_TOKEN).

            Examples:
              amends-hub init --data ./hub --chain "Corner Cafés"
              amends-hub serve --data ./hub --listen 127.0.0.1:8080
              amends-hub branch add Kemang --data ./hub
              amends-hub report cases --data ./hub --json

            Exit status: 0 done, 1 failed, 2 not understood.
            """,
        version: "amends-hub 0.1.0",
        subcommands: [InitCommand.self, ServeCommand.self, BranchCommand.self, ReportCommand.self])
}
