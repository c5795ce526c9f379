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
    /// The hub's default: one SQLite file a chain.
    package init(_ path: String, environment: HubEnvironment = .system) {
        let schemas = HubSchemas.all
        self.init(
            path, schemas: schemas, environment: environment,
            openReader: { try SQLiteStore(reading: $0, schemas: schemas) },
            openStore: { try SQLiteStore(path: $0, schemas: schemas) })
    }
}

/// The schemas whose rules a hub checks and whose records it shows in tables. What is of another schema it keeps and
/// relays.
package enum HubSchemas {
    package static let all: [Schema] = [CaseSchema.schema, DirectorySchema.schema, IncidentWorkloadSchema.schema]
}
