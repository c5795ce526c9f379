import ArgumentParser
import BranchService
import Causality
import ChainDirectory
import CommandLineKit

/// `amends init`: a branch that never saw a hub.
struct InitCommand: ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a branch and its replica, without any hub.",
        discussion: """
            What is recorded before the branch joins a chain comes along when it does. The private key lies beside the \
            file, in <replica>.key: keep both, and copy neither to another machine.

            Examples:
              amends init --name "Kemang"
              amends init --name "Kemang" --replica ./kemang.sqlite
            """)

    @Option(help: "What people call the branch.")
    var name: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let fault = DirectoryName.fault(of: name) { throw ValidationError("--name: \(fault).") }
    }

    func run() throws {
        let replica = try Replica.create(path: common.path, name: name)
        let scope = try replica.homeScope()
        try replica.close()
        let json: JSONValue = [
            "replica": .string(common.path), "name": .string(name), "scope": .string(scope.description),
        ]
        try output.print(saved: "the branch", json) { _ in ["\(name) records in \(common.path)".visible] }
    }
}
