import Causality
import Changes
import Foundation
import Replication
import SQLiteKit
import SQLiteStore

/// What a process has used.
struct CPUTime {
    /// Seconds of cores.
    let seconds: Double

    /// Of this process.
    static func own() throws -> CPUTime {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else {
            throw BenchError("the system does not tell the time used")
        }
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return CPUTime(seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime))
    }

    /// Of the calling thread.
    static func ownThread() throws -> CPUTime {
        var time = timespec()
        guard clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 else {
            throw BenchError("the system does not tell the time used")
        }
        return CPUTime(seconds: Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
    }

    /// Of another one, from /proc.
    static func of(_ process: Int32) throws -> CPUTime {
        let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        // The name in brackets may hold spaces; user and system time are the 14th and 15th field.
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
            throw BenchError("the system does not tell the time that the hub used")
        }
        return CPUTime(seconds: (user + system) / Double(sysconf(Int32(_SC_CLK_TCK))))
    }
}

/// A chain in a folder of its own and the hub that serves it, a process on loopback.
final class HubProcess {
    let chain: ChainID
    let hubKey: PublicKey
    private let program: URL
    private let folder: String
    private let identity: SigningKey
    private var process: Process?
    private(set) var port: UInt16 = 0

    init(in folder: String) throws {
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        program = own.deletingLastPathComponent().appendingPathComponent("amends-hub")
        guard FileManager.default.isExecutableFile(atPath: program.path) else {
            throw BenchError("there is no amends-hub beside this program; build it first")
        }
        self.folder = folder
        struct Made: Decodable { let chain: String }
        let made = try HubProcess.run(Made.self, program, ["init", "--data", folder, "--chain", "Bench", "--json"])
        guard let chain = ChainID(hexadecimal: made.chain) else { throw BenchError("the chain has no id") }
        self.chain = chain
        identity = try SigningKey(
            seed: [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(chain)/hub.key"))))
        hubKey = identity.publicKey
    }

    deinit {
        // Whatever failed: nothing that this program started stays behind.
        if let process, process.isRunning { process.terminate() }
    }

    /// Runs a command of the hub to its end, and reads what it prints.
    private static func run<Answer: Decodable>(
        _ type: Answer.Type, _ program: URL, _ arguments: [String]
    ) throws -> Answer {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw BenchError("amends-hub \(arguments.prefix(2).joined(separator: " ")) failed")
        }
        return try JSONDecoder().decode(type, from: bytes)
    }

    /// The chain's database.
    var databasePath: String { "\(folder)/\(chain)/hub.sqlite" }

    /// Makes a branch, and a code with which one machine can join it.
    func enrolmentCode(ofBranch name: String, isHeadquarters: Bool = false) throws -> String {
        struct Added: Decodable { let code: String }
        return try HubProcess.run(
            Added.self, program,
            ["branch", "add", name, "--data", folder, "--json"] + (isHeadquarters ? ["--headquarters"] : [])
        ).code
    }

    // MARK: - The file, while the hub does not run

    private func withStore<Result>(_ body: (SQLiteStore) throws -> Result) throws -> Result {
        precondition(process == nil, "the hub's file belongs to the hub while that runs")
        let store = try SQLiteStore(path: databasePath, schemas: [])
        let result = try body(store)
        try store.close()
        return result
    }

    /// Certifies machines and makes their scopes, as joining does.
    func enrol(_ branches: [LoadBranch]) throws {
        try withStore { store in
            try store.write { transaction in
                for branch in branches {
                    if try transaction.scope(branch.scope.scope) == nil {
                        try transaction.put(ScopeState(branch.scope))
                    }
                    try transaction.put(
                        Certificate(
                            chain: chain, publicKey: branch.identity.key.publicKey, home: branch.scope.scope,
                            grants: branch.grants, deviceMark: "AAA", from: 0, hub: identity))
                }
            }
        }
    }

    /// - Throws: where the hub's file has another position or history than it acknowledged.
    func requireAcknowledged(_ branches: [LoadBranch]) throws {
        try withStore { store in
            try store.read { transaction in
                for branch in branches {
                    let scope = try transaction.scope(branch.scope.scope)
                    try require(
                        scope?.position == branch.position && scope?.history == branch.history,
                        "the hub acknowledged \(branch.position) changes of \(branch.scope.scope) and has "
                            + "\(scope?.position ?? 0)")
                    try require(
                        branch.position == branch.acknowledged,
                        "of \(branch.acknowledged) changes sent and answered, \(branch.position) have a place")
                }
            }
        }
    }

    // MARK: - Running

    func start() throws {
        let process = Process()
        process.executableURL = program
        process.arguments = ["serve", "--data", folder, "--listen", "127.0.0.1:0"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        self.process = process
        // `listening on http://127.0.0.1:PORT`, once it does.
        var line = ""
        while !line.hasSuffix("\n"), let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty {
            line += String(decoding: byte, as: UTF8.self)
        }
        guard let colon = line.lastIndex(of: ":"), let port = UInt16(line[line.index(after: colon)...].dropLast())
        else {
            throw BenchError("the hub does not say where it listens: \(line)")
        }
        self.port = port
    }

    /// Ends it as an administrator would, and waits until it has.
    func stop() throws {
        guard let process else { return }
        process.terminate()
        process.waitUntilExit()
        self.process = nil
        guard process.terminationStatus == 0 else {
            throw BenchError("the hub ended with status \(process.terminationStatus)")
        }
    }

    func cpu() throws -> CPUTime { try CPUTime.of(identifier()) }

    func diskWrites() throws -> DiskWrites { try DiskWrites(of: identifier()) }

    /// Bytes: the greatest resident size since it started.
    func peakMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(identifier())/status", encoding: .utf8)
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kilobytes = line.split(whereSeparator: { " \t".contains($0) }).compactMap({ Int($0) }).first
        else { throw BenchError("the system does not tell the peak of memory") }
        return kilobytes * 1_024
    }

    private func identifier() throws -> Int32 {
        guard let process, process.isRunning else { throw BenchError("the hub does not run") }
        return process.processIdentifier
    }
}
