import Foundation
import Testing

/// A real hub on a free port of this machine.
final class Hub {
    let address: String
    private let place: Workplace
    private let folder: String
    private let process: Process

    private struct Code: Decodable {
        let branch: String
        let code: String
    }

    init(_ place: Workplace, chain: String = "Warung Nusantara") throws {
        self.place = place
        folder = place.file("hub")
        let program = try Programs.path("amends-hub")
        let made = try place.run(program, ["init", "--data", folder, "--chain", chain, "--json"])
        try #require(made.status == 0, "\(made.talk)")
        let ready = place.file("hub.url")
        process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["serve", "--data", folder, "--listen", "127.0.0.1:0", "--ready-file", ready]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        address = try Hub.wait(for: ready, process)
    }

    deinit { stop() }

    func stop() {
        guard process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
    }

    private static func wait(for file: String, _ process: Process) throws -> String {
        let deadline = Date(timeIntervalSinceNow: 30)
        while Date() < deadline, process.isRunning {
            if let data = FileManager.default.contents(atPath: file), !data.isEmpty {
                return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            }
            Thread.sleep(forTimeInterval: 0.05)
        }
        throw HubDidNotStart()
    }

    private struct HubDidNotStart: Error {}

    // MARK: - Administering

    /// A one-time code for the first machine of a new branch.
    func addBranch(_ name: String, _ flags: String...) throws -> String {
        try code(["branch", "add", name] + flags)
    }

    /// A one-time code for another machine of a branch.
    func anotherCode(_ name: String) throws -> String { try code(["branch", "code", name]) }

    private func code(_ arguments: [String]) throws -> String {
        let ending = try place.run(try Programs.path("amends-hub"), arguments + ["--data", folder, "--json"])
        try #require(ending.status == 0, "\(ending.talk)")
        return try ending.decoded(Code.self).code
    }
}
