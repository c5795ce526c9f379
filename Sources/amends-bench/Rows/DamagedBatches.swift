import Causality
import Changes
import Foundation
import Replication
import SQLiteKit
import SQLiteStore
import ServiceRecovery

/// Row 11: every try changes one byte of a batch to another; it must be refused and change nothing.
enum DamagedBatches {
    private static let tries = 10_000
    private static let historyEvents = 2_000
    private static let batchEvents = 20

    static func measure(_ bench: Bench) throws -> [Figure] {
        let trace = bench.trace.prefix(historyEvents)
        guard trace.events.count > 4 * batchEvents else { throw ShortTrace(row: 11, events: 4 * batchEvents + 1) }
        let scene = try Scene(bench, trace, batchEvents)
        defer { try? bench.workspace.discard(scene.base) }
        var random = SeededGenerator(seed: 11)
        let bundle = try attack(scene, scene.bundle, bench, &random) { replica, bytes in
            let outcome = try BundleReceiver(
                replica.store, hubKey: BenchChain.hubKey.publicKey, own: BenchChain.certificate(of: replica.identity)
            ).apply(try SyncBundle(bytes), chain: BenchChain.chain)
            return outcome.refusals.isEmpty
        }
        let answer = try attack(scene, scene.answer, bench, &random) { replica, bytes in
            try replica.apply(bytes).refusals.isEmpty
        }
        return [
            figure("damaged-bundles", "damaged bundles refused, nothing changed", bundle, scene.bundle.count),
            figure("damaged-answers", "damaged answers refused, nothing changed", answer, scene.answer.count),
        ]
    }

    private static func figure(_ name: String, _ work: String, _ tally: Tally, _ size: Int) -> Figure {
        var harmless = ""
        if let first = tally.harmless.min(), let last = tally.harmless.max() {
            let count = tally.harmless.count
            harmless = "; \(count) were taken with the very state of the whole batch (bytes \(first) to \(last))"
        }
        return Figure(
            row: 11, name: name, work: work, value: Double(tally.refused), unit: .count, goal: Double(tries),
            sense: .atLeast, note: "of \(tries), \(size) bytes each\(harmless); \(tally.harmful) did harm")
    }

    private struct Tally {
        var refused = 0
        /// Taken, and the outcome is that of the undamaged batch: which byte was changed.
        var harmless: [Int] = []
        var harmful = 0
    }

    /// A replica that lacks a batch, and the batch in both forms.
    private struct Scene {
        /// A closed file.
        let base: String
        let bundle: [UInt8]
        let answer: [UInt8]

        init(_ bench: Bench, _ trace: Trace, _ batch: Int) throws {
            let chain = try BenchChain(path: bench.workspace.path("hub.sqlite"), now: bench.trace.end)
            let base = bench.workspace.path("base.sqlite")
            let reader = try BenchReplica(2, path: base, durability: .normal)
            defer { try? bench.workspace.discard(chain.store.path) }
            let forms = try bench.withReplica(1, durability: .normal) { author in
                try chain.certify(author.identity)
                try chain.certify(reader.identity)
                let count = trace.events.count
                try author.record(trace.events[..<(count - 2 * batch)], perCommit: 100)
                try author.sync(with: chain)
                try reader.sync(with: chain)
                try reader.close()
                // Entries that the reader lacks, and changes that have none yet.
                try author.record(trace.events[(count - 2 * batch)..<(count - batch)], perCommit: batch)
                try author.sync(with: chain)
                try author.record(trace.events[(count - batch)...], perCommit: batch)
                let bundle = try author.store.write { transaction in
                    try BundleMaker(transaction, identity: author.identity) {
                        BenchChain.certificate(of: $0 == author.identity.replica ? author.identity : reader.identity)
                    }.make(chain: BenchChain.chain, entries: batch)
                }
                return (bundle: bundle.encoded(), answer: try Scene.answer(of: chain, to: base, bench))
            }
            try chain.close()
            self.base = base
            (bundle, answer) = (forms.bundle, forms.answer)
        }

        /// What the hub answers to the replica in `base`, unpacked: compressed, most damage would be found by zstd.
        private static func answer(of chain: BenchChain, to base: String, _ bench: Bench) throws -> [UInt8] {
            let path = try bench.workspace.copy(base, as: "reader.sqlite")
            defer { try? bench.workspace.discard(path) }
            let reader = try BenchReplica(2, path: path, durability: .normal)
            let answers = try reader.sync(with: chain).answers
            try reader.close()
            try require(answers.count == 1, "the batch came in \(answers.count) answers")
            return try WireBody.unpack(answers[0])
        }
    }

    private static func attack(
        _ scene: Scene, _ batch: [UInt8], _ bench: Bench, _ random: inout SeededGenerator,
        take: (BenchReplica, [UInt8]) throws -> Bool
    ) throws -> Tally {
        func open() throws -> BenchReplica {
            try BenchReplica(
                2, path: try bench.workspace.copy(scene.base, as: "attacked.sqlite"), durability: .normal)
        }
        func discard(_ replica: BenchReplica) throws {
            try replica.close()
            try bench.workspace.discard(replica.path)
        }
        let whole = try open()
        try require(try take(whole, batch), "the undamaged batch was refused")
        let intended = try whole.standing()
        try discard(whole)

        var tally = Tally()
        var replica = try open()
        let before = try replica.standing()
        for _ in 0..<tries {
            var damaged = batch
            let place = Int(random.next() % UInt64(batch.count))
            damaged[place] ^= UInt8(1 + random.next() % 255)
            let isTaken: Bool
            do { isTaken = try take(replica, damaged) } catch is BenchError { throw BenchError("a try failed") } catch {
                isTaken = false
            }
            let after = try replica.standing()
            if !isTaken, after == before {
                tally.refused += 1
                continue
            }
            if isTaken, after == intended { tally.harmless.append(place) } else { tally.harmful += 1 }
            try discard(replica)
            replica = try open()
        }
        // The refused ones have left no trace either that would keep the batch itself out.
        try require(try take(replica, batch), "after the damaged batches the undamaged one is refused")
        try require(
            try replica.standing() == intended, "after the damaged batches the undamaged one gives another state")
        try discard(replica)
        return tally
    }
}
