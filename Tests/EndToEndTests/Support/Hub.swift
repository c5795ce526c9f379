import Foundation
import Testing

/// A real hub on a free port of this machine.
final class Hub {
    let address: String
    private let place: Workplace
    private let folder: String
    private let process: RunningProgram

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
        process = try place.start(program, ["serve", "--data", folder, "--listen", "127.0.0.1:0"])
        let said = try process.nextLine()
        address = try #require(said.wholeMatch(of: /listening on (.+)/), "\(said)").1.description
    }

    /// Stops it as a service manager would, and waits until it has gone.
    func stop() throws {
        process.terminate()
        _ = try process.wait()
    }

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
