import Causality
import ChainDirectory
import Changes
import ReplicaSettings
import Replication
import SQLiteStore

/// What the file says of itself, and what is signed: settings, certificates, enrolments, attestations.
final class AccessAudit {
    private let transaction: SQLiteTransaction
    private let world: AuditedWorld
    private let findings: Findings
    private(set) var hubKey: PublicKey?
    /// Signed by the hub, as the tables and the directory hold them.
    private var certificates: [Certificate] = []
    /// Those of settings, which came with bundles.
    private var keptCertificates: [Certificate] = []
    private var ownCertificate: Certificate?
    private var receipts: [Receipt] = []
    private var branches: [BranchRecord] = []

    init(transaction: SQLiteTransaction, world: AuditedWorld, findings: Findings, hubKey: PublicKey?) {
        self.transaction = transaction
        self.world = world
        self.findings = findings
        self.hubKey = hubKey
    }

    // MARK: - Before all else: who is known

    func runSettings() throws {
        try findings.section("setting") { try transaction.auditSettings(checkSetting) }
        try findings.section("certificate") { try transaction.auditCertificates(checkCertificate) }
        try findings.section("record") { try learnDirectory() }
        try findings.section("setting") {
            for key in try transaction.outdatedProjectionSettings() {
                findings.add(
                    .setting, "setting", key.rawValue,
                    "the tables of records are not those of this version; the next opening for writing makes them so")
            }
        }
    }

    private func checkSetting(_ row: AuditedRow<AuditedSetting>) {
        guard let setting = findings.content(of: row, .setting) else { return }
        switch setting.key {
        case .hubKey:
            guard setting.value.count == PublicKey.byteCount else {
                return findings.add(.setting, row.table, row.row, "a key has \(PublicKey.byteCount) bytes")
            }
            let key = PublicKey(bytes: setting.value)
            world.learn(key)
            hubKey = hubKey ?? key
        case .certificate:
            guard let certificate = certificate(setting.value, of: row, .setting) else { return }
            ownCertificate = certificate
            if let own = world.ownFeed, own != FeedID(certificate.replica) {
                findings.add(.setting, row.table, row.row, "it is of another replica than the key beside the file")
            }
            // What is checked is the file: its own feed is the one that it says.
            world.ownFeed = FeedID(certificate.replica)
            world.learn(certificate.publicKey)
        case .replica where setting.value.count != ReplicaID.byteCount:
            findings.add(.setting, row.table, row.row, "an id has \(ReplicaID.byteCount) bytes")
        case let key where key.rawValue.hasPrefix("certificate "):
            guard let certificate = certificate(setting.value, of: row, .setting) else { return }
            guard key == .certificate(of: certificate.replica) else {
                return findings.add(
                    .setting, row.table, row.row, "it is of the replica \(certificate.replica)")
            }
            world.learn(certificate.publicKey)
            keptCertificates.append(certificate)
        case .unfolded:
            do { world.firstUnfolded = try transaction.firstUnfolded() } catch {
                findings.add(.setting, row.table, row.row, "it is no number of a change")
            }
        case let key where key.rawValue.hasPrefix("receipt "):
            var reader = ByteReader(setting.value)
            // Whatever is wrong with them is told as one finding.
            guard let receipt = try? Receipt(from: &reader), reader.isAtEnd, key == .receipt(of: receipt.scope) else {
                return findings.add(.setting, row.table, row.row, "its bytes are no receipt of that scope")
            }
            receipts.append(receipt)
        default: break
        }
    }

    private func checkCertificate(_ row: AuditedRow<AuditedCertificate>) {
        guard let stored = findings.content(of: row, .hub) else { return }
        guard let certificate = certificate(stored.body, of: row, .hub) else { return }
        guard certificate.replica == stored.replica else {
            return findings.add(.hub, row.table, row.row, "it is of the replica \(certificate.replica)")
        }
        world.learn(certificate.publicKey)
        certificates.append(certificate)
    }

    /// The certificate that these bytes are; otherwise the row is named, and why they are none.
    private func certificate<Content>(
        _ bytes: [UInt8], of row: AuditedRow<Content>, _ kind: VerifyReport.Kind
    ) -> Certificate? {
        do {
            let certificate = try Certificate(bytes)
            if certificate.encoded() == bytes { return certificate }
            findings.add(kind, row.table, row.row, "its bytes are not as a certificate is written")
        } catch {
            findings.add(kind, row.table, row.row, "its bytes are no certificate: \(error)")
        }
        return nil
    }

    /// The directory's machines and branches, as far as the stored states tell; a key proves itself. A state that cannot be
    /// read is named by the audit of records.
    private func learnDirectory() throws {
        let machineType = try transaction.valueTableNumber(of: MachineEntry.recordType)
        let branchType = try transaction.valueTableNumber(of: BranchEntry.recordType)
        try transaction.auditRecords { row in
            guard let record = try? row.content.get(), record.type == machineType || record.type == branchType,
                !record.origin.isEmpty, let state = try? transaction.auditedState(of: record).get()
            else { return }
            if let machine = MachineEntry(state) {
                world.learn(machine.certificate.publicKey)
                certificates.append(machine.certificate)
            }
            if let origin = try transaction.auditedOrigin(of: record), let branch = BranchRecord(state, origin: origin)
            {
                branches.append(branch)
            }
        }
    }

    // MARK: - After the changes: what is signed

