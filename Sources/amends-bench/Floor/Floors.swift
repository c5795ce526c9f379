import Causality
import Changes
import Compression
import Foundation
import Replication
import SQLiteKit
import ServiceRecovery
import Synchronization

/// The work of `amends-bench floor`.
final class Floors {
    private let trace: Trace
    private let workspace: Workspace
    private let rounds: Int
    private let requestSeconds: Int
    private let table: FinalTable
    /// Of every event: the canonical operations, and the header.
    private let canonical: [(operations: [UInt8], header: [UInt8])]

    init(_ trace: Trace, _ workspace: Workspace, rounds: Int, seconds: Int) throws {
        self.trace = trace
        self.workspace = workspace
        self.rounds = rounds
        requestSeconds = seconds
        table = FinalTable(of: trace)
        canonical = CoreWork.changes(trace).map { change in
            var writer = ByteWriter(reserving: 256)
            change.header.encode(into: &writer)
            return (change.operations, writer.bytes)
        }
    }

    var all: [(String, () throws -> [Figure])] {
        [
            ("the disk", commits), ("hashing", hashing), ("signatures", signatures),
            ("SQLite with a log", { try self.recording(.log) }),
            ("SQLite with clocks beside the values", { try self.recording(.clockColumn) }),
            ("SQLite with clocks in a table", { try self.recording(.clockTable) }),
            ("SQLite with a log, clocks and hashes", { try self.recording(.everything) }), ("the bulk insert", bulk),
            ("the HTTP server", requests),
        ]
    }

    private func figure(
        _ row: Int, _ name: String, _ work: String, _ values: [Double], _ unit: Figure.Unit, note: String? = nil
    ) -> Figure {
        let spread = Spread(values)
        return Figure(
            row: row, name: "floor-\(name)", work: work, value: spread.median, unit: unit, least: spread.least,
            greatest: spread.greatest, note: note)
    }

    // MARK: - Disk

    /// A page of a file of its own, and the wait for the disk.
    private func commits() throws -> [Figure] {
        let path = workspace.path("commits.sqlite")
        defer { try? workspace.discard(path) }
        let connection = try Connection(path: path, access: .readWriteCreate)
        defer { connection.close() }
        try connection.setDurability(.full)
        var times: [Double] = []
        for number in 0..<Floors.commits {
            times.append(
                try seconds {
                    try connection.transaction(.immediate) { try connection.setUserVersion(Int32(number + 1)) }
                } * 1e3)
            if connection.walPages > CheckpointPolicy.defaultLimitPages { _ = try connection.walCheckpoint(.passive) }
        }
        let sorted = times.sorted()
        return [
            figure(2, "commit", "one FULL commit of one page", times, .milliseconds),
            Figure(
                row: 3, name: "floor-commit-p999", work: "the same, 99.9th percentile",
                value: sorted[sorted.count * 999 / 1_000 - 1], unit: .milliseconds),
        ]
    }

    private static let commits = 2_000

    // MARK: - Hashes and signatures

    /// Every change's operations and header, as the hash chain covers them.
    private func hashing() throws -> [Figure] {
        let bytes = canonical.reduce(0) { $0 + $1.operations.count + $1.header.count }
        var times: [Double] = []
        for _ in 0..<rounds {
            var last = Hash256.zero
            times.append(
                seconds {
                    for change in canonical {
                        last = Hash256.sha256(change.operations)
                        last = Hash256.sha256(change.header)
                    }
                })
            try require(last != .zero, "nothing was hashed")
        }
        return [
            figure(
                1, "sha256", "SHA-256 of all changes: operations, then header", times, .seconds,
                note: "\(canonical.count) changes, \(bytes) canonical bytes")
        ]
    }

    /// On one thread, and on as many as there are cores.
    private func signatures() throws -> [Figure] {
        let key = BenchChain.key(1)
        let attestation = Attestation(scope: BenchChain.scope.scope, sequence: 1, hash: .zero, key: key)
        let publicKey = key.publicKey
        let cores = ProcessInfo.processInfo.activeProcessorCount
        @Sendable func verify(_ count: Int) -> Bool {
            for _ in 0..<count {
                do { try attestation.verify(publicKey) } catch { return false }
            }
            return true
        }
        func rate(threads: Int) throws -> Double {
            let count = Floors.verifications
            let failures = Mutex(0)
            let time = seconds {
                DispatchQueue.concurrentPerform(iterations: threads) { _ in
                    if !verify(count) { failures.withLock { $0 += 1 } }
                }
            }
            try require(failures.withLock { $0 } == 0, "a signature did not verify")
            return Double(threads * count) / time
        }
        let one = try (0..<rounds).map { _ in try rate(threads: 1) }
        let all = try (0..<rounds).map { _ in try rate(threads: cores) }
        return [
            figure(1, "ed25519-one", "Ed25519 verifications on one core", one, .perSecond),
            figure(
                1, "ed25519-all", "Ed25519 verifications on \(cores) cores", all, .perSecond,
                note: "an exchange with a change needs two: of the request and of the author's word for its feed"),
        ]
    }

    private static let verifications = 4_000

    // MARK: - SQLite

    /// What is written besides the plain table's rows, 100 events a commit as in row 1.
    private enum Addition {
        /// One row a commit with the commit's canonical operations.
        case log
        /// A blob of clocks in the incident's own row, written with it.
        case clockColumn
        /// The same in a table of its own.
        case clockTable
        /// A log row, a clock column and the hashes.
        case everything

