import ArgumentParser
import BranchService
import Changes
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
        abstract: "Write what this replica has into a file.",
        discussion: """
            The file is readable by its owner alone: it holds customers' names. All that the hub does not have yet is in it, \
            and the history of each scope: from where this replica has it, which after a beginning with a snapshot is not \
            its start, and at most the last \(Limit.entriesPerPage.value) changes. Where that is not all it is said; who \
            takes the bundle must have synchronised with the hub up to there.

            Example:
              amends bundle create /media/usb/kemang.bundle
            """)

    @Argument(help: "The file to write.", completion: .file())
    var file: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let (bundle, names) = try common.write { replica in
            let bundle = try replica.createBundle(at: file)
            let names = try replica.store.read { transaction in
                let names = try ChainNames(transaction)
                return try bundle.scopes.map { try names.name(of: $0.introduction.scope) }
            }
            return (bundle, names)
        }
        for (scope, name) in zip(bundle.scopes, names) {
            guard let after = scope.page?.after, after > 0 else { continue }
            Console.standard.say(
                """
                \(name): without the first \(after) changes; who takes the bundle must have them, or synchronise with the \
                hub first
                """.visible)
        }
        let scopes = zip(bundle.scopes, names).map { scope, name -> JSONValue in
            [
                "scope": .string(name), "after": JSONValue(scope.page?.after),
                "through": JSONValue(scope.page?.receipt.position), "unplaced": JSONValue(scope.push?.changeCount ?? 0),
            ]
        }
        let json: JSONValue = [
            "file": .string(file), "bytes": JSONValue(bundle.byteCount), "scopes": .array(scopes),
        ]
        try output.print(saved: "the bundle", json) { _ in ["\(file): \(bundle.byteCount) bytes".visible] }
    }
}

/// `amends bundle apply`.
struct BundleApplyCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Take in what another replica wrote into a file.",
        discussion: """
            What belongs to other branches is left out, and named. Exit status 4 when something of one's own branch could not be \
            taken. Applying a file twice adds nothing.

            Example:
              amends bundle apply /media/usb/kemang.bundle
            """)

    @Argument(help: "The file to read.", completion: .file())
    var file: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let (outcome, refusals, others) = try common.write { replica in
            let outcome = try replica.applyBundle(at: file)
            return try replica.store.read { transaction in
                let names = try ChainNames(transaction)
                return (
                    outcome, try outcome.refusals.map { try names.sentence(on: $0) },
                    try outcome.leftOut.map { try names.name(of: $0) }
                )
            }
        }
        for refusal in refusals { Console.standard.say(refusal.visible) }
        if !others.isEmpty {
            Console.standard.say("left out, being other branches': \(others.joined(separator: ", "))".visible)
        }
        let json: JSONValue = [
            "received": JSONValue(outcome.received), "applied": JSONValue(outcome.applied),
            "leftOut": .array(others.map { .string($0) }), "refused": .array(refusals.map { .string($0) }),
        ]
        try output.print(saved: "what could be taken", json) { _ in
            [outcome.received == 1 ? "1 change received" : "\(outcome.received) changes received"]
        }
        if !refusals.isEmpty { throw CommandFailure(status: .incomplete) }
    }
}
