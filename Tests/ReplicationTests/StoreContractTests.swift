import Replication
import StoreContract
import Testing

@Suite("The in-memory twin keeps the stores' contract")
struct StoreContractTests {
    @Test(arguments: HubStoreContract<MemoryStore>.claims.map(\.name))
    func holds(_ claim: String) throws {
        try HubStoreContract { MemoryStore() }.check(claim)
    }
}
