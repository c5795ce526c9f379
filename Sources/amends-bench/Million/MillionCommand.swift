import ArgumentParser
import Foundation

/// How a replica with very many cases feels: opening it, one write, one page of a list.
struct MillionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "million",
        abstract: "Measure a replica with a million cases: opening, one write, one page of a list.",
        discussion: """
            The replica belongs to a branch of a hub that runs as a process while the cases are made: all but the \
            last of them have their place in the order and lie in sealed segments. Making them takes minutes; --file \
            keeps them for another run, with what that run writes.

            Examples:
              amends-bench million --cases 100000
              amends-bench million --file /var/tmp/million.sqlite --json
            """)

    @Option(help: "How many cases.")
    var cases = 1_000_000

    @Option(help: "The replica's file: made where there is none, kept in any case.")
    var file: String?

    @Option(help: "Writes, and pages of each kind, that are measured.")
    var rounds = 200

    @Option(help: "A folder on the disk to measure; the system's temporary folder unless given.")
    var folder: String?

    @Flag(help: "Print an object for each figure, a line each.")
    var json = false

    func validate() throws {
        guard cases > 0, rounds > 0 else { throw ValidationError("There is at least one of each.") }
    }

    func run() async throws {
        let workspace = try Workspace(in: folder)
        defer { workspace.remove() }
        let path = file ?? workspace.path("million.sqlite")
        var cases = cases
        if FileManager.default.fileExists(atPath: path) {
            cases = try ManyCases.count(in: path)
        } else {
            try await ManyCases.make(cases, at: path, workspace)
        }
        let report = FigureReport(isJSON: json)
        report.begin(
            "A replica with \(cases) cases; \(rounds) rounds. Times in milliseconds: the median, least and greatest.\n")
        for figure in try ManyCases(path: path, cases: cases, rounds: rounds).measure() { report.add(figure) }
        report.end("Every page was compared with what a plain SQLite reader sorts out of the whole table.")
    }
}
