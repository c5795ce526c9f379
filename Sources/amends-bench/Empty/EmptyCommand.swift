import ArgumentParser
import BranchService
import Foundation

/// Two machines that have said all exchange with a real hub, again and again: what does that cost?
struct EmptyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "empty",
        abstract: "Measure the exchange in which neither side has anything to say.",
        discussion: """
            A hub as a process on loopback; a machine of a branch, which holds two scopes, and headquarters, which \
            holds those of all branches. Both have opened their session before the count begins, as one that watches has.

            Examples:
              amends-bench empty
              amends-bench empty --branches 1000 --exchanges 1000 --json
            """)

    @Option(help: "Exchanges of each machine.")
    var exchanges = 200

    @Option(help: "Branches whose scopes headquarters holds.")
    var branches = 200

    @Option(help: "A folder on the disk to measure; the system's temporary folder unless given.")
    var folder: String?

    @Flag(help: "Print an object for each figure, a line each.")
    var json = false

    func validate() throws {
        guard exchanges > 0, branches > 0 else { throw ValidationError("There is at least one of each.") }
    }

    func run() async throws {
        let workspace = try Workspace(in: folder)
        defer { workspace.remove() }
        let report = FigureReport(isJSON: json)
        report.begin("A hub as a process on loopback; \(exchanges) exchanges of each machine.\n")
        for figure in try await EmptyExchanges(workspace, count: exchanges, branches: branches).measure() {
            report.add(figure)
        }
        report.end(
            """
            Writes are those of the whole process, counted by the system; the sizes and times of both databases and \
            their logs were compared too.
            """)
    }
}
