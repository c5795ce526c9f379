import Foundation
import Testing

/// How a program ended, and what it said.
struct Ending {
    let status: Int32
    let output: String
    let talk: String

    /// The output read as JSON.
    func decoded<Result: Decodable>(_ type: Result.Type, _ location: SourceLocation = #_sourceLocation) throws -> Result
    {
        do { return try JSONDecoder().decode(type, from: Data(output.utf8)) } catch {
            Issue.record("not a \(type): \(output) \(talk)", sourceLocation: location)
            throw error
        }
    }
}

/// The built programs: beside the test bundle, or in the folder that `AMENDS_BIN` names.
enum Programs {
    static func path(_ name: String) throws -> String {
        let named = ProcessInfo.processInfo.environment["AMENDS_BIN"].map {
            URL(fileURLWithPath: $0, isDirectory: true)
        }
        var folder = named ?? Bundle.main.bundleURL
        // On macOS the bundle lies in a helper's folder; the programs are beside it or above.
        while !FileManager.default.isExecutableFile(atPath: folder.appendingPathComponent(name).path) {
            let parent = folder.deletingLastPathComponent()
            try #require(parent.path != folder.path, "\(name) is not built")
            folder = parent
        }
        return folder.appendingPathComponent(name).path
    }
}

/// A directory of its own for each test, removed with it, and programs run in it.
final class Workplace: Sendable {
    let directory: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("amends-e2e-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        directory = url.path
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: directory) } catch {
            print("\(directory) stays behind: \(error)")
        }
    }

    func file(_ name: String) -> String { directory + "/" + name }

    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }

    /// Runs `amends` to its end.
    ///
    /// - Parameter environment: the whole of it, besides `PATH` and a zone.
    func amends(
        _ arguments: [String], input: String = "", environment: [String: String] = [:]
    ) throws -> Ending {
        try run(try Programs.path("amends"), arguments, input: input, environment: environment)
    }

    func run(
        _ executable: String, _ arguments: [String], input: String = "", environment: [String: String] = [:]
    ) throws -> Ending {
        try start(executable, arguments, input: input, environment: environment).wait()
    }

    func start(
        _ executable: String, _ arguments: [String], input: String = "", environment: [String: String] = [:]
    ) throws -> RunningProgram {
        try RunningProgram(
            executable, arguments, input: input,
            environment: ["PATH": "/usr/bin:/bin", "TZ": "Asia/Jakarta", "HOME": directory]
                .merging(environment) { $1 },
            files: file(UUID().uuidString))
    }
}
