import Causality
import SyncHTTP

/// Why the hub does not do what it was asked. Nothing has changed.
package struct HubFault: Error, Hashable, Sendable {
    package let problem: HubProblem
    /// When to come back.
    package var retryAfter: Duration?
    /// Who asked for what it may not have; nil where nobody did wrong. Written to the audit once, at the edge.
    package var suspect: Suspect?
    /// What is left of the request is not read any more.
    package var endsConnection = false

    package init(_ code: HubProblem.Code, _ title: String) { problem = HubProblem(code, title) }

    /// A refusal that belongs in the audit.
    package static func refused(
        _ code: HubProblem.Code, _ title: String, replica: ReplicaID? = nil, session: SessionID? = nil
    ) -> HubFault {
        var fault = HubFault(code, title)
        fault.suspect = Suspect(replica: replica, session: session)
        return fault
    }

    /// As far as it is known, and never by a text of its own.
    package struct Suspect: Hashable, Sendable {
        package let replica: ReplicaID?
        package let session: SessionID?
    }
}

extension HubFault: CustomStringConvertible {
    package var description: String { problem.title }
}
