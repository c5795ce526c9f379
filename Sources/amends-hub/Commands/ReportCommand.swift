import ArgumentParser
import CommandLineKit
import SyncHTTP

/// `amends-hub report`: what the whole chain shows.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show what the whole chain comes to.",
        discussion: """
            Examples:
              amends-hub report cases --data ./hub
            """,
        subcommands: [ReportCasesCommand.self])
}

/// `amends-hub report cases`: how many cases each branch has in each status.
struct ReportCasesCommand: LoggingCommand, AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cases",
        abstract: "Count the cases of each branch by status.",
        discussion: """
            Examples:
              amends-hub report cases --data ./hub
              amends-hub report cases --data ./hub --json
            """)

    @OptionGroup var chain: ChainOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var log: LogOptions

    func run() async throws {
        let counts = try await chain.administration().caseReport()
        try output.print(.array(counts.map(\.json))) { style in
            var table = TextTable(["branch", "status", "cases"])
            for count in counts { table.add([count.branch, count.status, String(count.count)]) }
            return counts.isEmpty ? ["no cases yet"] : table.lines(style)
        }
    }
}

extension CaseReport {
    fileprivate var json: JSONValue {
        ["branch": .string(branch), "status": .string(status), "count": JSONValue(count)]
    }
}
