import ArgumentParser
import Changes
import CommandLineKit
import Foundation
import Logging
import Replication

/// The program's life: parse, run, and end with a status that says how it went.
@main
enum Program {
    static func main() async {
        Console.prepareProcess()
        Foundation.exit(await status(of: Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    /// The only place that turns an outcome into an exit status.
    private static func status(of arguments: [String]) async -> ExitStatus {
        let console = Console.standard
        var command: any ParsableCommand
        do {
            command = try await AmendsCommand.asyncParseAsRoot(arguments)
        } catch {
            return report(unparsed: error, console)
        }
        do {
            (command as? any ReplicaCommand)?.common.log.prepare(console)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return .done
        } catch let failure as CommandFailure {
            if !failure.description.isEmpty { console.say("Error: \(failure.description.visible)") }
            return failure.status
        } catch is CancellationError {
            return .done
        } catch  where AmendsCommand.exitCode(for: error) != .failure {
            // The parser's own: `help` is a command too, and what a command finds wrong with its arguments.
            return report(unparsed: error, console)
        } catch {
            console.say("Error: \(sentence(for: error).visible)")
            return .failed
        }
    }

    /// Prints help, version or a completion script as a result, and what was not understood as talk.
    private static func report(unparsed error: any Error, _ console: Console) -> ExitStatus {
        let status = ExitStatus(parserStatus: AmendsCommand.exitCode(for: error).rawValue)
        let message = AmendsCommand.fullMessage(for: error)
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
        switch error {
        case is CocoaError, is POSIXError: error.localizedDescription
        case let refusal as Refusal: refusal.reason.string
        default: "\(error)"
        }
    }
}

/// `amends`: what a branch and an engineer do with a replica.
struct AmendsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "amends",
        abstract: "Record what went wrong for a customer and how it was made right, with or without a network.",
        discussion: """
            A branch works on its replica, one file. It is named by --replica, else by AMENDS_REPLICA, else it is \
            amends/replica.sqlite in the XDG data folder.

            Examples:
              amends init --name "Kemang"
              amends case open --title "Cold soup, table 4" --severity 2 --by rina
              amends case step JKT-QXB-000001-V apologised --by rina
              amends case list --status noticed
              amends join https://hub.example --code 7K2M-9QXR-W4TD
              amends sync

            Exit status: 0 done, 1 failed, 2 not understood, 3 conflicts remain, 4 not everything could be \
            exchanged, 5 damage.
            """,
        version: "amends \(Version.current)",
        groupedSubcommands: [
            CommandGroup(
                name: "Branch",
                subcommands: [
                    InitCommand.self, JoinCommand.self, SyncCommand.self, BundleCommand.self, StatusCommand.self,
                ]),
            CommandGroup(
                name: "Case",
                subcommands: [
                    CaseCommand.self, ConflictsCommand.self, ResolveCommand.self, LogCommand.self, ImportCommand.self,
                ]),
            CommandGroup(
                name: "Diagnosis",
                subcommands: [ExplainCommand.self, TraceCommand.self, VerifyCommand.self, DiffCommand.self]),
        ])
}

/// The version of the programs.
enum Version {
    static let current = "0.1.0"
}
