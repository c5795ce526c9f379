import Causality
import Changes
import Foundation

/// The rows of the hub under load. Each has a hub and a chain of its own.
struct HubLoad {
    let trace: Trace
    let workspace: Workspace
    let connections: Int
    let seconds: Int
    let batches: Int
    let returning: Int
    let listeners: Int
    let crowd: Int

    static let changesOfReturning = 50
    /// What a branch sends at once.
    static let changesOfBatch = 5_000
    /// Branches that take turns on one connection.
    private static let branchesPerConnection = 8
    /// More one-change exchanges a second than these are not prepared.
    private static let greatestRate = 8_000
    /// Streams of one machine.
    private static let listenersPerMachine = 8
    private static let wakeUps = 5

    typealias Row = (number: Int, title: String, measure: (HubLoad) -> () throws -> [Figure])

    static var rows: [Row] {
        [
            (1, "one-change exchanges", HubLoad.exchanges), (2, "large batches", HubLoad.largeBatches),
            (3, "branches that return", HubLoad.branchesReturn), (4, "wake-ups", HubLoad.wakeUp),
            (5, "a crowd", HubLoad.crowdComesThrough),
        ]
    }

    // MARK: - Rows

    private func exchanges() throws -> [Figure] {
        let each = HubLoad.greatestRate * seconds / (connections * HubLoad.branchesPerConnection) + 1
        return try withHub(branches: connections * HubLoad.branchesPerConnection) { hub, branches in
            for (index, branch) in branches.enumerated() {
                branch.prepare(each, changes: 1, of: trace, from: index * 7)
            }
            try hub.start()
            let driver = try LoadDriver(hub, connections: connections)
            try open(branches, driver, hub)
            let end = ContinuousClock.now + .seconds(seconds)
            var turn = 0
            let outcome = try driver.run {
                guard ContinuousClock.now < end else { return nil }
                // A branch has one exchange under way: with so many turns in between, its last is answered.
                turn += 1
                let branch = branches[turn % branches.count]
                return branch.hasMore && !branch.isSending ? sync(branch) : nil
            }
            let memory = try finish(hub, branches)
            return [
                figure(
                    1, "hub-exchanges", "one-change exchanges", Double(outcome.latencies.count) / outcome.seconds,
                    .perSecond, goal: 4_000, .atLeast, note: note(outcome)),
                figure(1, "hub-exchange-p50", "latency, median", outcome.percentile(0.5) * 1e3, .milliseconds),
                figure(
                    1, "hub-exchange-p99", "latency, 99th percentile", outcome.percentile(0.99) * 1e3, .milliseconds,
                    goal: 25),
                memoryFigure(1, "hub-exchanges-memory", memory),
            ]
        }
    }

    private func largeBatches() throws -> [Figure] {
        try withHub(branches: batches) { hub, branches in
            for (index, branch) in branches.enumerated() {
                branch.prepare(1, changes: HubLoad.changesOfBatch, of: trace, from: index * 7)
            }
            try hub.start()
            let driver = try LoadDriver(hub, connections: min(connections, HubLoad.connectionsOfBatches))
            try open(branches, driver, hub)
            // The first request of a session needs nothing of an answer: it is packed and signed beforehand.
            var answers: [(LoadBranch, HTTPAnswer)] = []
            var requests = branches.map { branch in
                LoadDriver.Request(bytes: branch.syncRequest()) { answer in
                    answers.append((branch, answer))
                    return nil
                }
            }
            let outcome = try driver.run { requests.popLast() }
            for (branch, answer) in answers { try branch.answered(answer) }
            let memory = try finish(hub, branches)
            let count = Double(batches * HubLoad.changesOfBatch)
            return [
                figure(
                    2, "hub-batches", "changes in batches of \(HubLoad.changesOfBatch)", count / outcome.seconds,
                    .perSecond, goal: 200_000, .atLeast, note: note(outcome)),
                memoryFigure(2, "hub-batches-memory", memory),
            ]
        }
    }

    private func branchesReturn() throws -> [Figure] {
        try withHub(branches: returning) { hub, branches in
            for (index, branch) in branches.enumerated() {
                branch.prepare(1, changes: HubLoad.changesOfReturning, of: trace, from: index * 7)
            }
            try hub.start()
            let driver = try LoadDriver(hub, connections: connections)
            var left = branches[...]
            let outcome = try driver.run {
                // Sessions are long gone: each opens one first.
                left.popFirst().map { branch in
                    session(branch, hub) { sync(branch) }
                }
            }
            let memory = try finish(hub, branches)
            return [
                figure(
                    3, "hub-return",
                    "\(returning) branches return with \(HubLoad.changesOfReturning) changes: branches",
                    Double(returning) / outcome.seconds, .perSecond, goal: 500, .atLeast, note: note(outcome)),
                figure(
                    3, "hub-return-ten-thousand", "at this rate, 10,000 branches",
                    outcome.seconds * 10_000 / Double(returning), .seconds, goal: 20),
                memoryFigure(3, "hub-return-memory", memory),
            ]
        }
    }