        var name: String {
            switch self {
            case .log: "log-row"
            case .clockColumn: "clock-column"
            case .clockTable: "clock-table"
            case .everything: "log-clock-hash"
            }
        }

        var work: String {
            switch self {
            case .log: "plain SQLite and a log row a commit"
            case .clockColumn: "plain SQLite and a clock column"
            case .clockTable: "plain SQLite and a clock table"
            case .everything: "plain SQLite, log row, clock column, SHA-256"
            }
        }

        var hasLog: Bool { self == .log || self == .everything }
        var hasColumn: Bool { self == .clockColumn || self == .everything }
    }

    /// Of a column that was ever written: a dot and what remains of a stamp, packed.
    private static let clockBytes = 4

    private func recording(_ addition: Addition) throws -> [Figure] {
        let contest = try Contest(rounds: rounds) { _ in
            try record(addition)
        } plain: { _ in
            try record(nil)
        }
        return [
            Figure(
                row: 1, name: "floor-\(addition.name)", work: addition.work, value: contest.ours.median, unit: .seconds,
                plain: contest.plain.median, ratio: contest.ratio.median, least: contest.ratio.least,
                greatest: contest.ratio.greatest, note: "100 events a commit, NORMAL, one fsync at the end")
        ]
    }

    private func record(_ addition: Addition?) throws -> Double {
        let path = workspace.path("plain.sqlite")
        defer { try? workspace.discard(path) }
        let plain = try PlainTable(path: path, durability: .normal, hasClock: addition?.hasColumn == true)
        defer { plain.close() }
        let connection = plain.connection
        if addition?.hasLog == true {
            try connection.execute(script: "CREATE TABLE log (number INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT")
        }
        if addition == .clockTable {
            try connection.execute(script: "CREATE TABLE clock (rid INTEGER PRIMARY KEY, clock BLOB NOT NULL) STRICT")
        }
        var masks = [UInt32](repeating: 0, count: trace.numbers.count)
        let time = try seconds {
            for start in stride(from: 0, to: trace.events.count, by: 100) {
                try plain.write {
                    var body: [UInt8] = []
                    for index in start..<min(start + 100, trace.events.count) {
                        let event = trace.events[index]
                        var clock: [UInt8] = []
                        if addition?.hasColumn == true || addition == .clockTable {
                            for cell in event.line.cells { masks[event.incident] |= 1 << UInt32(cell.column) }
                            clock = [UInt8](
                                repeating: UInt8(truncatingIfNeeded: index),
                                count: Floors.clockBytes * masks[event.incident].nonzeroBitCount)
                        }
                        try plain.upsert(event.line, clock: clock)
                        if addition == .everything {
                            _ = Hash256.sha256(canonical[index].operations)
                            _ = Hash256.sha256(canonical[index].header)
                        }
                        if addition?.hasLog == true { body += canonical[index].operations }
                        guard addition == .clockTable else { continue }
                        try connection.execute(
                            "INSERT OR REPLACE INTO clock (rid, clock) VALUES (?, ?)", Int64(event.incident + 1), clock)
                    }
                    if addition?.hasLog == true {
                        try connection.execute("INSERT INTO log (body) VALUES (?)", body)
                    }
                }
            }
            try plain.barrier()
        }
        try require(try FinalTable.read(plain: connection) == table, "the plain table is not the trace's")
        return time
    }

    /// What row 5 is held against, and what must be done besides whoever does it.
    private func bulk() throws -> [Figure] {
        let bench = Bench(trace: trace, workspace: workspace, rounds: rounds)
        let answers = try bench.history().answers
        let times = try (0..<rounds).map { _ in try bench.bulkInsert() }
        let unpacking = try (0..<rounds).map { _ in
            try seconds { for answer in answers { _ = try WireBody.unpack(answer) } }
        }
        return [
            figure(5, "bulk-insert", "the final rows in one transaction, on disk", times, .seconds),
            figure(5, "unpack", "zstd alone: the whole history decompressed", unpacking, .seconds),
        ]
    }

    // MARK: - HTTP

    /// Requests that the hub's server answers with two bytes, through the same driver, in the same place.
    private func requests() throws -> [Figure] {
        let hub = try HubProcess(in: workspace.path("hub"))
        try hub.start()
        let driver = try LoadDriver(hub, connections: Floors.connections)
        let request = Array("GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".utf8)
        let end = ContinuousClock.now + .seconds(requestSeconds)
        let outcome = try driver.run {
            ContinuousClock.now < end ? LoadDriver.Request(bytes: request) { _ in nil } : nil
        }
        try hub.stop()
        let cores = (hub: outcome.hub / outcome.seconds, driver: outcome.driver / outcome.seconds)
        return [
            Figure(
                row: 1, name: "floor-http", work: "bare HTTP requests through server and driver",
                value: Double(outcome.latencies.count) / outcome.seconds, unit: .perSecond,
                note: String(format: "%.2f cores of the server, %.2f of the driver", cores.hub, cores.driver)),
            Figure(
                row: 1, name: "floor-http-core", work: "of a core of the server, each",
                value: outcome.hub * 1e6 / Double(max(1, outcome.latencies.count)), unit: .microseconds),
        ]
    }

    private static let connections = 48
}
