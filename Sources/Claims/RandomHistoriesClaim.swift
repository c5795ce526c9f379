import Changes
import Inspection
import Replication
import SQLiteKit
import SQLiteStore
import StoreContract

extension Claim {
    static let randomHistories = Claim(
        "random-histories",
        "Replicas that write, sync and fail at random agree in the end, in memory and on SQLite, and every file verifies."
    ) { effort, figures in
        var totals = RandomHistories()
        let inMemory = effort.choose(60, full: 2_000)
        for round in 0..<inMemory {
            totals.add(try Simulation<MemoryStore>.run(seed: effort.seed &+ UInt64(round)) { MemoryStore() })
        }
        let onDisk = effort.choose(4, full: 60)
        for round in 0..<onDisk { try totals.runOnDisk(seed: effort.seed &+ UInt64(round)) }
        figures.rounds = inMemory + onDisk
        figures.note("writes", totals.writes)
        figures.note("synchronisations", totals.synchronisations)
        figures.note("failures", totals.failures)
        figures.note("carriedByHand", totals.carried)
        figures.note("filesVerified", totals.filesVerified)
    }
}

private struct RandomHistories {
    var writes = 0
    var synchronisations = 0
    var failures = 0
    var carried = 0
    var filesVerified = 0

    mutating func add(_ figures: Simulation<MemoryStore>.Figures) {
        writes += figures.writes
        synchronisations += figures.synchronisations
        failures += figures.failures
        carried += figures.carried
    }

    /// The first store that a simulation asks for is the hub's; replica n has the n-th of the contract's keys.
    mutating func runOnDisk(seed: UInt64) throws {
        let folder = try TemporaryFolder()
        var stores: [SQLiteStore] = []
        let figures = try Simulation<SQLiteStore>.run(seed: seed) {
            let store = try SQLiteStore(
                path: folder.file("store-\(stores.count)"), schemas: SampleChain<SQLiteStore>.schemas,
                durability: .normal)
            stores.append(store)
            return store
        }
        writes += figures.writes
        synchronisations += figures.synchronisations
        failures += figures.failures
        carried += figures.carried
        for (number, store) in stores.enumerated() {
            let verifier = Verifier(
                role: number == 0 ? .hub : .replica,
                ownKey: ContractAuthor.key(number == 0 ? 255 : UInt8(number)).publicKey)
            let report = try verifier.verify(store)
            if let damage = report.damage.first {
                throw ClaimBroken("seed \(seed): a sound file \(number) is called damaged: \(damage)")
            }
            filesVerified += 1
            try store.close()
        }
    }
}