    private func wakeUp() throws -> [Figure] {
        let machines = (listeners + HubLoad.listenersPerMachine - 1) / HubLoad.listenersPerMachine
        return try withHub(branches: 1, readers: machines) { hub, branches in
            let author = branches[0]
            author.prepare(HubLoad.wakeUps, changes: 1, of: trace, from: 0)
            try hub.start()
            let driver = try LoadDriver(hub, connections: 1)
            try open(branches, driver, hub)
            var streams: [LoadConnection] = []
            for index in 0..<listeners {
                let stream = try LoadConnection(port: hub.port)
                try stream.send(branches[1 + index / HubLoad.listenersPerMachine].eventsRequest())
                streams.append(stream)
                try hear("listening", on: [stream])
            }
            let before = try hub.cpu().seconds
            var times: [Double] = []
            for _ in 0..<HubLoad.wakeUps {
                let start = ContinuousClock.now
                var hasSent = false
                _ = try driver.run {
                    defer { hasSent = true }
                    return hasSent ? nil : sync(author)
                }
                try hear("grown", on: streams)
                times.append(LoadDriver.seconds(ContinuousClock.now - start))
            }
            let used = try hub.cpu().seconds - before
            streams = []
            let memory = try finish(hub, [author])
            return [
                figure(
                    4, "hub-wake-ups", "\(listeners) listeners woken, from the push to the last", times.max() ?? 0,
                    .seconds, goal: 1,
                    note: "the slowest of \(times.count); hub \(HubLoad.short(used)) core seconds for all of them"),
                memoryFigure(4, "hub-wake-ups-memory", memory),
            ]
        }
    }

    private func crowdComesThrough() throws -> [Figure] {
        try withHub(branches: crowd) { hub, branches in
            for (index, branch) in branches.enumerated() {
                branch.prepare(1, changes: 1, of: trace, from: index * 7)
            }
            try hub.start()
            let openers = try LoadDriver(hub, connections: connections)
            try open(branches, openers, hub)
            let driver = try LoadDriver(hub, connections: crowd)
            var left = branches[...]
            let outcome = try driver.run { left.popFirst().map { sync($0) } }
            let memory = try finish(hub, branches)
            return [
                figure(
                    5, "hub-crowd", "\(crowd) branches at one instant, all taken after", outcome.seconds, .seconds,
                    note: note(outcome)),
                figure(5, "hub-crowd-refusals", "refused for now, with Retry-After", Double(outcome.refusals), .count),
                figure(
                    5, "hub-crowd-most-refused", "refusals of the branch that had most",
                    Double(outcome.greatestRefusals), .count, goal: 1),
                memoryFigure(5, "hub-crowd-memory", memory),
            ]
        }
    }

    /// Batches are large: a few connections keep a hub busy, as many would hold more in memory than they need.
    private static let connectionsOfBatches = 8

    // MARK: - Parts

    private func withHub(
        branches count: Int, readers: Int = 0, _ body: (HubProcess, [LoadBranch]) throws -> [Figure]
    ) throws -> [Figure] {
        let hub = try HubProcess(in: workspace.path("hub"))
        let branches = try (0..<(count + readers)).map {
            try LoadBranch($0, chain: hub.chain, readsAll: $0 >= count)
        }
        try hub.enrol(branches)
        return try body(hub, branches)
    }

    /// - Returns: the hub's peak of memory, bytes.
    private func finish(_ hub: HubProcess, _ branches: [LoadBranch]) throws -> Int {
        let memory = try hub.peakMemory()
        try hub.stop()
        try hub.requireAcknowledged(branches)
        return memory
    }

    private func open(_ branches: [LoadBranch], _ driver: LoadDriver, _ hub: HubProcess) throws {
        var left = branches[...]
        _ = try driver.run { left.popFirst().map { session($0, hub) { nil } } }
    }

    private func session(
        _ branch: LoadBranch, _ hub: HubProcess, then next: @escaping () -> LoadDriver.Request?
    ) -> LoadDriver.Request {
        LoadDriver.Request(bytes: branch.sessionRequest()) { answer in
            try branch.opened(answer.body, hubKey: hub.hubKey)
            return next()
        }
    }

    private func sync(_ branch: LoadBranch) -> LoadDriver.Request {
        LoadDriver.Request(
            bytes: branch.syncRequest(),
            answered: { answer in
                try branch.answered(answer)
                return nil
            },
            again: { sync(branch) })
    }

    /// Reads all streams until each has said `name`.
    private func hear(_ name: String, on streams: [LoadConnection]) throws {
        var heard = Array(repeating: "", count: streams.count)
        var left = streams.count
        var polled = streams.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        while left > 0 {
            guard poll(&polled, nfds_t(polled.count), LoadDriver.patienceMilliseconds) > 0 else {
                throw BenchError("\(left) of \(streams.count) listeners were not told “\(name)”")
            }
            for index in streams.indices where polled[index].revents != 0 {
                heard[index] += String(decoding: try streams[index].readAll(), as: UTF8.self)
                if polled[index].fd >= 0, heard[index].contains("event: \(name)") {
                    // A negative descriptor is not looked at again.
                    polled[index].fd = -1
                    left -= 1
                }
            }
        }
    }

    // MARK: - Figures

    private func figure(
        _ row: Int, _ name: String, _ work: String, _ value: Double, _ unit: Figure.Unit, goal: Double? = nil,
        _ sense: Figure.Sense = .atMost, note: String? = nil
    ) -> Figure {
        Figure(row: row, name: name, work: work, value: value, unit: unit, goal: goal, sense: sense, note: note)
    }

    private func memoryFigure(_ row: Int, _ name: String, _ bytes: Int) -> Figure {
        figure(row, name, "peak memory of the hub", Double(bytes), .bytes, goal: 256e6)
    }

    private func note(_ outcome: LoadDriver.Outcome) -> String {
        let time = outcome.seconds
        return "\(HubLoad.short(time)) s; hub \(HubLoad.short(outcome.hub)) and driver "
            + "\(HubLoad.short(outcome.driver)) core seconds: \(HubLoad.short(outcome.hub / time)) and "
            + "\(HubLoad.short(outcome.driver / time)) cores"
    }

    private static func short(_ number: Double) -> String { String(format: "%.2f", number) }
}