    func runSignatures() throws {
        try findings.section("setting") { try checkOwn() }
        checkHubSignatures()
        try findings.section("enrolment") { try transaction.auditEnrolments(checkEnrolment) }
        try findings.section("attestation") { try transaction.auditAttestations(checkAttestation) }
    }

    private func checkOwn() throws {
        var isHeld = false
        if let bytes = try transaction.setting(.homeScope) {
            isHeld = bytes.count == ScopeID.byteCount && world.scopeRows[ScopeID(bytes)] != nil
            if !isHeld, !world.isIncomplete {
                findings.add(.setting, "setting", SettingKey.homeScope.rawValue, "it is no scope of this file")
            }
        }
        try checkComplete()
        guard let ownCertificate else { return }
        func mismatch(_ key: SettingKey, _ reason: String) {
            findings.add(.setting, "setting", key.rawValue, reason)
        }
        if let bytes = try transaction.setting(.chain), bytes != ownCertificate.chain.bytes {
            mismatch(.chain, "the certificate is of another chain")
        }
        if let bytes = try transaction.setting(.homeScope), isHeld, bytes != ownCertificate.home.bytes {
            mismatch(.homeScope, "the certificate is of another branch")
        }
        if let mark = try transaction.text(.deviceMark), mark != ownCertificate.deviceMark.string {
            mismatch(.deviceMark, "the certificate gives the machine another one")
        }
    }

    /// What `init` and `join` write in one transaction is there together.
    private func checkComplete() throws {
        func missing(of keys: [SettingKey]) throws -> [SettingKey] {
            try keys.filter { try transaction.setting($0) == nil }
        }
        let joined = SettingKey.writtenByJoin
        let absent = try missing(of: joined)
        if absent.count < joined.count {
            for key in try absent + missing(of: [.chain]) {
                findings.add(.setting, "setting", key.rawValue, "it is missing, and this replica has joined a chain")
            }
        } else if try transaction.setting(.replicaName) == nil {
            // Of a hub, or a store without settings.
            return
        }
        // A file that a cut-off join left has a name and nothing else.
        if try absent.count == joined.count && transaction.scopes().isEmpty { return }
        for key in try missing(of: [.homeScope, .deviceMark]) {
            findings.add(.setting, "setting", key.rawValue, "it is missing, and this replica records for a branch")
        }
    }

    /// Which certificates the hub's key does not sign. Where it signs none of several, it is the key that is wrong.
    private func checkHubSignatures() {
        guard let hubKey else { return }
        func isSigned(_ certificate: Certificate) -> Bool { (try? certificate.verify(hubKey)) != nil }
        let all = certificates + keptCertificates + [ownCertificate].compactMap(\.self)
        if all.count > 1, !all.contains(where: isSigned) {
            return findings.add(
                .setting, "setting", SettingKey.hubKey.rawValue, "none of the certificates here was signed by it"
            )
        }
        for certificate in certificates where !isSigned(certificate) {
            findings.add(.hub, "certificate", certificate.replica.description, "the hub did not sign it")
        }
        for certificate in keptCertificates where !isSigned(certificate) {
            findings.add(
                .setting, "setting", SettingKey.certificate(of: certificate.replica).rawValue, "the hub did not sign it"
            )
        }
        if let ownCertificate, !isSigned(ownCertificate) {
            findings.add(.setting, "setting", SettingKey.certificate.rawValue, "the hub did not sign it")
        }
        for receipt in receipts where (try? receipt.verify(hubKey)) == nil {
            findings.add(
                .setting, "setting", SettingKey.receipt(of: receipt.scope).rawValue, "the hub did not sign it")
        }
    }

    private func checkEnrolment(_ row: AuditedRow<Enrolment>) {
        guard let enrolment = findings.content(of: row, .hub) else { return }
        // A branch has its scope from its first machine on, which may bring another one.
        let isKnown =
            world.scopeRows[enrolment.home] != nil || branches.contains { $0.isServed(by: enrolment.home) }
        if !isKnown, !world.isIncomplete {
            findings.add(.hub, row.table, row.row, "its scope is not here, and no branch's")
        } else if let user = enrolment.usedBy, !certificates.contains(where: { $0.replica == user }) {
            findings.add(.hub, row.table, row.row, "it was used by \(user), which has no certificate")
        }
    }

    private func checkAttestation(_ row: AuditedRow<AuditedAttestation>) throws {
        guard let stored = findings.content(of: row, .attestation) else { return }
        func damaged(_ reason: String) { findings.add(.attestation, row.table, row.row, reason) }
        var reader = ByteReader(stored.body)
        guard let attestation = try? Attestation(from: &reader), reader.isAtEnd else {
            return damaged("its bytes are no attestation")
        }
        guard attestation.scope == stored.scope, attestation.replica == stored.replica,
            attestation.sequence == stored.sequence
        else { return damaged("it is of another place than its row") }
        if let key = world.keys[attestation.replica], (try? attestation.verify(key)) == nil {
            return damaged("its author did not sign it")
        }
        guard let scope = world.scopeRows[attestation.scope],
            let feed = world.feedRows[scope]?[FeedID(attestation.replica)],
            let change = try world.notes.change(feed: feed, sequence: attestation.sequence)
        else {
            let dot = Dot(feed: FeedID(attestation.replica), sequence: attestation.sequence)
            let isIncluded = world.scopeRows[attestation.scope].map { world.isIncluded(dot, scope: $0) } ?? false
            if !world.isIncomplete, !isIncluded { damaged("there is no such change") }
            return
        }
        if change.hash != attestation.hash { damaged("it names another hash than the change has") }
    }
}
