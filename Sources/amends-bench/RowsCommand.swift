import ArgumentParser

/// Measures the rows of the table of goals. Each row checks its result before it prints a time.
struct RowsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rows",
        abstract: "Measure the rows of the table of goals (the default).",
        discussion: """
            Examples:
              amends-bench --trace incidents.tsv.gz
              amends-bench --rows 1,5,9 --rounds 9 --json
            """)

    @OptionGroup var input: TraceOptions

    @Option(help: "Rows to measure, with commas between; all that there are unless given.")
    var rows: RowSelection = RowSelection(numbers: RowCatalogue.all.flatMap(\.numbers))

    @Option(help: "Rounds of each timed row, ours and plain SQLite in turn.")
    var rounds = 5

    @Flag(help: "Print an object for each figure, a line each.")
    var json = false

    func validate() throws {
        guard rounds > 0 else { throw ValidationError("There is at least one round.") }
        let known = Set(RowCatalogue.all.flatMap(\.numbers))
        if let missing = rows.numbers.first(where: { !known.contains($0) }) {
            throw ValidationError("There is no row \(missing); there are 1 to \(known.max() ?? 0).")
        }
    }

    func run() throws {
        let trace = try input.load()
        let workspace = try Workspace(in: input.folder)
        defer { workspace.remove() }
        let bench = Bench(trace: trace, workspace: workspace, rounds: rounds)
        let report = FigureReport(isJSON: json)
        report.begin(trace: trace, rounds: rounds)
        var left: [String] = []
        for group in RowCatalogue.all where group.numbers.contains(where: rows.numbers.contains) {
            Talk.say("measuring \(group.title) …")
            do {
                for figure in try group.measure(bench) where rows.numbers.contains(figure.row) { report.add(figure) }
            } catch let short as ShortTrace {
                left.append("row \(short.row) needs a trace of \(short.events) events")
            }
        }
        report.end()
        if !left.isEmpty { throw BenchError(left.joined(separator: "; ")) }
    }
}

/// `1,5,9`
struct RowSelection: ExpressibleByArgument {
    let numbers: [Int]

    init(numbers: [Int]) { self.numbers = numbers }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard !parts.isEmpty, !parts.contains(nil) else { return nil }
        numbers = parts.compactMap { $0 }
    }

    var defaultValueDescription: String { numbers.map(String.init).joined(separator: ",") }
}

/// The rows that can be measured, in the order of the table. A row whose work the engine cannot do yet is not here.
enum RowCatalogue {
    struct Group: Sendable {
        let numbers: [Int]
        let title: String
        let measure: @Sendable (Bench) throws -> [Figure]
    }

    static let all = [
        Group(numbers: [1], title: "local recording", measure: LocalRecording.inBatches),
        Group(numbers: [2], title: "local recording, one by one", measure: LocalRecording.oneByOne),
        Group(numbers: [3], title: "bytes of the whole history", measure: WireBytes.measure),
        Group(numbers: [4], title: "bytes of a snapshot", measure: SnapshotRows.bytes),
        Group(numbers: [5], title: "merging the whole history", measure: WholeMerge.measure),
        Group(numbers: [6], title: "beginning with a snapshot", measure: SnapshotRows.firstSync),
        Group(numbers: [7], title: "increments", measure: Increments.measure),
        Group(numbers: [8], title: "two replicas", measure: TwoHalves.measure),
        Group(numbers: [9], title: "the file", measure: FileSize.measure),
        Group(numbers: [10], title: "memory while merging", measure: MergeMemory.measure),
        Group(numbers: [11], title: "damaged batches", measure: DamagedBatches.measure),
        Group(numbers: [12], title: "a transfer that is cut", measure: CutTransfer.measure),
    ]
}
