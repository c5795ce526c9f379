import ArgumentParser

/// `amends-bench`: what recording, carrying and merging cost, beside plain SQLite doing the same final work.
///
/// A development tool: it never opens anybody's replica, and leaves nothing behind.
@main
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "amends-bench",
        abstract: "Measure the engine beside plain SQLite doing the same final work in the same run.",
        subcommands: [
            RowsCommand.self, CoreCommand.self, SnapshotCommand.self, HubCommand.self, EmptyCommand.self,
            MillionCommand.self, SealingCommand.self, GrowthCommand.self, FloorCommand.self, MemoryProbe.self,
        ],
        defaultSubcommand: RowsCommand.self)
}
