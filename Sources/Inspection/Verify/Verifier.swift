import Causality
import Changes
import ReplicaSettings
import Replication
import SQLiteKit
import SQLiteStore

/// Verifies a replica's or a hub's file: recomputes everything from the stored bytes and compares it with what is
/// stored.
///
/// Reads only, one snapshot; memory grows with scopes, feeds, segments and damage, and with one segment's and one
/// record's changes at a time: a temporary file holds what was read of the log while records are folded from it. Each damage is named where it lies: what only follows from another damage is left out and counted.
///
/// - Complexity: O(n log n) in the rows of the file.
package struct Verifier {
    package enum Role: Sendable {
        /// Folds what it applies.
        case replica
        /// Accepts first and folds later.
        case hub
    }

    private let ownKey: PublicKey?
    private let hubKey: PublicKey?
    private let role: Role?

    /// - Parameters:
    ///   - role: whose file it is; where it is not said, the file says it.
    ///   - ownKey: of the replica whose file it is, where its key file is at hand.
    ///   - hubKey: of the hub, where the file does not hold it.
    package init(role: Role? = nil, ownKey: PublicKey? = nil, hubKey: PublicKey? = nil) {
        self.role = role
        self.ownKey = ownKey
        self.hubKey = hubKey
    }

    /// Verifies the file at `path`. One that is too broken to be opened is a report too.
    ///
    /// - Parameter progress: called with how much was checked, again and again.
    /// - Throws: where the file cannot be read at all: it is missing, of another program or version, or the disk fails.
    package func verify(
        path: String, schemas: [Schema], progress: (VerifyReport.Checked) -> Void = { _ in }
    ) throws -> VerifyReport {
        let store: SQLiteStore
        do {
            store = try SQLiteStore(reading: path, schemas: schemas)
        } catch let error as SQLiteError where error.isCorrupt {
            let findings = Findings()
            findings.add(.page, "file", "-", error.message)
            return findings.report
        }
        let report = try verify(store, progress: progress)
        try store.close()
        return report
    }

    /// - Parameter progress: called with how much was checked, again and again.
    /// - Throws: where the disk fails, never for what is in the file.
    package func verify(
        _ store: SQLiteStore, progress: (VerifyReport.Checked) -> Void = { _ in }
    ) throws -> VerifyReport {
        let notes = try TemporaryDatabase.open(for: "verify") { try AuditNotes(path: $0) }
        defer { notes.close() }
        let forms = try Verifier.forms(store.schemas)
        // The findings keep the closure, and end with this call.
        return try withoutActuallyEscaping(progress) { progress in
            let findings = Findings(progress: progress)
            try findings.section("file") {
                try store.read { transaction in
                    try findings.section("schema") {
                        try FormAudit(transaction: transaction, findings: findings, expected: forms).run()
                    }
                    try verify(transaction, notes, findings)
                }
            }
            return findings.report
        }
    }

    /// The tables of a file that is made anew.
    private static func forms(_ schemas: [Schema]) throws -> [String: TableForm] {
        try TemporaryDatabase.open(for: "forms") { path in
            let store = try SQLiteStore(path: path, schemas: schemas, durability: .normal)
            let forms = try store.read { try $0.auditedForms() }
            try store.close()
            return forms
        }
    }

    /// Only a hub gives certificates and codes.
    private static func role(of transaction: SQLiteTransaction) throws -> Role {
        if try transaction.setting(.hubChain) != nil { return .hub }
        var isHub = false
        try transaction.auditCertificates { _ in isHub = true }
        try transaction.auditEnrolments { _ in isHub = true }
        return isHub ? .hub : .replica
    }

    private func verify(_ transaction: SQLiteTransaction, _ notes: AuditNotes, _ findings: Findings) throws {
        let world = AuditedWorld(role: try role ?? Verifier.role(of: transaction), notes: notes)
        if role == nil, world.role == .hub, try transaction.setting(.hubChain) == nil {
            findings.add(
                .setting, "setting", SettingKey.hubChain.rawValue,
                "it is missing, and without it no hub opens this file")
        }
        for key in [ownKey, hubKey] { if let key { world.learn(key) } }
        world.ownFeed = ownKey.map { FeedID($0.replica) }

        try findings.section("file") {
            for line in try transaction.auditPages() { findings.add(.page, "file", "-", line) }
        }
        try findings.section("file") {
            try transaction.auditReferences { error in
                findings.add(.page, error)
                if error.table == "segment" { world.unplacedSegments += 1 }
            }
        }
        let access = AccessAudit(transaction: transaction, world: world, findings: findings, hubKey: hubKey)
        try access.runSettings()
        try ScopeAudit(transaction: transaction, world: world, findings: findings).run()
        try BaseAudit(transaction: transaction, world: world, findings: findings, hubKey: access.hubKey).run()
        try RecordIdentityAudit(transaction: transaction, world: world, findings: findings).run()
        try LogAudit(transaction: transaction, world: world, findings: findings).run()
        try access.runSignatures()
        try RecordAudit(transaction: transaction, world: world, findings: findings).run()
        try PartKeyAudit(transaction: transaction, world: world, findings: findings).run()
    }
}
