import Replication
import StoreContract
import Testing

@Suite("Random schedules: whatever happens, the chain comes together")
struct SimulationTests {
    @Test func everySeedConverges() throws {
        var random = SplitMix64(seed: Effort.seed)
        var writes = 0
        for _ in 0..<Effort.simulationSeeds {
            let figures = try Simulation.run(seed: random.next()) { MemoryStore() }
            writes += figures.writes
        }
        #expect(writes > 10 * Effort.simulationSeeds, "the schedules did next to nothing")
    }
}
