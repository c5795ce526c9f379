import ArgumentParser
import BranchService
import CommandLineKit
import Inspection
import Replication
import SQLiteStore

/// `amends bundle`: synchronises by file.
struct BundleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle",
        abstract: "Carry what a replica has to another one in a file, without the hub.",
        discussion: """
            A bundle is signed and is taken only by replicas of the same chain.

            Examples:
              amends bundle create /media/usb/kemang.bundle
              amends bundle apply /media/usb/kemang.bundle
            """,
        subcommands: [BundleCreateCommand.self, BundleApplyCommand.self])
}

/// `amends bundle create`.
struct BundleCreateCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Write all that this replica has into a file.",
        discussion: """
            The file is readable by its owner alone: it holds customers' names.

            Example:
              amends bundle create /media/usb/kemang.bundle
            """)

    @Argument(help: "The file to write.", completion: .file())
    var file: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let byteCount = try common.write { try $0.createBundle(at: file) }
        try output.print(["file": .string(file), "bytes": JSONValue(byteCount)]) { _ in
            ["\(file): \(byteCount) bytes".visible]
        }
    }
}

/// `amends bundle apply`.
struct BundleApplyCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Take in what another replica wrote into a file.",
        discussion: """
            What belongs to other branches is left out. Exit status 4 when something of one's own branch could not be \
            taken. Applying a file twice adds nothing.

            Example:
              amends bundle apply /media/usb/kemang.bundle
            """)

    @Argument(help: "The file to read.", completion: .file())
    var file: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let (outcome, refusals) = try common.write { replica in
            let outcome = try replica.applyBundle(at: file)
            let refusals = try replica.store.read { transaction in
                let names = try ChainNames(transaction)
                return try outcome.refusals.filter { $0.refusal.code != .noGrant }.map { try names.sentence(on: $0) }
            }
            return (outcome, refusals)
        }
        for refusal in refusals { Console.standard.say(refusal.visible) }
        try output.print(["received": JSONValue(outcome.received), "applied": JSONValue(outcome.applied)]) { _ in
            ["\(outcome.received) changes received"]
        }
        if !refusals.isEmpty { throw CommandFailure(status: .incomplete) }
    }
}
