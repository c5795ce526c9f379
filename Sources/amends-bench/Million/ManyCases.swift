import BranchService
import Causality
import Changes
import Foundation
import ReplicaSettings
import Replication
import SQLiteKit
import SQLiteStore
import ServiceRecovery
import SyncHTTP

/// The work of `amends-bench million`.
struct ManyCases {
    let path: String
    let cases: Int
    let rounds: Int

    private static let pageSize = 50
    /// Cases between two synchronisations while they are made.
    private static let casesPerSync = 100_000

    /// By it a file that was made here is known: cases are opened and steps recorded in it.
    private static let replicaName = "amends-bench million"

    /// How many cases a file has that was made here before.
    ///
    /// - Throws: `BenchError` for any other.
    static func count(in path: String) throws -> Int {
        let store = try Replica.openStore(reading: path)
        let (name, cases) = try store.read { transaction in
            (try transaction.text(.replicaName), try transaction.caseCounts().reduce(0) { $0 + $1.count })
        }
        try store.close()
        guard name == replicaName else {
            throw BenchError("\(path) is not a replica that this command made, and is left alone")
        }
        return cases
    }

    // MARK: - Making them

    /// A branch joins a hub and opens so many cases; the last hundredth of them waits to be sent.
    static func make(_ count: Int, at path: String, _ workspace: Workspace) async throws {
        let hub = try HubProcess(in: workspace.path("hub"))
        let code = try hub.enrolmentCode(ofBranch: "Harbour")
        try hub.start()
        guard let address = HubAddress("http://127.0.0.1:\(hub.port)") else { throw BenchError("no address") }
        let replica = try await Replica.join(path: path, address: address, code: code, name: replicaName)
        let client = try replica.hubClient()
        let maker = try CaseMaker(replica)
        let placed = count - count / 100
        for first in stride(from: 0, to: placed, by: casesPerSync) {
            let part = first..<min(first + casesPerSync, placed)
            Talk.say("  making case \(part.upperBound) of \(count) …")
            try replica.store.withDeferredDurability { try maker.make(part) }
            let outcome = try await replica.synchronise(with: client)
            if let error = outcome.error { throw BenchError("the hub: \(error.message)") }
            try require(outcome.report.isComplete, "not everything was exchanged")
        }
        try replica.store.withDeferredDurability { try maker.make(placed..<count) }
        try replica.close()
        try hub.stop()
    }

    // MARK: - Measuring

    func measure() throws -> [Figure] {
        var figures = try openings()
        let replica = try Replica.open(path: path)
        figures += try writes(replica)
        figures += try pages(replica)
        try replica.close()
        figures.append(
            Figure(
                row: 7, name: "million-file", work: "the file", value: Double(try Workspace.size(of: path)),
                unit: .bytes))
        return figures
    }

    /// The file as a command finds it: in memory from the last one, or on disk alone.
    private func openings() throws -> [Figure] {
        var figures: [Figure] = []
        for isCold in [true, false] {
            let words = isCold ? "nothing of it in memory" : "in memory"
            let suffix = isCold ? "cold" : "warm"
            var writing: [Double] = []
            var reading: [Double] = []
            var firstWrite: [Double] = []
            for round in 0..<ManyCases.openings {
                if isCold { try forget() }
                var replica: Replica?
                writing.append(try seconds { replica = try Replica.open(path: path) } * 1e3)
                firstWrite.append(try seconds { try replica.map { try write(round, $0) } } * 1e3)
                try replica?.close()
                if isCold { try forget() }
                reading.append(
                    try seconds {
                        let store = try Replica.openStore(reading: path)
                        let rows = try store.read { try $0.cases(CaseFilter(limit: ManyCases.pageSize)) }
                        try require(rows.count == min(ManyCases.pageSize, cases), "a page is too short")
                        try store.close()
                    } * 1e3)
            }
            figures += [
                figure("open-\(suffix)", "open to write, \(words)", writing, goal: 1_000),
                figure("first-write-\(suffix)", "the first write after it", firstWrite),
                figure("open-list-\(suffix)", "open to read, a page, and close, \(words)", reading, goal: 1_000),
            ]
        }
        return figures
    }

    private static let openings = 5

