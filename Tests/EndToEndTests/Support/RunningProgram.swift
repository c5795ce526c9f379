import Foundation
import Testing

/// A program that was started: its output is a pipe that can be followed line by line, its talk a file.
final class RunningProgram {
    private let process = Process()
    private let pipe = Pipe()
    private let talk: String
    private var output = Data()
    /// How much of `output` was given out as lines.
    private var told = 0

    /// No program here is silent for so long unless it hangs.
    private static let patience = Duration.seconds(60)

    private struct Silence: Error, CustomStringConvertible {
        let description: String
    }

    init(
        _ executable: String, _ arguments: [String], input: String, environment: [String: String], files stem: String
    ) throws {
        talk = stem + ".err"
        try Data(input.utf8).write(to: URL(fileURLWithPath: stem + ".in"))
        try Data().write(to: URL(fileURLWithPath: talk))
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.environment = environment
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: stem + ".in"))
        process.standardOutput = pipe
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: talk))
        try process.run()
    }

    deinit { terminate() }

    /// Asks it to end, as a service manager does.
    var processID: Int32 { process.processIdentifier }

    func terminate() { if process.isRunning { process.terminate() } }

    /// The next line of its output, as soon as it is there.
    func nextLine() throws -> String {
        while true {
            if let end = output[told...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { told = end + 1 }
                return String(decoding: output[told..<end], as: UTF8.self)
            }
            guard try readMore() else { throw Silence(description: "it ended: \(try ending().talk)") }
        }
    }

    func wait() throws -> Ending {
        while try readMore() {}
        return try ending()
    }

    /// - Returns: false at the end of the output.
    private func readMore() throws -> Bool {
        let descriptor = pipe.fileHandleForReading.fileDescriptor
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, Int32(RunningProgram.patience.components.seconds * 1_000)) > 0 else {
            throw Silence(description: "it says nothing: \(try talkSoFar())")
        }
        let data = pipe.fileHandleForReading.availableData
        output += data
        return !data.isEmpty
    }

    private func ending() throws -> Ending {
        process.waitUntilExit()
        return Ending(
            status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
            output: String(decoding: output, as: UTF8.self), talk: try talkSoFar())
    }

    private func talkSoFar() throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: talk)), as: UTF8.self)
    }
}
