import ArgumentParser
import Foundation

/// Drives a hub that runs as a process, over real connections on loopback, and prints both sides' share of the cores.
struct HubCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hub",
        abstract: "Measure a hub under load: exchanges, large batches, many branches returning, wake-ups.",
        discussion: """
            Rows: 1 one-change exchanges, 2 large batches, 3 branches that return, 4 wake-ups, 5 a crowd beyond the \
            hub's bound. Changes are made, signed and packed before the clock starts; requests are put together, and \
            signed with their session, while it runs, for they say where the hub's last answer stood. The hub \
            lies in the folder of this program. Certificates are written into its database before it starts.

            Examples:
              amends-bench hub --seconds 5
              amends-bench hub --rows 1,3 --branches 10000 --json
            """)

    @OptionGroup var input: TraceOptions

    @Option(help: "Rows to measure, with commas between.")
    var rows: RowSelection = RowSelection(numbers: [1, 2, 3, 4, 5])

    @Option(help: "Branches that return with \(HubLoad.changesOfReturning) changes each.")
    var branches = 2_000

    @Option(help: "How long one-change exchanges go on, at most.")
    var seconds = 5

    @Option(help: "Connections at once.")
    var connections = 48

    @Option(help: "Large batches, each of \(HubLoad.changesOfBatch) changes of a branch of its own.")
    var batches = 40

    @Option(help: "Listeners that are woken.")
    var listeners = 2_000

    @Option(help: "Connections of the crowd of row 5.")
    var crowd = 6_000

    @Flag(help: "Print an object for each figure, a line each.")
    var json = false

    func validate() throws {
        guard rows.numbers.allSatisfy((1...5).contains) else { throw ValidationError("There are rows 1 to 5.") }
        guard min(branches, seconds, connections, batches, listeners, crowd) > 0 else {
            throw ValidationError("There is at least one of each.")
        }
    }

    func run() throws {
        var input = input
        input.events = input.events ?? HubCommand.usualEvents
        let trace = try input.load()
        let workspace = try Workspace(in: input.folder)
        defer { workspace.remove() }
        let report = FigureReport(isJSON: json)
        report.begin(
            """
            A hub as a process, \(connections) connections on loopback, events of \(trace.name).

            """)
        let load = HubLoad(
            trace: trace, workspace: workspace, connections: connections, seconds: seconds, batches: batches,
            returning: branches, listeners: listeners, crowd: crowd)
        for (number, title, measure) in HubLoad.rows where rows.numbers.contains(number) {
            Talk.say("measuring \(title) …")
            for figure in try measure(load)() { report.add(figure) }
        }
        report.end(
            """
            Before a figure was printed, every scope's position and history in the hub's file were held against what \
            the hub had acknowledged.
            """)
    }

    private static let usualEvents = 4_000
}
