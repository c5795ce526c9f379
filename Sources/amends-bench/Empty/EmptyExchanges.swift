import BranchService
import Changes
import Foundation
import Replication
import ServiceRecovery
import SyncHTTP

/// The work of `amends-bench empty`.
struct EmptyExchanges {
    private let workspace: Workspace
    private let count: Int
    private let branches: Int

    init(_ workspace: Workspace, count: Int, branches: Int) {
        self.workspace = workspace
        self.count = count
        self.branches = branches
    }

    func measure() async throws -> [Figure] {
        let hub = try HubProcess(in: workspace.path("hub"))
        try hub.enrol(try (1..<max(branches, 2)).map { try LoadBranch($0, chain: hub.chain) })
        let codes = (
            branch: try hub.enrolmentCode(ofBranch: "Harbour"),
            headquarters: try hub.enrolmentCode(ofBranch: "Headquarters", isHeadquarters: true)
        )
        try hub.start()
        let relay = try CountingRelay(to: hub.port)
        defer { relay.stop() }
        guard let address = HubAddress("http://127.0.0.1:\(relay.port)") else {
            throw BenchError("the relay has no address")
        }
        let branch = try await Replica.join(
            path: workspace.path("branch.sqlite"), address: address, code: codes.branch, name: "branch")
        try branch.write { pen in
            for number in 0..<EmptyExchanges.cases {
                let new = NewCase(
                    title: Text("Case \(number)"), number: try pen.nextCaseNumber().text,
                    at: Moment(milliseconds: pen.now, zoneMinutes: 0))
                try pen.commit(CaseDrafts.open(new, by: try Author(person: "p-bench", zoneMinutes: 0)))
            }
        }
        var figures = try await measure(branch, "branch", "a machine of a branch", hub, relay, address)
        let headquarters = try await Replica.join(
            path: workspace.path("headquarters.sqlite"), address: address, code: codes.headquarters, name: "hq")
        let held = "headquarters, \(branches + 2) scopes"
        figures += try await measure(headquarters, "headquarters", held, hub, relay, address)
        try branch.close()
        try headquarters.close()
        try hub.stop()
        return figures
    }

    private static let cases = 20

    private func measure(
        _ replica: Replica, _ name: String, _ words: String, _ hub: HubProcess, _ relay: CountingRelay,
        _ address: HubAddress
    ) async throws -> [Figure] {
        let transport = CountingTransport(HTTPTransport(address))
        let client = HubClient(
            chain: hub.chain, hubKey: try replica.hubKey(), identity: replica.identity, transport: transport)
        // Says all that there is to say, and settles what the file notes of it.
        for _ in 0..<3 { try await EmptyExchanges.exchange(replica, client) }
        let before = (
            bodies: transport.count, wire: relay.count, own: try DiskWrites(), hub: try hub.diskWrites(),
            files: try [FileTimes(of: replica.path), FileTimes(of: hub.databasePath)]
        )
        var times: [Double] = []
        var roundTrips = 0
        for _ in 0..<count {
            let start = ContinuousClock.now
            let outcome = try await EmptyExchanges.exchange(replica, client)
            times.append(LoadDriver.seconds(ContinuousClock.now - start) * 1e3)
            try require(
                outcome.report.applied == 0 && outcome.report.sent == 0, "an exchange that should be empty was not")
            roundTrips = max(roundTrips, outcome.report.roundTrips)
        }
        let after = (bodies: transport.count, wire: relay.count)
        let ownWrites = try DiskWrites().bytes - before.own.bytes
        let hubWrites = try hub.diskWrites().bytes - before.hub.bytes
        try require(
            after.bodies.requests - before.bodies.requests == count * roundTrips,
            "requests and round trips are not the same number")
        let isUntouched =
            try [FileTimes(of: replica.path), FileTimes(of: hub.databasePath)] == before.files
        let sent = Double(after.bodies.sent - before.bodies.sent) / Double(count)
        let received = Double(after.bodies.received - before.bodies.received) / Double(count)
        let up = Double(after.wire.up - before.wire.up) / Double(count)
        let down = Double(after.wire.down - before.wire.down) / Double(count)
        func figure(
            _ what: String, _ work: String, _ value: Double, _ unit: Figure.Unit, goal: Double? = nil,
            note: String? = nil
        ) -> Figure {
            Figure(row: 7, name: "empty-\(name)-\(what)", work: work, value: value, unit: unit, goal: goal, note: note)
        }
        let spread = Spread(times)
        var time = figure("time", "\(words): an exchange, median", spread.median, .milliseconds)
        (time.least, time.greatest) = (spread.least, spread.greatest)
        return [
            figure("round-trips", "\(words): round trips, the most", Double(roundTrips), .count, goal: 1),
            figure("request-body", "\(words): body of the request", sent, .bytes, goal: 299),
            figure("answer-body", "\(words): body of the answer", received, .bytes, goal: 299),
            figure("request-head", "\(words): headers of the request", up - sent, .bytes),
            figure("answer-head", "\(words): headers of the answer", down - received, .bytes),
            figure("own-writes", "\(words): written to disk by the machine", Double(ownWrites), .bytes, goal: 0),
            figure("hub-writes", "\(words): written to disk by the hub", Double(hubWrites), .bytes, goal: 0),
            figure(
                "touched", "\(words): databases or logs touched", isUntouched ? 0 : 1, .count, goal: 0), time,
        ]
    }

    @discardableResult
    private static func exchange(_ replica: Replica, _ client: HubClient) async throws -> SyncOutcome {
        let outcome = try await replica.synchronise(with: client)
        if let error = outcome.error { throw BenchError("an exchange failed: \(error.message)") }
        try require(outcome.report.isComplete, "an exchange did not come to its end")
        return outcome
    }
}
