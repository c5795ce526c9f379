import ArgumentParser
import Changes
import CommandLineKit
import ReplicaSettings
import Replication
import SQLiteStore
import ServiceRecovery

/// Where the process begins.
@main
enum Program {
    static func main() async {
        await CommandRun(AmendsCommand.self, describe: { ($0 as? Refusal)?.reason.string }, classify: status)()
    }

    /// Of what was asked for and cannot be meant so, whatever lies in the file; and of a file that is damaged.
    @Sendable private static func status(of error: any Error) -> ExitStatus? {
        if error is CaseError { return .usage }
        let isDamage =
            error is DamagedRecord || error is MissingChange || error is DamagedSetting
            || StoredDamage.isTold(by: error)
        return isDamage ? .damage : nil
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
              amends case step JKT-QXB-000001-W apologised --by rina
              amends case list --status noticed
              amends join https://hub.example --code 7K2M-9QXR-W4TD-H6PB-3NVC-8FJA-E5SG
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
