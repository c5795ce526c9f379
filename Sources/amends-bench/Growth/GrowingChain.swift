import Causality
import Changes
import Foundation
import Inspection
import Replication
import SQLiteKit
import SQLiteStore
import ServiceRecovery

/// One author, a hub and a reader, which grow from size to size.
final class GrowingChain {
    private let scales: [Int]
    private let rounds: Int
    private let workspace: Workspace
    private let base: Int
    private let trace: Trace
    private var next = 0
    private var costs: [GrowthCost] = [
        GrowthCost(name: "write", work: "local write, an event", unit: .microseconds, greatestRatio: 1.5),
        GrowthCost(name: "collect", work: "collect 100 events for the hub", unit: .microseconds, greatestRatio: 1.5),
        GrowthCost(name: "accept", work: "the hub takes 100 events", unit: .microseconds, greatestRatio: 1.5),
        GrowthCost(name: "answer", work: "the hub answers with 100 events", unit: .microseconds, greatestRatio: 1.5),
        GrowthCost(name: "merge", work: "merge a page of 100 events", unit: .microseconds, greatestRatio: 1.5),
        GrowthCost(name: "empty", work: "collect where there is nothing", unit: .microseconds, greatestRatio: 1.5),
        GrowthCost(
            name: "first-merge", work: "merge the whole history, an event", unit: .microseconds, greatestRatio: 1.5),
        GrowthCost(name: "history", work: "all changes of one record", unit: .microseconds, greatestRatio: nil),
        GrowthCost(name: "open", work: "open the file and write an event", unit: .microseconds, greatestRatio: 1.5),
        GrowthCost(name: "verify", work: "verify the file, an event", unit: .microseconds, greatestRatio: 1.5),
        GrowthCost(name: "file", work: "file, bytes an event", unit: .bytes, greatestRatio: 1.1),
    ]

    private static let step = 100

    init(_ trace: Trace, _ workspace: Workspace, scales: [Int], rounds: Int) throws {
        self.workspace = workspace
        self.scales = scales
        self.rounds = rounds
        base = trace.events.count
        // Once more than the greatest size, for what is measured at it.
        self.trace = try trace.repeated((scales.last ?? 1) + 1)
    }

    func measure() throws -> [GrowthCost] {
        let chain = try BenchChain(path: workspace.path("hub.sqlite"), now: trace.end)
        let author = try BenchReplica(1, path: workspace.path("author.sqlite"), durability: .normal)
        try chain.certify(author.identity)
        for (index, scale) in scales.enumerated() {
            Talk.say("  growing to \(scale)x …")
            try record(upTo: scale * base - index * rounds * GrowingChain.step, author, chain)
            let path = workspace.path("reader.sqlite")
            // Each size has a reader that begins anew: what the whole history takes.
            var reader = try BenchReplica(UInt8(10 + index), path: path, durability: .normal)
            try chain.certify(reader.identity)
            let first = try reader.sync(with: chain)
            note("first-merge", scale, first.mergeSeconds * 1e6 / Double(next))
            try measureSteps(scale, author, reader, chain)
            try measureHistory(scale, reader)
            try reader.close()
            reader = try measureOpening(scale, path, index)
            try reader.close()
            note("file", scale, Double(try Workspace.size(of: path)) / Double(next))
            Talk.say("  verifying \(scale)x …")
            var report: VerifyReport?
            let time = try seconds {
                report = try Verifier(hubKey: BenchChain.hubKey.publicKey)
                    .verify(path: path, schemas: BenchChain.schemas)
            }
            try require(
                report?.damage.isEmpty == true, "the file does not verify: \(String(describing: report?.damage))")
            note("verify", scale, time * 1e6 / Double(next))
            try workspace.discard(path)
        }
        try author.close()
        try chain.close()
        return costs
    }

    private func note(_ name: String, _ scale: Int, _ value: Double) {
        guard let index = costs.firstIndex(where: { $0.name == name }) else { return }
        costs[index].values.append((scale, value))
    }

    private func record(upTo end: Int, _ author: BenchReplica, _ chain: BenchChain) throws {
        while next < end {
            let part = min(end - next, 20_000)
            try author.record(trace.events[next..<next + part], perCommit: 100)
            try author.sync(with: chain)
            next += part
        }
    }

    // MARK: - Operations

    private func measureSteps(
        _ scale: Int, _ author: BenchReplica, _ reader: BenchReplica, _ chain: BenchChain
    ) throws {
        var times: [String: [Double]] = [:]
        let step = GrowingChain.step
        for _ in 0..<rounds {
            let events = trace.events[next..<next + step]
            times["write", default: []].append(try seconds { try author.recordOneByOne(events) } / Double(step))
            next += step
            let push = try author.sync(with: chain)
            times["collect", default: []].append(push.extractSeconds)
            times["accept", default: []].append(push.answerSeconds)
            let fetch = try reader.sync(with: chain)
            times["answer", default: []].append(fetch.answerSeconds)
            times["merge", default: []].append(fetch.mergeSeconds)
            times["empty", default: []].append(try reader.sync(with: chain).extractSeconds)
        }
        for (name, times) in times.sorted(by: { $0.key < $1.key }) { note(name, scale, Spread(times).least * 1e6) }
        try require(try author.standing() == reader.standing(), "author and reader do not agree")
    }

    private func measureHistory(_ scale: Int, _ reader: BenchReplica) throws {
        let scope = BenchChain.scope.scope
        var times: [Double] = []
        for round in 0..<rounds {
            let incident = trace.events[round &* 7_919 % next].incident
            let origin = RecordOrigin.external(source: IncidentWorkloadSchema.source, id: trace.numbers[incident])
            let id = origin.recordID(in: scope)
            var count = 0
            times.append(
                try seconds { count = try reader.store.read { try $0.changes(touching: id, of: scope).count } })
            try require(count > 0, "an incident has no changes")
        }
        note("history", scale, Spread(times).median * 1e6)
    }

    private func measureOpening(_ scale: Int, _ path: String, _ index: Int) throws -> BenchReplica {
        var times: [Double] = []
        var reader: BenchReplica?
        for round in 0..<rounds {
            try reader?.close()
            reader = nil
            let event = trace.events[base / 2 + round..<base / 2 + round + 1]
            times.append(
                try seconds {
                    let opened = try BenchReplica(UInt8(10 + index), path: path, durability: .normal)
                    try opened.recordOneByOne(event)
                    reader = opened
                })
        }
        guard let reader else { preconditionFailure("there is at least one round") }
        note("open", scale, Spread(times).least * 1e6)
        return reader
    }
}
