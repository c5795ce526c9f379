import Causality
import Changes
import Replication
import SQLiteStore

/// Whether each record's id derives from its origin and its scope. Before the changes are looked at, which find records
/// by id.
struct RecordIdentityAudit {
    let transaction: SQLiteTransaction
    let world: AuditedWorld
    let findings: Findings

    func run() throws {
        try findings.section("source") { try transaction.auditSources(check) }
        try findings.section("record") { try transaction.auditRecords(check) }
    }

    private func check(_ row: AuditedRow<AuditedSource>) {
        guard let source = findings.content(of: row, .state), !source.isSound else { return }
        findings.add(.state, row.table, row.row, "its name is not the one that was written")
        world.damagedSources.insert(source.rid)
    }

    private func check(_ row: AuditedRow<AuditedRecord>) throws {
        guard let record = findings.content(of: row, .state) else {
            world.isIncomplete = true
            return
        }
        // One that nothing was ever folded into has no origin.
        guard let scope = world.scopes[record.scope], !record.origin.isEmpty else { return }
        if let source = record.source, world.damagedSources.contains(source) { return }
        guard let origin = try transaction.auditedOrigin(of: record) else {
            return damaged(record, row, "its origin's bytes are none")
        }
        if case .here = origin { return damaged(record, row, "its origin is none that other changes can name") }
        let derived = origin.recordID(in: scope.id)
        guard derived != record.id else { return }
        damaged(record, row, "its id does not derive from its origin and its scope")
        world.recordAliases[derived] = record.rid
    }

    private func damaged(_ record: AuditedRecord, _ row: AuditedRow<AuditedRecord>, _ reason: String) {
        findings.add(.state, row.table, row.row, reason)
        world.damagedRecords.insert(record.rid)
    }
}
