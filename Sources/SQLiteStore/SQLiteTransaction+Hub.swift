import Causality
import Changes
import Replication
import SQLiteKit

extension SQLiteTransaction {
    package func certificate(of replica: ReplicaID) throws -> Certificate? {
        try connection.withStatement("SELECT body FROM certificate WHERE replica = ?") { statement in
            try statement.bind(replica.bytes)
            return try statement.step() ? try certificate(statement) : nil
        }
    }

    package func certificates() throws -> [Certificate] {
        try connection.withStatement("SELECT body FROM certificate ORDER BY replica") { statement in
            var result: [Certificate] = []
            while try statement.step() { result.append(try certificate(statement)) }
            return result
        }
    }

    private func certificate(_ statement: borrowing Statement) throws -> Certificate {
        do {
            return try Certificate(try statement.bytes(0))
        } catch let error as CodecError {
            throw StoredValueError(table: "certificate", row: "-", reason: error.description)
        }
    }

    package func put(_ certificate: Certificate) throws {
        try connection.execute(
            "INSERT OR REPLACE INTO certificate (replica, body) VALUES (?, ?)",
            certificate.replica.bytes, certificate.encoded())
    }

    package func enrolment(_ code: Hash256) throws -> Enrolment? {
        try connection.withStatement(
            "SELECT home, headquarters, expires, used_by FROM enrolment WHERE code = ?"
        ) { statement in
            try statement.bind(code.bytes)
            guard try statement.step() else { return nil }
            return Enrolment(
                code: code, home: try statement.identifier(0, "enrolment"), isHeadquarters: try statement.bool(1),
                expires: try statement.int64(2),
                usedBy: statement.isNull(3) ? nil : try statement.identifier(3, "enrolment"))
        }
    }

    package func put(_ enrolment: Enrolment) throws {
        try connection.execute(
            "INSERT OR REPLACE INTO enrolment (code, home, headquarters, expires, used_by) VALUES (?, ?, ?, ?, ?)",
            enrolment.code.bytes, enrolment.home.bytes, enrolment.isHeadquarters, enrolment.expires,
            enrolment.usedBy?.bytes)
    }
}
