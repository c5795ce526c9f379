import Causality
import Changes
import Logging
import SyncHTTP

/// Writes one line for each request that asked for what its sender may not have.
///
/// Codes, ids in hexadecimal and route templates only: nothing that a sender chose freely, so that no line can be
/// forged or broken, no text of a case and no secret.
package struct Audit: Sendable {
    private let logger: Logger
    private let metrics: HubMetrics

    package init(_ logger: Logger, metrics: HubMetrics) {
        self.logger = logger
        self.metrics = metrics
    }

    package func refused(
        _ code: String, route: String, chain: ChainID?, replica: ReplicaID?, session: SessionID?,
        scopes: [ScopeID] = [], peer: String?
    ) {
        metrics.audited(code)
        var metadata: Logger.Metadata = ["audit": "refused", "code": "\(code)", "route": "\(route)"]
        if let chain { metadata["chain"] = "\(chain)" }
        if let replica { metadata["replica"] = "\(replica)" }
        if let session { metadata["session"] = "\(session)" }
        if let peer { metadata["peer"] = "\(peer)" }
        if !scopes.isEmpty {
            let named = scopes.prefix(Audit.greatestNamedScopes).map(\.description).joined(separator: " ")
            metadata["scopes"] = "\(named)\(scopes.count > Audit.greatestNamedScopes ? " …" : "")"
        }
        logger.warning("refused", metadata: metadata)
    }

    private static let greatestNamedScopes = 8
}
