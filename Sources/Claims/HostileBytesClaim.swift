import Causality
import Changes
import Replication
import SQLiteKit
import SQLiteStore
import StoreContract

extension Claim {
    static let hostileBytes = Claim(
        "hostile-bytes",
        "Mutated and truncated messages are refused with a typed error or are exactly another message; nothing traps."
    ) { effort, figures in
        var random = SplitMix64(seed: effort.seed)
        let forms = try ByteForm.all(seed: effort.seed)
        let before = peakMemoryKiB()
        var counts = HostileCounts()
        for form in forms {
            guard !form.samples.isEmpty else { throw ClaimBroken("there is no \(form.name) to mutate") }
            for _ in 0..<effort.choose(10_000, full: 100_000) { try counts.mutate(form, &random) }
            for sample in form.samples.prefix(effort.choose(5, full: 100)) { try counts.truncate(sample, of: form) }
        }
        try counts.challenge(seed: effort.seed, rounds: effort.choose(3_000, full: 30_000), &random)
        let grown = peakMemoryKiB() - before
        figures.rounds = counts.mutations + counts.truncations
        figures.note("forms", forms.count)
        figures.note("refused", counts.refused)
        figures.note("takenAndRewritten", counts.taken)
        figures.note("truncations", counts.truncations)
        figures.note("requestsToAHub", counts.requests)
        figures.note("answersToAReplica", counts.answers)
        figures.note("memoryGrownKiB", grown)
        guard grown < HostileCounts.memoryLimitKiB else { throw ClaimBroken("memory grew by \(grown) KiB") }
    }
}

private struct HostileCounts {
    private(set) var mutations = 0
    private(set) var truncations = 0
    private(set) var refused = 0
    private(set) var taken = 0
    private(set) var requests = 0
    private(set) var answers = 0

    /// What hostile input may make this process hold at most, in all rounds together.
    static let memoryLimitKiB = 256 << 10

    private mutating func read(_ bytes: [UInt8], as form: ByteForm) throws {
        let rewritten: [UInt8]
        do { rewritten = try form.rewrite(bytes) } catch {
            refused += 1
            return
        }
        taken += 1
        guard rewritten == bytes else {
            throw ClaimBroken(
                "a \(form.name) of the bytes \(hexadecimal(bytes)) is written as \(hexadecimal(rewritten))")
        }
    }

    mutating func mutate(_ form: ByteForm, _ random: inout SplitMix64) throws {
        mutations += 1
        try read(HostileCounts.mutated(form.samples, &random), as: form)
    }

    private static func mutated(_ samples: [[UInt8]], _ random: inout SplitMix64) -> [UInt8] {
        var bytes = random.pick(samples)
        for _ in 0...random.upTo(2) {
            bytes = random.pick(Mutation.allCases).applied(to: bytes, other: random.pick(samples), &random)
        }
        return bytes
    }

    /// No valid bytes begin other valid bytes of the form.
    mutating func truncate(_ sample: [UInt8], of form: ByteForm) throws {
        for length in sample.indices {
            truncations += 1
            let cut = Array(sample[..<length])
            if let rewritten = try? form.rewrite(cut) {
                throw ClaimBroken("\(length) bytes of a \(form.name) were taken as \(hexadecimal(rewritten))")
            }
            refused += 1
        }
    }

    // MARK: - Behind the reader

    /// Mutated messages that can be read go to a hub and a replica on SQLite: what they name may not exist, be out of
    /// order or out of range.
    mutating func challenge(seed: UInt64, rounds: Int, _ random: inout SplitMix64) throws {
        let folder = try TemporaryFolder()
        let chain = try SampleChain(seed: seed, changes: 60) { name in
            try SQLiteStore(
                path: folder.file(name), schemas: SampleChain<SQLiteStore>.schemas, durability: .normal)
        }
        var sent: [[UInt8]] = []
        var received: [[UInt8]] = []
        let machine = chain.machines[0]
        try machine.sync(limits: PushLimits(changes: 2), page: PageLimits(changes: 4)) { bytes, deliver in
            sent.append(bytes)
            let answer = try deliver(bytes)
            received.append(answer)
            return answer
        }
        for _ in 0..<rounds {
            // One that is refused here goes no further: that it is refused with a typed error is the claim before.
            if let request = try? SyncRequest(HostileCounts.mutated(sent, &random)) {
                requests += 1
                // Refusals are in the answer; whatever is thrown here is the store's.
                _ = try HubExchange(
                    chain.hub.store.base, key: chain.hub.key, incarnation: ShortHash(high: 1, low: 1),
                    schemas: chain.hub.schemas
                ).answer(request, carrier: machine.certificate, now: chain.hub.now)
            }
            // Behind the seal, which whoever means harm can make as well.
            let answer = HostileCounts.mutated(received.map { $0.dropLast(SyncResponse.sealBytes) }, &random)
            if let response = try? SyncResponse(SyncResponse.sealed(answer)) {
                answers += 1
                _ = try AnswerApplier(
                    machine.store.base, hubKey: chain.hub.key.publicKey, own: machine.identity.feed
                ).apply(response, now: chain.hub.now)
            }
        }
    }
}
