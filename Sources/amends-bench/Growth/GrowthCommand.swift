import ArgumentParser
import Foundation

/// What each operation costs when there is so many times more.
struct GrowthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "growth",
        abstract: "Measure each operation at several sizes of the history: the trace repeated under other ids.",
        discussion: """
            One chain grows from size to size; at each, the same operations are measured on it, and the least time of \
            all rounds is taken (of the changes of a record the median: records differ). A second replica, of \
            as many cases as the trace has incidents, is asked for pages. Files do not wait for the disk, so that the \
            times are those beside the fsync.

            Examples:
              amends-bench growth --scales 1,2,4
              amends-bench growth --trace incidents.tsv.gz --svg Docs/growth.svg --json
            """)

    @OptionGroup var input: TraceOptions

    @Option(help: "How many times the trace, with commas between, rising.")
    var scales: RowSelection = RowSelection(numbers: [1, 4, 16])

    @Option(help: "Rounds of each operation.")
    var rounds = 20

    @Option(help: "Where to write a plot; none unless given.")
    var svg: String?

    @Flag(help: "Print an object for each figure, a line each.")
    var json = false

    func validate() throws {
        guard rounds > 0, scales.numbers.count > 1, scales.numbers[0] > 0,
            zip(scales.numbers, scales.numbers.dropFirst()).allSatisfy({ $0 < $1 })
        else { throw ValidationError("There are at least two sizes, rising, and one round.") }
    }

    func run() throws {
        let trace = try input.load()
        let workspace = try Workspace(in: input.folder)
        defer { workspace.remove() }
        let costs =
            try GrowingChain(trace, workspace, scales: scales.numbers, rounds: rounds).measure()
            + GrowingCases(
                workspace, counts: scales.numbers.map { $0 * trace.numbers.count }, scales: scales.numbers,
                rounds: rounds
            ).measure()
        if json {
            let report = FigureReport(isJSON: true)
            for cost in costs { for figure in cost.figures { report.add(figure) } }
        } else {
            print(
                "Workload: \(trace.name), \(trace.events.count) events, so many times; the least of \(rounds) rounds.\n"
            )
            for line in GrowthTable.lines(costs, scales: scales.numbers) { print(line) }
        }
        if let svg {
            let plot = GrowthPlot(costs, events: trace.events.count)
            try Data(plot.text.utf8).write(to: URL(fileURLWithPath: svg))
        }
    }
}

/// An operation's cost at several sizes.
struct GrowthCost {
    /// Stable, for programs.
    let name: String
    let work: String
    let unit: Figure.Unit
    /// By size: how many times the trace.
    var values: [(scale: Int, value: Double)] = []
    /// The most that the cost at the greatest size may be of that at the least; nil where it may grow.
    let greatestRatio: Double?

    /// Cost at the greatest size to that at the least.
    var ratio: Double { (values.last?.value ?? 0) / max(values.first?.value ?? 1, .leastNormalMagnitude) }

    /// k where the cost grows as size to the power of k.
    var exponent: Double {
        guard let first = values.first, let last = values.last else { return 0 }
        return log(max(ratio, .leastNormalMagnitude)) / log(Double(last.scale) / Double(first.scale))
    }

    var figures: [Figure] {
        values.map { scale, value in
            Figure(row: 7, name: "growth-\(name)-\(scale)x", work: work, value: value, unit: unit)
        } + [
            Figure(
                row: 7, name: "growth-\(name)", work: work, value: exponent, unit: .ratio, ratio: ratio,
                goal: greatestRatio)
        ]
    }
}

/// The costs as a table for people.
enum GrowthTable {
    static func lines(_ costs: [GrowthCost], scales: [Int]) -> [String] {
        func padded(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        let width = costs.map(\.work.count).max() ?? 0
        func line(_ work: String, _ cells: [String]) -> String {
            work + String(repeating: " ", count: width - work.count) + cells.map { padded($0, 12) }.joined()
        }
        let head = line("operation", scales.map { "\($0)x" } + ["ratio", "exponent", "goal", "met"])
        return [head]
            + costs.map { cost in
                line(
                    cost.work,
                    cost.values.map { FigureReport.shown($0.value, cost.unit) } + [
                        String(format: "%.2fx", cost.ratio), String(format: "%.2f", cost.exponent),
                        cost.greatestRatio.map { String(format: "%.1fx", $0) } ?? "",
                        cost.greatestRatio.map { cost.ratio <= $0 ? "yes" : "no" } ?? "",
                    ])
            }
    }
}
