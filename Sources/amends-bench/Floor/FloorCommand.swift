import ArgumentParser

/// What the hardware, SQLite and the server need by themselves, without the engine: nothing can be faster than that.
struct FloorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floor",
        abstract: "Measure what disk, SQLite, hashing, signatures and the HTTP server need without the engine.",
        discussion: """
            Examples:
              amends-bench floor --trace incidents.tsv.gz
              amends-bench floor --rounds 9 --json
            """)

    @OptionGroup var input: TraceOptions

    @Option(help: "Rounds of each.")
    var rounds = 5

    @Option(help: "Seconds for which requests are sent.")
    var seconds = 4

    @Flag(help: "Print an object for each figure, a line each.")
    var json = false

    func validate() throws {
        guard rounds > 0, seconds > 0 else { throw ValidationError("There is at least one of each.") }
    }

    func run() throws {
        let trace = try input.load()
        let workspace = try Workspace(in: input.folder)
        defer { workspace.remove() }
        let report = FigureReport(isJSON: json)
        report.begin(
            """
            Workload: \(trace.name), \(trace.events.count) events; \(rounds) rounds. Ratios are to plain SQLite \
            recording the same events, in turn with it.

            """)
        for (words, measure) in try Floors(trace, workspace, rounds: rounds, seconds: seconds).all {
            Talk.say("measuring \(words) …")
            for figure in try measure() { report.add(figure) }
        }
        report.end("Nothing of the engine runs here but its hash, its signatures and its HTTP server.")
    }
}
