import Causality
import Changes
import Replication
import ServiceRecovery

/// How many cases of a scope have a status.
package struct StatusCount: Hashable, Sendable {
    package let scope: ScopeID
    package let status: String
    package let count: Int

    package init(scope: ScopeID, status: String, count: Int) {
        self.scope = scope
        self.status = status
        self.count = count
    }
}

/// What a hub asks of a store besides the engine's needs: each store answers from what it has at hand.
package protocol CaseCounting: HubTransaction {
    /// Over the records as they are folded, in any order.
    func statusCounts() throws -> [StatusCount]
}

extension MemoryTransaction: CaseCounting {
    /// Derives every case's status; a store with tables reads it from there.
    package func statusCounts() throws -> [StatusCount] {
        guard let type = CaseSchema.schema.recordType(CaseSchema.recordType),
            let column = type.derivedColumns.firstIndex(where: { $0.name == "status" })
        else { return [] }
        var counts: [ScopeID: [String: Int]] = [:]
        for scope in scopes() {
            for record in records(of: scope.id, after: nil, limit: .max) {
                let view = RecordView(id: record.id, state: record.state, log: logRows(of: record.id, scope: scope.id))
                guard view.type == type.name, let status = type.derive(view)[column].text else { continue }
                counts[scope.id, default: [:]][status.string, default: 0] += 1
            }
        }
        return counts.flatMap { scope, statuses in
            statuses.map { StatusCount(scope: scope, status: $0.key, count: $0.value) }
        }
    }
}
