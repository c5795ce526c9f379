/// Why the hub did not do what it was asked, as it stands in the answer's body (RFC 9457) and in the log.
package struct HubProblem: Codable, Hashable, Sendable {
    /// Stable; programs decide by it.
    package let code: String
    package let status: Int
    /// For people; holds nothing of a case and no secret.
    package let title: String

    package init(_ code: Code, _ title: String) {
        self.code = code.rawValue
        status = code.status
        self.title = title
    }

    /// Nil for a code of a newer hub.
    package var known: Code? { Code(rawValue: code) }

    package enum Code: String, Hashable, CaseIterable, Sendable {
        case malformed
        case notFound = "not-found"
        case unknownChain = "unknown-chain"
        /// The session has ended, or never was: open another.
        case sessionUnknown = "session-unknown"
        /// The signature is not of the session's replica over this request.
        case badSignature = "bad-signature"
        case unsigned
        /// The counter was used before with other bytes, or a later one has been.
        case staleCounter = "stale-counter"
        case unknownReplica = "unknown-replica"
        case codeUnknown = "code-unknown"
        case codeExpired = "code-expired"
        case codeUsed = "code-used"
        /// The machine belongs to another branch already.
        case alreadyJoined = "already-joined"
        case tooLarge = "too-large"
        case unsupportedMedia = "unsupported-media"
        case slow
        /// Too much at once: come back later.
        case overloaded
        case unavailable
        /// The admin token is missing or another.
        case notAdministrator = "not-administrator"
        case unknownBranch = "unknown-branch"
        case branchExists = "branch-exists"
        case invalidName = "invalid-name"
        /// The scope is to be taken from its order.
        case noSnapshot = "no-snapshot"
        /// The hub does not keep this snapshot any more: ask for another one.
        case snapshotGone = "snapshot-gone"
        case failed

        package var status: Int {
            switch self {
            case .malformed, .invalidName: 400
            case .sessionUnknown, .badSignature, .unsigned, .notAdministrator: 401
            case .unknownReplica, .codeUnknown, .codeExpired, .codeUsed: 403
            case .notFound, .unknownChain, .unknownBranch, .noSnapshot, .snapshotGone: 404
            case .slow: 408
            case .staleCounter, .alreadyJoined, .branchExists: 409
            case .tooLarge: 413
            case .unsupportedMedia: 415
            case .failed: 500
            case .overloaded, .unavailable: 503
            }
        }
    }
}
