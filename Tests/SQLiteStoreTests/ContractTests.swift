import Replication
import SQLiteStore
import StoreContract
import Testing

@Suite("The SQLite store keeps the stores' contract")
struct ContractTests {
    /// With segments so short that everything is sealed at once, and so long that nothing is.
    @Test(arguments: HubStoreContract<SQLiteStore>.claims.map(\.name), [1, 3, 32, 1_024])
    func holds(_ claim: String, entriesPerSegment: Int) throws {
        let folder = try Folder()
        var count = 0
        try HubStoreContract {
            count += 1
            return try folder.store("store-\(count)", entriesPerSegment: entriesPerSegment)
        }.check(claim)
    }

    @Test(arguments: [UInt64(1), 2, 3], [2, 7, 64, 1_024])
    func replicasAgreeAfterRandomSchedules(seed: UInt64, entriesPerSegment: Int) throws {
        let folder = try Folder()
        var count = 0
        let figures = try Simulation<SQLiteStore>.run(seed: seed, steps: 25) {
            count += 1
            return try folder.store("store-\(count)", entriesPerSegment: entriesPerSegment)
        }
        #expect(figures.writes > 0)
    }
}
