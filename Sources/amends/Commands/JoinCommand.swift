import ArgumentParser
import BranchService
import ChainDirectory
import CommandLineKit
import Foundation
import ReplicaSettings
import SQLiteStore
import SyncHTTP

/// `amends join`: a machine becomes one of a branch's, by a one-time code.
struct JoinCommand: AsyncParsableCommand, ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "join",
        abstract: "Join a chain with a one-time code of headquarters.",
        discussion: """
            Makes the replica where there is none. A branch that was begun with `amends init` comes along with all that \
            it has recorded. After a lost answer the same code may be tried again.

            Examples:
              amends join https://hub.example --code 7K2M-9QXR-W4TD-H6PB-3NVC-8FJA-E5SG
              amends join http://127.0.0.1:8080 --code 7K2M-9QXR-W4TD-H6PB-3NVC-8FJA-E5SG --replica ./kemang.sqlite
            """)

    @Argument(help: ArgumentHelp("Where the hub is; the URL may have a path prefix.", valueName: "url"))
    var address: HubAddress

    @Option(help: "The one-time code.")
    var code: String

    @Option(help: ArgumentHelp("What people call this machine.", discussion: "Default: its host name."))
    var name: String?

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let name, let fault = DirectoryName.fault(of: name) { throw ValidationError("--name: \(fault).") }
        guard EnrolmentCode(typed: code) != nil else {
            throw ValidationError(
                "--code is no code: one has \(EnrolmentCode.symbolCount) letters and digits, in groups of four.")
        }
    }

    func run() async throws {
        let machine = name ?? ProcessInfo.processInfo.hostName
        let replica = try await Replica.join(path: common.path, address: address, code: code, name: machine)
        let joined = try replica.store.read { try JoinedBranch($0) }
        try replica.close()
        try output.print(saved: "the membership", joined.json) { _ in
            [
                "\(joined.branch.visible) belongs to \(joined.chain.visible); `amends sync` exchanges what there is",
                "case numbers begin with \(joined.code)",
            ]
        }
    }
}

/// What a replica knows of its branch once it has joined.
private struct JoinedBranch {
    let chain: String
    let branch: String
    let code: String

    init(_ transaction: SQLiteTransaction) throws {
        guard let chain = try transaction.text(.chainName), let branch = try transaction.text(.branchName),
            let code = try transaction.text(.branchCode)
        else { throw ReplicaError.notJoined }
        self.chain = chain
        self.branch = branch
        self.code = code
    }

    var json: JSONValue { ["chain": .string(chain), "branch": .string(branch), "code": .string(code)] }
}

extension HubAddress: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
