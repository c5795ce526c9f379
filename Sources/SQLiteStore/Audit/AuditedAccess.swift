import Causality
import Changes
import Replication
import SQLiteKit

/// A row of `attestation`.
package struct AuditedAttestation: Sendable {
    package let scope: ScopeID
    package let replica: ReplicaID
    package let sequence: UInt64
    package let body: [UInt8]
}

/// A row of `certificate`.
package struct AuditedCertificate: Sendable {
    package let replica: ReplicaID
    package let body: [UInt8]
}

/// A row of `setting`.
package struct AuditedSetting: Sendable {
    package let key: SettingKey
    package let value: [UInt8]
}

/// What is signed, who may join, and what the file says of itself.
extension SQLiteTransaction {
    package func auditAttestations(_ visit: (AuditedRow<AuditedAttestation>) throws -> Void) throws {
        let table = AuditedTable(name: "attestation", key: [.blob(0), .blob(1), .integer(2)]) { statement in
            AuditedAttestation(
                scope: try statement.identifier(0, "attestation"),
                replica: try statement.identifier(1, "attestation"),
                sequence: try statement.unsigned(2, "attestation"), body: try statement.bytes(3))
        }
        try connection.withStatement(
            "SELECT scope, replica, sequence, body FROM attestation ORDER BY scope, replica, sequence"
        ) { try audit(table, $0, visit) }
    }

    package func auditCertificates(_ visit: (AuditedRow<AuditedCertificate>) throws -> Void) throws {
        let table = AuditedTable(name: "certificate", key: [.blob(0)]) { statement in
            AuditedCertificate(
                replica: try statement.identifier(0, "certificate"), body: try statement.bytes(1))
        }
        try connection.withStatement("SELECT replica, body FROM certificate ORDER BY replica") {
            try audit(table, $0, visit)
        }
    }

    package func auditEnrolments(_ visit: (AuditedRow<Enrolment>) throws -> Void) throws {
        let table = AuditedTable(name: "enrolment", key: [.blob(0)]) { statement in
            Enrolment(
                code: try statement.hash(0, "enrolment"), home: try statement.identifier(1, "enrolment"),
                isHeadquarters: try statement.bool(2), expires: try statement.int64(3),
                usedBy: statement.isNull(4) ? nil : try statement.identifier(4, "enrolment"))
        }
        try connection.withStatement(
            "SELECT code, home, headquarters, expires, used_by FROM enrolment ORDER BY code"
        ) { try audit(table, $0, visit) }
    }

    package func auditSettings(_ visit: (AuditedRow<AuditedSetting>) throws -> Void) throws {
        let table = AuditedTable(name: "setting", key: [.text(0)]) { statement in
            let bytes = try statement.bytes(0)
            guard let key = String(validating: bytes, as: UTF8.self) else {
                throw StoredValueError(table: "setting", row: "-", reason: "its key is not UTF-8")
            }
            return AuditedSetting(key: SettingKey(rawValue: key), value: try statement.bytes(1))
        }
        try connection.withStatement("SELECT CAST(key AS BLOB), value FROM setting ORDER BY key") {
            try audit(table, $0, visit)
        }
    }
}
