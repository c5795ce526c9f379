import Replication
import StoreContract
import Testing

@Suite("Random schedules: whatever happens, the chain comes together")
struct SimulationTests {
    /// Shares of the seeds, so that both cores have something to do.
    private static let shares = 4

    @Test(arguments: 0..<shares)
    func everySeedConverges(_ share: Int) throws {
        var random = SplitMix64(seed: Effort.seed &+ UInt64(share))
        let count = Effort.simulationSeeds / SimulationTests.shares
        var writes = 0
        var snapshots = 0
        for _ in 0..<count {
            let figures = try Simulation.run(seed: random.next()) { MemoryStore() }
            writes += figures.writes
            snapshots += figures.snapshots
        }
        #expect(writes > 10 * count, "the schedules did next to nothing")
        #expect(10 * snapshots > count, "hardly any scope began with a snapshot")
    }
}
