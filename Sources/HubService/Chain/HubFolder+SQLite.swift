import ChainDirectory
import Changes
import Replication
import SQLiteStore
import ServiceRecovery

extension SQLiteTransaction: CaseCounting {
    package func statusCounts() throws -> [StatusCount] {
        try caseCounts().map { StatusCount(scope: $0.scope, status: $0.status, count: $0.count) }
    }
}

extension HubFolder where Store == SQLiteStore {
    /// Pages of a chain's file that stay in memory, at most: a hub has many scopes, and exchanges come in no order.
    private static var hubCacheKiB: Int { 6 * 1_024 }

    /// Scopes that are written alike come due together: those who wait are answered between their sealings. A step of sealing takes in 64
    /// commits of a scope, so that two after each keep up with groups of up to 128 exchanges.
    private static var sealingsAfterWrite: Int { 2 }

    /// The hub's default: one SQLite file a chain.
    package init(_ path: String, environment: HubEnvironment = .system) {
        let schemas = HubSchemas.all
        self.init(
            path, schemas: schemas, environment: environment,
            openReader: { try SQLiteStore(reading: $0, schemas: schemas) },
            openStore: {
                try SQLiteStore(
                    path: $0, schemas: schemas, sealingsAfterWrite: HubFolder.sealingsAfterWrite,
                    cacheKiB: HubFolder.hubCacheKiB)
            })
    }
}

/// The schemas whose rules a hub checks and whose records it shows in tables. What is of another schema it keeps and
/// relays.
package enum HubSchemas {
    package static let all: [Schema] = [CaseSchema.schema, DirectorySchema.schema, IncidentWorkloadSchema.schema]
}
