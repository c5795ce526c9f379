import Foundation
import SQLiteKit
import SQLiteStore

/// The work of `amends-bench sealing`.
final class SealingHolds {
    private let trace: Trace
    private let workspace: Workspace
    private let holds: Int
    private let plain: PlainTable
    /// Milliseconds: of those that seal, and of those that bring small segments together before.
    private var held: [Double] = []
    private var gathered: [Double] = []
    /// Of those that only remove runs which lie in segments since.
    private var cleared: [Double] = []
    private var prepared: [Double] = []
    /// What the core did of `held`, and a bare commit of one page right after each: how fast the disk was then.
    private var computed: [Double] = []
    private var bare: [Double] = []
    private var heldByBatch: [Int: [Double]] = [:]

    /// Events between two exchanges.
    static let batches = [1, 10, 100, 1_000]
    private static let entriesPerSegment = 1_024
    /// Events between two waits for the disk, where exchanges have fewer: as many as small segments may gather.
    private static let eventsPerBarrier = 64

    init(_ trace: Trace, _ workspace: Workspace, holds: Int) throws {
        plain = try PlainTable(path: workspace.path("plain.sqlite"), durability: .full)
        self.trace = trace
        self.workspace = workspace
        self.holds = holds
    }

    func measure() throws -> [Figure] {
        let events = (holds / 2 + SealingHolds.batches.count) * SealingHolds.entriesPerSegment
        let trace = try self.trace.repeated((events + self.trace.events.count - 1) / self.trace.events.count)
            .prefix(events)
        let chain = try BenchChain(path: workspace.path("hub.sqlite"), now: trace.end)
        let author = try BenchReplica(
            1, path: workspace.path("author.sqlite"), durability: .full, sealingsAfterWrite: 0)
        let reader = try BenchReplica(
            2, path: workspace.path("reader.sqlite"), durability: .full, sealingsAfterWrite: 0)
        try chain.certify(author.identity)
        try chain.certify(reader.identity)
        var rest = trace.events[...]
        var segments = 0
        while !rest.isEmpty, held.count < holds {
            let batch = SealingHolds.batches[segments % SealingHolds.batches.count]
            var segment = rest.prefix(SealingHolds.entriesPerSegment)
            rest = rest.dropFirst(SealingHolds.entriesPerSegment)
            while !segment.isEmpty {
                let part = segment.prefix(max(batch, SealingHolds.eventsPerBarrier))
                segment = segment.dropFirst(part.count)
                try author.store.withDeferredDurability {
                    try reader.store.withDeferredDurability { try exchange(part, batch, author, reader, chain) }
                }
                try seal(author, batch)
                try seal(reader, batch)
            }
            segments += 1
            if segments % 50 == 0 { Talk.say("  \(held.count) of \(holds) …") }
        }
        let recorded = trace.prefix(trace.events.count - rest.count)
        try require(try author.standing() == reader.standing(), "the replicas do not agree")
        let table = FinalTable(of: recorded)
        try author.requireTable(table, of: recorded)
        try reader.requireTable(table, of: recorded)
        try author.close()
        try reader.close()
        try chain.close()
        return figures()
    }

    private func exchange(
        _ events: ArraySlice<Trace.Event>, _ batch: Int, _ author: BenchReplica, _ reader: BenchReplica,
        _ chain: BenchChain
    ) throws {
        var rest = events
        while !rest.isEmpty {
            try author.recordOneByOne(rest.prefix(batch))
            try author.sync(with: chain)
            try reader.sync(with: chain)
            rest = rest.dropFirst(batch)
        }
    }

    private func seal(_ replica: BenchReplica, _ batch: Int) throws {
        while true {
            var sealing: Sealing?
            let preparing = try seconds { sealing = try replica.store.prepareSealing() } * 1e3
            guard let sealing else { return }
            var isDone = false
            let before = try CPUTime.ownThread().seconds
            let time = try seconds { isDone = try replica.store.seal(sealing) } * 1e3
            let cores = (try CPUTime.ownThread().seconds - before) * 1e3
            try require(isDone, "what was packed does not stand any more")
            guard sealing.hasSegments else {
                cleared.append(time)
                continue
            }
            prepared.append(preparing)
            guard sealing.isFinal else {
                gathered.append(time)
                continue
            }
            held.append(time)
            computed.append(cores)
            bare.append(try seconds { try plain.barrier() } * 1e3)
            heldByBatch[batch, default: []].append(time)
        }
    }

    // MARK: - Figures

    private func figures() -> [Figure] {
        func percentile(_ times: [Double], _ part: Double) -> Double {
            let sorted = times.sorted()
            return sorted[min(sorted.count - 1, Int(part * Double(sorted.count)))]
        }
        func figure(_ name: String, _ work: String, _ times: [Double], _ part: Double, goal: Double? = nil) -> Figure {
            let spread = Spread(times)
            return Figure(
                row: 3, name: name, work: work, value: percentile(times, part), unit: .milliseconds,
                least: spread.least, greatest: spread.greatest, goal: goal,
                note: "of \(times.count); median \(String(format: "%.2f", spread.median)) ms")
        }
        guard !held.isEmpty else { return [] }
        // Of a thousand, the greatest but one.
        return [
            figure("sealing-hold-p999", "the lock is held: 99.9th percentile", held, 0.999 - 1e-9, goal: 10),
            figure("sealing-hold-p99", "the same: 99th percentile", held, 0.99),
            figure("sealing-hold-core", "of it the core's own time: 99.9th percentile", computed, 0.999 - 1e-9),
            figure("sealing-bare", "a bare commit of one page after each: 99.9th percentile", bare, 0.999 - 1e-9),
        ]
            + [
                ("sealing-gather-p999", "bringing small ones together: 99.9th percentile", gathered),
                ("sealing-clear-p999", "removing what lies in segments since: 99.9th percentile", cleared),
            ].filter { !$0.2.isEmpty }.map { figure($0.0, $0.1, $0.2, 0.999 - 1e-9, goal: 10) }
            + heldByBatch.sorted { $0.key < $1.key }.map { batch, times in
                figure("sealing-hold-\(batch)", "the same, exchanges of \(batch): 99th percentile", times, 0.99)
            } + [figure("sealing-prepare", "packing beforehand, without the lock: 99th percentile", prepared, 0.99)]
    }
}
