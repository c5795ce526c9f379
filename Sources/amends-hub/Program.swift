import ArgumentParser
import CommandLineKit
import Foundation

/// The program's life: parse, run, and end with a status that says how it went.
@main
enum Program {
    static func main() async {
        Console.prepareProcess()
        // Keys and databases are nobody else's business, whatever the caller's mask is.
        umask(0o077)
        Foundation.exit(await status(of: Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    /// The only place that turns an outcome into an exit status.
    private static func status(of arguments: [String]) async -> ExitStatus {
        let console = Console.standard
        var command: any ParsableCommand
        do {
            command = try await HubCommand.asyncParseAsRoot(arguments)
        } catch {
            return report(unparsed: error, console)
        }
        do {
            (command as? any LoggingCommand)?.log.prepare(console)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return .done
        } catch let failure as CommandFailure {
            if !failure.description.isEmpty { console.say("Error: \(failure.description.visible)") }
            return failure.status
        } catch where error is ValidationError || error is CleanExit || error is ExitCode {
            return report(unparsed: error, console)
        } catch {
            console.say("Error: \(sentence(for: error).visible)")
            return .failed
        }
    }

    /// Prints help, version or a completion script as a result, and what was not understood as talk.
    private static func report(unparsed error: any Error, _ console: Console) -> ExitStatus {
        let status = ExitStatus(parserStatus: HubCommand.exitCode(for: error).rawValue)
        let message = HubCommand.fullMessage(for: error)
        guard status == .done else {
            console.say(message)
            return status
        }
        do {
            try console.write(line: message)
            return .done
        } catch {
            console.say("Error: \(sentence(for: error))")
            return .failed
        }
    }

    /// Our errors are sentences; Foundation's describe themselves for people only when they are asked so.
    private static func sentence(for error: any Error) -> String {
        if error is CocoaError || error is POSIXError { return error.localizedDescription }
        return "\(error)"
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
