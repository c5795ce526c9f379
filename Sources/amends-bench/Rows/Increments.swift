import SQLiteKit
import SQLiteStore

/// Row 7: 100 more events when there is 10 % of the history, and when there is all of it.
///
/// The files do not wait for the disk here, so that the times are those beside the fsync.
enum Increments {
    private static let events = 100

    private struct Costs {
        var extract: [Double] = []
        var merge: [Double] = []
        var pushed: [Double] = []
        var fetched: [Double] = []
    }

    static func measure(_ bench: Bench) throws -> [Figure] {
        let added = bench.rounds * events
        let all = bench.trace.events.count
        guard all >= 10 * added else { throw ShortTrace(row: 7, events: 10 * added) }
        let early = try costs(bench, history: all / 10)
        let late = try costs(bench, history: all - added)
        return [
            figure(
                "extract", "100 more events: collect, sign and pack", .milliseconds, early.extract, late.extract, 0.2),
            figure(
                "merge", "100 more events: unpack, verify, fold, store", .milliseconds, early.merge, late.merge, 1.5),
            figure("pushed", "100 more events: the author's request", .bytes, early.pushed, late.pushed, 1_200),
            figure(
                "fetched", "100 more events: the hub's answer to another", .bytes, early.fetched, late.fetched, 1_200),
        ]
        .flatMap { $0 }
    }

    private static func figure(
        _ name: String, _ work: String, _ unit: Figure.Unit, _ early: [Double], _ late: [Double], _ goal: Double
    ) -> [Figure] {
        let (at10, at100) = (Spread(early), Spread(late))
        return [
            Figure(
                row: 7, name: "increment-\(name)-at-10", work: "\(work), at 10 %", value: at10.median, unit: unit,
                least: at10.least, greatest: at10.greatest, goal: goal),
            Figure(
                row: 7, name: "increment-\(name)-at-100", work: "\(work), at 100 %", value: at100.median, unit: unit,
                least: at100.least, greatest: at100.greatest, goal: goal),
        ]
    }

    /// Apart, so that a profile tells it from the exchanges that bring the history.
    @inline(never)
    private static func exchange(_ replica: BenchReplica, _ chain: BenchChain) throws -> BenchReplica.Exchange {
        try replica.sync(with: chain)
    }

    private static func costs(_ bench: Bench, history count: Int) throws -> Costs {
        let chain = try BenchChain(path: bench.workspace.path("hub.sqlite"), now: bench.trace.end)
        defer { try? bench.workspace.discard(chain.store.path) }
        var costs = Costs()
        try bench.withReplica(1, durability: .normal) { author in
            try bench.withReplica(2, durability: .normal) { reader in
                try chain.certify(author.identity)
                try chain.certify(reader.identity)
                try author.record(bench.trace.events[..<count], perCommit: 100)
                try author.sync(with: chain)
                try reader.sync(with: chain)
                for round in 0..<bench.rounds {
                    let start = count + round * events
                    try author.record(bench.trace.events[start..<start + events], perCommit: events)
                    let push = try exchange(author, chain)
                    let fetch = try exchange(reader, chain)
                    costs.extract.append(push.extractSeconds * 1_000)
                    costs.merge.append(fetch.mergeSeconds * 1_000)
                    costs.pushed.append(Double(push.requests.reduce(0) { $0 + $1.count }))
                    costs.fetched.append(Double(fetch.answers.reduce(0) { $0 + $1.count }))
                    try require(try author.standing() == reader.standing(), "author and reader do not agree")
                }
                let trace = bench.trace.prefix(count + bench.rounds * events)
                try reader.requireTable(FinalTable(of: trace), of: trace)
            }
        }
        try chain.close()
        return costs
    }
}
