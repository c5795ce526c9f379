import Foundation

/// Prints figures as they come: a table for people, or an object a line.
final class FigureReport {
    private let isJSON: Bool

    init(isJSON: Bool) { self.isJSON = isJSON }

    func begin(trace: Trace, rounds: Int) {
        begin(
            """
            Workload: \(trace.name), \(trace.events.count) events of \(trace.numbers.count) incidents; \(rounds) rounds.
            Ratios are ours to plain SQLite in the same run: the median, then least and greatest.

            """)
    }

    /// - Parameter heading: what is measured, for people.
    func begin(_ heading: String) {
        guard !isJSON else { return }
        print(heading)
        print(
            FigureReport.line(
                ["#", "work", "ours", "plain", "ratio", "least–greatest", "goal", "met"]))
    }

    func add(_ figure: Figure) {
        if isJSON {
            print(FigureReport.json(figure))
        } else {
            let spread = figure.least.flatMap { least in
                figure.greatest.map { "\(FigureReport.short(least))–\(FigureReport.short($0))" }
            }
            print(
                FigureReport.line([
                    String(figure.row), figure.work, FigureReport.shown(figure.value, figure.unit),
                    figure.plain.map { FigureReport.shown($0, figure.unit) } ?? "",
                    figure.ratio.map { FigureReport.short($0) + "x" } ?? "", spread ?? "",
                    FigureReport.goal(of: figure),
                    figure.met.map { $0 ? "yes" : "no" } ?? "",
                ]))
            if let note = figure.note { print("    \(note)") }
        }
        // Rows take minutes; whoever watches a pipe sees each when it is there.
        fflush(nil)
    }

    func end(_ words: String = "Every result was compared with plain SQLite's table before its time was printed.") {
        if !isJSON { print("\n\(words)") }
    }

    // MARK: - Form

    private static let widths = [2, 54, 11, 11, 8, 14, 8, 3]

    private static func line(_ cells: [String]) -> String {
        let padded = zip(cells, widths).enumerated().map { index, cell in
            let space = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
            // Words to the left, numbers to the right.
            return index == 1 ? cell.0 + space : space + cell.0
        }
        return padded.joined(separator: "  ")
    }

    private static func goal(of figure: Figure) -> String {
        guard let goal = figure.goal else { return "" }
        return figure.ratio == nil ? shown(goal, figure.unit) : short(goal) + "x"
    }

    static func shown(_ value: Double, _ unit: Figure.Unit) -> String {
        switch unit {
        case .seconds: String(format: "%.3f s", value)
        case .milliseconds: String(format: "%.2f ms", value)
        case .microseconds: String(format: "%.1f us", value)
        case .bytes: value < 100_000 ? String(format: "%.0f B", value) : String(format: "%.2f MB", value / 1e6)
        case .count: String(format: "%.0f", value)
        case .perSecond: String(format: "%.0f/s", value)
        case .ratio: String(format: "%.2fx", value)
        }
    }

    private static func short(_ number: Double) -> String {
        String(format: abs(number) < 100 ? "%.2f" : "%.0f", number)
    }

    /// Names are ours and need no escapes.
    private static func json(_ figure: Figure) -> String {
        func number(_ value: Double?) -> String { value.map { String(format: "%.10g", $0) } ?? "null" }
        let met = figure.met.map { $0 ? "true" : "false" } ?? "null"
        return """
            {"name":"\(figure.name)","value":\(number(figure.value)),"unit":"\(figure.unit.rawValue)",\
            "ratio":\(number(figure.ratio)),"min":\(number(figure.least)),"max":\(number(figure.greatest)),\
            "goal":\(number(figure.goal)),"met":\(met)}
            """
    }
}