    /// Asks the system to drop what it holds of the file.
    private func forget() throws {
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: path + suffix) {
            let descriptor = Foundation.open(path + suffix, O_RDONLY)
            guard descriptor >= 0 else { throw BenchError("the file cannot be opened") }
            defer { close(descriptor) }
            guard fsync(descriptor) == 0, posix_fadvise(descriptor, 0, 0, Int32(POSIX_FADV_DONTNEED)) == 0 else {
                throw BenchError("the system does not let go of the file")
            }
        }
    }

    /// A step on a case that a person names by number, and a new case: each found, folded, shown and on disk.
    private func writes(_ replica: Replica) throws -> [Figure] {
        var steps: [Double] = []
        var opened: [Double] = []
        for round in 0..<rounds {
            steps.append(try seconds { try write(round + 1_000, replica) } * 1e3)
            opened.append(
                try seconds {
                    try replica.write { pen in
                        let new = NewCase(
                            title: "One more", number: try pen.nextCaseNumber().text,
                            at: Moment(milliseconds: pen.now, zoneMinutes: 0))
                        try pen.commit(CaseDrafts.open(new, by: try Author(person: "p-bench", zoneMinutes: 0)))
                    }
                } * 1e3)
        }
        return [
            figure("write-step", "one write: a step of a case, FULL", steps, goal: 10),
            figure("write-open", "one write: a new case, FULL", opened, goal: 10),
        ]
    }

    private func write(_ round: Int, _ replica: Replica) throws {
        let number = try caseNumber(round)
        try replica.write { pen in
            guard let place = try pen.transaction.cases(named: number).first,
                let record = try pen.transaction.record(place.id, of: place.scope)
            else { throw BenchError("there is no case \(number)") }
            let step = NewStep(.note, at: Moment(milliseconds: pen.now, zoneMinutes: 0), note: .plain("Seen."))
            try pen.commit(
                CaseDrafts.step(step, of: record.origin, by: try Author(person: "p-bench", zoneMinutes: 0)),
                in: place.scope)
        }
    }

    /// Some case's number, spread over all of them.
    private func caseNumber(_ round: Int) throws -> String {
        try withPlainReader { connection in
            try connection.withStatement(
                "SELECT number FROM recovery_case WHERE rid >= ? AND number IS NOT NULL ORDER BY rid LIMIT 1"
            ) { statement in
                try statement.bind(Int64(round &* 7_919 % cases + 1))
                guard try statement.step() else { throw BenchError("there is no case") }
                return try statement.text(0)
            }
        }
    }

    // MARK: - Pages

    private func pages(_ replica: Replica) throws -> [Figure] {
        var figures = [try page(replica, CaseFilter(limit: ManyCases.pageSize), "list", "a page: all cases")]
        let scope = try replica.homeScope()
        figures.append(
            try page(
                replica, CaseFilter(scope: scope, limit: ManyCases.pageSize), "list-branch", "a page: a branch's cases")
        )
        for status in try statuses() {
            figures.append(
                try page(
                    replica, CaseFilter(status: status, limit: ManyCases.pageSize), "list-\(status)",
                    "a page: those that are \(status)"))
        }
        figures.append(
            try page(
                replica, CaseFilter(status: "closed", scope: scope, limit: ManyCases.pageSize), "list-branch-closed",
                "a page: a branch's closed ones"))
        var numbers: [Double] = []
        var prefixes: [Double] = []
        for round in 0..<rounds {
            let number = try caseNumber(round)
            var places: [RecordPlace] = []
            numbers.append(
                try seconds { places = try replica.store.read { try $0.cases(named: number) } } * 1e3)
            guard let place = places.first, places.count == 1 else { throw BenchError("\(number) is not one case") }
            let digits = String(place.id.description.prefix(16))
            prefixes.append(
                try seconds { places = try replica.store.read { try $0.cases(named: digits) } } * 1e3)
            try require(places == [place], "the first digits of an id find another case")
        }
        figures.append(figure("find-number", "a case by its number", numbers, goal: 10))
        figures.append(figure("find-id", "a case by the first digits of its id", prefixes, goal: 10))
        return figures
    }

    private func page(_ replica: Replica, _ filter: CaseFilter, _ name: String, _ work: String) throws -> Figure {
        var times: [Double] = []
        var rows: [CaseRow] = []
        for _ in 0..<rounds {
            times.append(try seconds { rows = try replica.store.read { try $0.cases(filter) } } * 1e3)
        }
        let expected = try withPlainReader { connection in
            // `+` keeps SQLite from the indexes: the whole table is read and sorted.
            try connection.withStatement(
                """
                SELECT lower(hex(r.id)) FROM recovery_case c JOIN record r USING (rid) JOIN scope s ON s.rid = r.scope
                WHERE (?1 IS NULL OR +c.status = ?1) AND (?2 IS NULL OR s.id = ?2)
                ORDER BY +c.updated_at DESC, r.id LIMIT ?3
                """
            ) { statement in
                try statement.bind(filter.status, filter.scope?.bytes, filter.limit)
                var ids: [String] = []
                while try statement.step() { ids.append(try statement.text(0)) }
                return ids
            }
        }
        try require(rows.map(\.place.id.description) == expected, "a page is not what the table holds")
        return figure(name, work, times, goal: 10)
    }

    private func statuses() throws -> [String] {
        try withPlainReader { connection in
            try connection.withStatement("SELECT DISTINCT +status FROM recovery_case ORDER BY 1") { statement in
                var result: [String] = []
                while try statement.step() { result.append(try statement.text(0)) }
                return result
            }
        }
    }

    private func withPlainReader<Result>(_ body: (Connection) throws -> Result) throws -> Result {
        let connection = try Connection(path: path, access: .readOnly)
        defer { connection.close() }
        return try body(connection)
    }

    /// The 99th percentile is held to the goal: a machine that does other things has its moments.
    private func figure(_ name: String, _ work: String, _ times: [Double], goal: Double? = nil) -> Figure {
        let spread = Spread(times)
        let sorted = times.sorted()
        let high = sorted[min(sorted.count - 1, sorted.count * 99 / 100)]
        return Figure(
            row: 7, name: "million-\(name)", work: work, value: high, unit: .milliseconds, least: spread.least,
            greatest: spread.greatest, goal: goal,
            note: "the 99th percentile of \(times.count); median \(String(format: "%.2f", spread.median)) ms")
    }
}
