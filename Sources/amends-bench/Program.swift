import ArgumentParser
import Dispatch
import Foundation

/// `amends-bench`: what recording, carrying and merging cost, beside plain SQLite doing the same final work.
///
/// A development tool: it never opens anybody's replica, and leaves nothing behind.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "amends-bench",
        abstract: "Measure the engine beside plain SQLite doing the same final work in the same run.",
        subcommands: [
            RowsCommand.self, CoreCommand.self, SnapshotCommand.self, HubCommand.self, EmptyCommand.self,
            MillionCommand.self, SealingCommand.self, GrowthCommand.self, FloorCommand.self, MemoryProbe.self,
        ],
        defaultSubcommand: RowsCommand.self)
}

@main
enum Program {
    /// Only commands that wait for a server run on the concurrency runtime: its main thread sleeps in a way that valgrind,
    /// which counts the instructions of the others, does not survive.
    static func main() {
        do {
            var command = try BenchCommand.parseAsRoot()
            guard let waiting = command as? any AsyncParsableCommand else { return try command.run() }
            nonisolated(unsafe) var asynchronous = waiting
            Task {
                do {
                    try await asynchronous.run()
                    Foundation.exit(0)
                } catch {
                    BenchCommand.exit(withError: error)
                }
            }
            dispatchMain()
        } catch {
            BenchCommand.exit(withError: error)
        }
    }
}
