import ArgumentParser
import Foundation
import Replication
import SQLiteKit

/// Row 10: the peak of a process that merges, above what it held before; each in a process of its own.
enum MergeMemory {
    static func measure(_ bench: Bench) throws -> [Figure] {
        let history = try bench.history()
        let quarter = try peak(Array(history.answers.prefix(max(1, history.answers.count / 4))), bench)
        let whole = try peak(history.answers, bench)
        return [
            Figure(
                row: 10, name: "merge-memory", work: "peak memory above the base while merging",
                value: Double(whole.peak - whole.base),
                unit: .bytes, goal: 16e6,
                note:
                    "base \(whole.base / 1_024) KiB; a quarter of the history: \((quarter.peak - quarter.base) / 1_024) KiB"
            )
        ]
    }

    private static func peak(_ answers: [[UInt8]], _ bench: Bench) throws -> MemoryProbe.Reading {
        let frames = bench.workspace.path("answers")
        let path = bench.workspace.path("replica.sqlite")
        defer {
            try? bench.workspace.discard(frames)
            try? bench.workspace.discard(path)
        }
        try Data(answers.flatMap { MemoryProbe.frame($0) }).write(to: URL(fileURLWithPath: frames))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["memory-probe", frames, path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0, let reading = MemoryProbe.Reading(String(decoding: bytes, as: UTF8.self))
        else { throw BenchError("the process that measures memory failed") }
        return reading
    }
}

/// The other process: applies answers from a file, one in memory at a time, and prints what it held.
struct MemoryProbe: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "memory-probe", shouldDisplay: false)

    @Argument var answers: String
    @Argument var replica: String

    /// Bytes.
    struct Reading {
        let base: Int
        let peak: Int

        init(base: Int, peak: Int) {
            self.base = base
            self.peak = peak
        }

        init?(_ line: String) {
            let parts = line.split(separator: " ").compactMap { Int($0.trimmingCharacters(in: .newlines)) }
            guard parts.count == 2 else { return nil }
            self.init(base: parts[0], peak: parts[1])
        }
    }

    /// An answer behind its length, eight bytes, little endian.
    static func frame(_ body: [UInt8]) -> [UInt8] { withUnsafeBytes(of: body.count.littleEndian) { Array($0) } + body }

    func run() throws {
        let replica = try BenchReplica(2, path: replica, durability: .full)
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: answers))
        // Asks Linux to count the peak anew from here.
        try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
        let base = try MemoryProbe.peakBytes()
        while let length = try file.read(upToCount: 8), length.count == 8 {
            let count = length.withUnsafeBytes { Int(littleEndian: $0.loadUnaligned(as: Int.self)) }
            guard let body = try file.read(upToCount: count), body.count == count else {
                throw BenchError("the file of answers ends too early")
            }
            try replica.apply([[UInt8](body)])
        }
        print(base, try MemoryProbe.peakBytes())
        try replica.close()
    }

    /// VmHWM: the greatest resident size since the last reset.
    private static func peakBytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kilobytes = line.split(whereSeparator: { " \t".contains($0) }).compactMap({ Int($0) }).first
        else { throw BenchError("the system does not tell the peak of memory") }
        return kilobytes * 1_024
    }
}
