import Causality
import Changes
import Replication
import StoreContract

extension Claim {
    static let sameBytes = Claim(
        "same-bytes",
        "One seed gives the same states, fingerprints and messages in every process; compare the digest of two runs."
    ) { effort, figures in
        var digests: Set<Hash256> = []
        for _ in 0..<2 {
            var sum = ByteSum()
            let chain = try SampleChain(seed: effort.seed, changes: effort.choose(200, full: 1_000)) { _ in
                MemoryStore()
            }
            for machine in chain.machines { try sum.add(machine) }
            digests.insert(sum.hash)
            figures.rounds += 1
        }
        guard let digest = digests.first, digests.count == 1 else {
            throw ClaimBroken("two runs in one process give other bytes")
        }
        figures.note("digest", digest.description)
    }
}

/// A running hash over everything that a replica would store or send.
private struct ByteSum {
    private(set) var hash = Hash256.zero

    mutating func add(_ bytes: [UInt8]) {
        hash = Hash256.of(.digest) { writer in
            writer.write(hash)
            writer.write(bytes)
        }
    }

    mutating func add(_ machine: InMemoryReplica<MemoryStore>) throws {
        try machine.store.base.read { transaction in
            for scope in transaction.scopes() {
                add(scope.history.hash.bytes)
                add(transaction.fingerprint(of: scope.id).hash.bytes)
                for row in transaction.entries(of: scope.id, after: 0, limit: .max) { add(row.entry.encoded()) }
                for record in transaction.records(of: scope.id, after: nil, limit: .max) {
                    add(record.state.encoded())
                    for row in transaction.logRows(of: record.id, scope: scope.id) { add(row.value.canonicalBytes) }
                }
            }
            let request = try Outbox(transaction, identity: machine.identity)
                .request(limits: PushLimits(), page: PageLimits()).request
            add(request.encoded())
        }
    }
}
