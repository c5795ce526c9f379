import ArgumentParser
import Foundation

/// Runs one of the engine's inmost operations many times. Its instructions can be counted by running it under
/// `valgrind --tool=callgrind` with two numbers of iterations: all else is the same in both.
struct CoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "core",
        abstract: "Run the engine's inmost operations many times: encode, decode, fold, write, merge.",
        discussion: """
            Examples:
              amends-bench core --trace incidents.tsv.gz
              valgrind --tool=callgrind amends-bench core fold --iterations 2000 --events 4000
            """)

    @Argument(help: "The operation; all of them unless given.")
    var operation: CoreOperation?

    @OptionGroup var input: TraceOptions

    @Option(help: "How often.")
    var iterations = 4_000

    @Flag(help: "Print an object for each operation, a line each.")
    var json = false

    func validate() throws {
        guard iterations > 0 else { throw ValidationError("There is at least one iteration.") }
    }

    func run() throws {
        var input = input
        input.events = input.events ?? CoreCommand.usualEvents
        let trace = try input.load()
        let workspace = try Workspace(in: input.folder)
        defer { workspace.remove() }
        for operation in operation.map({ [$0] }) ?? CoreOperation.allCases {
            let work = try CoreWork(operation, trace: trace, workspace: workspace, iterations: iterations)
            let time = try seconds { try work.run() } * 1e9 / Double(iterations)
            if json {
                let number = String(format: "%.6g", time)
                print("{\"name\":\"core-\(operation.rawValue)\",\"value\":\(number),\"unit\":\"ns\"}")
            } else {
                let name = operation.rawValue + String(repeating: " ", count: 8 - operation.rawValue.count)
                print("\(name)\(String(format: "%9.0f ns", time))   \(operation.meaning)")
            }
        }
    }

    private static let usualEvents = 4_000
}

enum CoreOperation: String, CaseIterable, ExpressibleByArgument {
    case encode
    case decode
    case fold
    case write
    case merge

    var meaning: String {
        switch self {
        case .encode: "a change's operations and header to canonical bytes, hashed"
        case .decode: "a change from its carried bytes, checked and hashed"
        case .fold: "a change into its record's state, and the state's bytes and digest"
        case .write: "a local change into the file, 100 a commit"
        case .merge: "a change of a page of 500 into the file"
        }
    }
}
