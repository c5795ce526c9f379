import Replication
import SQLiteStore
import StoreContract
import Testing

@Suite("The SQLite store keeps the stores' contract")
struct ContractTests {
    @Test(arguments: HubStoreContract<SQLiteStore>.claims.map(\.name))
    func holds(_ claim: String) throws {
        let folder = try Folder()
        var count = 0
        try HubStoreContract {
            count += 1
            return try folder.store("store-\(count)")
        }.check(claim)
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func replicasAgreeAfterRandomSchedules(seed: UInt64) throws {
        let folder = try Folder()
        var count = 0
        let figures = try Simulation<SQLiteStore>.run(seed: seed, steps: 25) {
            count += 1
            return try folder.store("store-\(count)")
        }
        #expect(figures.writes > 0)
    }
}
