import ArgumentParser
import Foundation

/// Where the workload comes from, and where the files go.
struct TraceOptions: ParsableArguments {
    @Option(help: "The trace, plain or gzip; without it one is generated.")
    var trace: String?

    @Option(help: "Take only this many events from the beginning of the trace.")
    var events: Int?

    @Option(help: "Seed of the generated trace, and of the milliseconds that the trace does not have.")
    var seed: UInt64 = 1

    @Option(help: "A folder on the disk to measure; the system's temporary folder unless given.")
    var folder: String?

    func validate() throws {
        if let events, events < 1 { throw ValidationError("There is at least one event.") }
    }

    func load() throws -> Trace {
        guard let path = trace else {
            Talk.say(
                "No trace was named: the work is generated from seed \(seed), and its figures compare with themselves only."
            )
            var generator = TraceGenerator(seed: seed)
            return try Trace(
                name: "generated, seed \(seed)", lines: generator.lines(count: events ?? TraceGenerator.usualCount),
                seed: seed)
        }
        let name = URL(fileURLWithPath: path).lastPathComponent
        return try Trace(name: name, lines: try TraceFile.lines(of: path, limit: events ?? .max), seed: seed)
    }
}

/// What is said on standard error while the work goes on.
enum Talk {
    static func say(_ words: String) { FileHandle.standardError.write(Data((words + "\n").utf8)) }
}
