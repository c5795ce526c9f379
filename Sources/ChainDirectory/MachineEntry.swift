import Causality
import Changes

/// One machine of the chain, as the directory holds it: the hub's certificate, and what lists show of it.
package struct MachineEntry: Hashable, Sendable {
    package let certificate: Certificate
    /// What people call the machine.
    package let name: Text
    /// When it was enrolled, by the hub's clock, in milliseconds since 1970.
    package let enrolledAtMilliseconds: Int64

    package init(certificate: Certificate, name: Text, enrolledAtMilliseconds: Int64) {
        self.certificate = certificate
        self.name = name
        self.enrolledAtMilliseconds = enrolledAtMilliseconds
    }

    /// Reads a folded record; `nil` unless it is a machine with a well-formed certificate.
    ///
    /// The certificate's signature is not checked here: whoever relies on it verifies it with the hub's key.
    package init?(_ state: RecordState) {
        guard state.text(Schema.typeField) == MachineEntry.recordType, let bytes = state.bytes(Field.certificate),
            let name = state.text(Field.name),
            let enrolledAt = state.winner(Field.enrolledAt, .latest)?.value.integer
        else { return nil }
        let certificate: Certificate
        // A register holds what anyone wrote who may; bytes that are no certificate make no machine.
        do { certificate = try Certificate(bytes) } catch { return nil }
        self.init(certificate: certificate, name: name, enrolledAtMilliseconds: enrolledAt)
    }

    package static let recordType: Text = "machine"

    package static func origin(_ replica: ReplicaID) -> RecordOrigin {
        .external(source: "amends.machine", id: Text(replica.description))
    }

    package var origin: RecordOrigin { MachineEntry.origin(certificate.replica) }

    package enum Field {
        package static let certificate: Text = "certificate"
        package static let replica: Text = "replica"
        package static let branchScope: Text = "branch_scope"
        package static let mark: Text = "mark"
        package static let name: Text = "name"
        package static let enrolledAt: Text = "enrolled_at"
    }

    /// Replica, branch and mark repeat the certificate, so that anyone can query them.
    var values: [(Text, Value)] {
        [
            (Schema.typeField, .text(MachineEntry.recordType)),
            (Field.certificate, .bytes(certificate.encoded())),
            (Field.replica, .bytes(certificate.replica.bytes)),
            (Field.branchScope, .bytes(certificate.home.bytes)),
            (Field.mark, .text(certificate.deviceMark)), (Field.name, .text(name)),
            (Field.enrolledAt, .integer(enrolledAtMilliseconds)),
        ]
    }
}
