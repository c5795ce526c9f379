import Foundation
import Testing

/// A real hub on a free port of this machine.
final class Hub {
    let address: String
    private let place: Workplace
    let folder: String
    private let process: RunningProgram

    private struct Code: Decodable {
        let branch: String
        let code: String
    }

    /// - Parameter openFiles: as many as it may have; nil leaves it to the system.
    convenience init(
        _ place: Workplace, folder: String = "hub", chain: String = "Warung Nusantara", openFiles: Int? = nil,
        flags: [String] = []
    ) throws {
        let folder = place.file(folder)
        let made = try place.run(
            try Programs.path("amends-hub"), ["init", "--data", folder, "--chain", chain, "--json"])
        try #require(made.status == 0, "\(made.talk)")
        try self.init(serving: folder, place, openFiles, flags)
    }

    /// The same chains at another address: the hub that was has stopped.
    convenience init(_ place: Workplace, again hub: Hub) throws { try self.init(serving: hub.folder, place, nil) }

    private init(serving folder: String, _ place: Workplace, _ openFiles: Int?, _ flags: [String] = []) throws {
        self.place = place
        self.folder = folder
        let program = try Programs.path("amends-hub")
        let arguments = ["serve", "--data", folder, "--listen", "127.0.0.1:0"] + flags
        if let openFiles {
            process = try place.start(
                "/bin/sh", ["-c", #"ulimit -n \#(openFiles); exec "$0" "$@""#, program] + arguments)
        } else {
            process = try place.start(program, arguments)
        }
        let said = try process.nextLine()
        address = try #require(said.wholeMatch(of: /listening on (.+)/), "\(said)").1.description
    }

    /// Stops it as a service manager would, and waits until it has gone.
    func stop() throws {
        process.terminate()
        _ = try process.wait()
    }

    var processID: Int32 { process.processID }

    /// Its chains' files.
    func databases() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).map { "\(folder)/\($0)/hub.sqlite" }
            .filter { FileManager.default.fileExists(atPath: $0) }
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
