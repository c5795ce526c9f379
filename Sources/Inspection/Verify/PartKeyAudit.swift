import Causality
import Changes
import Replication
import SQLiteStore

/// The secrets from which this replica's salts derive: each must be that of some part that it was used for.
struct PartKeyAudit {
    let transaction: SQLiteTransaction
    let world: AuditedWorld
    let findings: Findings

    func run() throws {
        try findings.section("part_key") { try transaction.auditPartKeys(check) }
    }

    private func check(_ row: AuditedRow<AuditedPartKey>) throws {
        guard let secret = findings.content(of: row, .part) else { return }
        let isHeld = try transaction.auditedRecordRow(secret.record) != nil
        let changes = try world.changes(naming: secret.record)
        // A record may lag behind the change that makes it.
        guard isHeld || world.recordAliases[secret.record] != nil || !changes.isEmpty else {
            if !world.isIncomplete { findings.add(.part, row.table, row.row, "there is no such record") }
            return
        }
        var keys: Set<[UInt8]> = []
        var hasUnknown = world.mayLackChanges(of: secret.record)
        for change in changes {
            guard world.ownFeed.map({ $0 == change.dot.feed }) ?? true, change.recordIDs.first == secret.record,
                change.header.parts.contains(where: { $0.subject == secret.subject }),
                let scope = world.scopeRows[change.header.scope], let feed = world.feedRows[scope]?[change.dot.feed]
            else { continue }
            try transaction.auditParts(of: feed, change.dot.sequence) { row in
                guard let part = try? row.content.get(), part.subject == secret.subject.bytes else { return }
                if let body = part.body, let decoded = try? PersonalPart(body) {
                    keys.insert(decoded.key)
                } else {
                    // Erased, or damaged and named.
                    hasUnknown = true
                }
            }
        }
        if !keys.contains(secret.key), !hasUnknown {
            findings.add(.part, row.table, row.row, "no part of this subject in the record has this key")
        }
    }
}
