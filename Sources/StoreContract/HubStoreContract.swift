import Replication

/// What every store owes the engine, function by function. The in-memory twin and each backend pass it.
///
///     for claim in HubStoreContract<MemoryStore>.claims {
///         try claim.check(HubStoreContract { MemoryStore() })
///     }
///
/// Each claim starts with an empty store of its own. Fixtures are what the engine writes: changes follow their feeds,
/// scopes are there before what lies in them.
package struct HubStoreContract<Store: HubStore> {
    package struct Claim {
        /// States the claim.
        package let name: String
        /// - Throws: `ContractViolation`, or what the store throws.
        package let check: (HubStoreContract<Store>) throws -> Void
    }

    /// An empty store.
    let makeStore: () throws -> Store

    package init(makeStore: @escaping () throws -> Store) { self.makeStore = makeStore }

    package static var claims: [Claim] {
        transactionClaims + logClaims + orderClaims + stagingClaims + recordClaims + snapshotClaims
            + accessClaims
    }

    /// Checks the claim of that name. - Precondition: there is one.
    package func check(_ name: String) throws {
        guard let claim = HubStoreContract.claims.first(where: { $0.name == name }) else {
            preconditionFailure("there is no claim \(name)")
        }
        try claim.check(self)
    }
}
