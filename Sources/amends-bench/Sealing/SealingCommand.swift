import ArgumentParser

/// How long sealing holds the write lock, at a replica that records and at one that merges.
struct SealingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sealing",
        abstract: "Measure for how long sealing the log holds the write lock.",
        discussion: """
            One replica records, an event a commit, another merges; both exchange with a hub in memory after \
            \(SealingHolds.batches.map(String.init).joined(separator: ", ")) events in turn, for as long as a segment \
            takes: one event an exchange is what leaves most rows to bring together. Each transaction that seals is \
            timed by itself, from asking for the lock to the end of its commit, which waits for the disk; what lies \
            between two of them waits for the disk once. The trace is repeated under other ids as often as it takes.

            Examples:
              amends-bench sealing --holds 100
              amends-bench sealing --trace incidents.tsv.gz --json
            """)

    @OptionGroup var input: TraceOptions

    @Option(help: "Transactions that seal.")
    var holds = 1_000

    @Flag(help: "Print an object for each figure, a line each.")
    var json = false

    func validate() throws {
        guard holds > 0 else { throw ValidationError("There is at least one.") }
    }

    func run() throws {
        let trace = try input.load()
        let workspace = try Workspace(in: input.folder)
        defer { workspace.remove() }
        let report = FigureReport(isJSON: json)
        report.begin("Workload: \(trace.name); \(holds) transactions that seal, of two replicas.\n")
        for figure in try SealingHolds(trace, workspace, holds: holds).measure() { report.add(figure) }
        report.end("Both replicas ended with the same position, history and fingerprint, and the trace's table.")
    }
}
