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
        for _ in 0..<count {
            writes += try Simulation.run(seed: random.next()) { MemoryStore() }.writes
        }
        #expect(writes > 10 * count, "the schedules did next to nothing")
    }
}
