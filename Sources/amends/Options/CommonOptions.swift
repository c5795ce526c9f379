import ArgumentParser
import BranchService
import CommandLineKit
import Foundation
import SQLiteStore

/// A command that works on a replica.
protocol ReplicaCommand: LoggingCommand {
    var common: CommonOptions { get }
}

extension ReplicaCommand {
    var log: LogOptions { common.log }
}

/// What every command takes: which replica, and how much it tells on standard error.
struct CommonOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The replica's file.", discussion: "Default: AMENDS_REPLICA, else the XDG data folder.", valueName: "path"),
        completion: .file())
    var replica: String?

    @OptionGroup var log: LogOptions

    func validate() throws {
        if replica == "" { throw ValidationError("--replica names no file.") }
    }

    /// Where the replica is: the option, then `AMENDS_REPLICA`, then the XDG data folder.
    var path: String {
        let environment = ProcessInfo.processInfo.environment
        return replica ?? environment["AMENDS_REPLICA"].nonempty ?? CommonOptions.defaultPath(environment)
    }

    /// XDG Base Directory Specification: a relative path in the variable is to be ignored.
    private static func defaultPath(_ environment: [String: String]) -> String {
        let named = environment["XDG_DATA_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let folder = named ?? (environment["HOME"].nonempty ?? NSHomeDirectory()) + "/.local/share"
        return folder + "/amends/replica.sqlite"
    }

    /// Asks the replica's file on one consistent state of it; nothing is recorded, and no key is needed.
    func read<Result>(_ body: (SQLiteTransaction) throws -> Result) throws -> Result {
        let store = try Replica.openStore(reading: path)
        let result = try store.read(body)
        try store.close()
        return result
    }

    /// Opens the replica to write, and gives it back when `body` is done.
    func write<Result>(_ body: (Replica) throws -> Result) throws -> Result {
        let replica = try Replica.open(path: path)
        let result = try body(replica)
        try replica.close()
        return result
    }
}

extension String? {
    /// Nil for an empty text: a variable that is set to nothing is not set.
    var nonempty: String? { flatMap { $0.isEmpty ? nil : $0 } }
}
