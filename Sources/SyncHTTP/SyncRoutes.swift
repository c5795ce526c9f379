import Causality
import Changes
import Replication

/// The hub's paths, for the client that asks and the server that answers.
///
/// A *target* is what follows the prefix: path and query. The signature of a request covers the target and not the
/// prefix, so that a proxy may take the prefix away or add one.
package enum SyncRoute: Hashable, Sendable {
    /// Joins with a code alone: the hub finds the chain by it.
    case join
    /// The chains that an admin token opens.
    case chains
    case chain(ChainID, ChainRoute)

    package enum ChainRoute: Hashable, Sendable {
        case join
        case sessions
        case sync
        case events
        /// With a scope: one page of its records' digests, after a record.
        case standing(records: ScopeID? = nil, after: RecordID? = nil)
        case change(Dot)
        /// The manifest of a scope's snapshot.
        case snapshot(ScopeID)
        /// A piece of the snapshot of this id.
        case snapshotPiece(ScopeID, ShortHash, SnapshotPiece)
        /// The changes that touch a record.
        case history(ScopeID, RecordID)
        case branches
        case codes(branch: String)
        case caseReport
    }

    /// The target: path and query, percent-encoded.
    package var target: String {
        switch self {
        case .join: "/v1/join"
        case .chains: "/v1/chains"
        case .chain(let chain, let route): "/v1/chains/\(chain)/\(route.target)"
        }
    }
}

extension SyncRoute.ChainRoute {
    fileprivate var target: String {
        switch self {
        case .join: "join"
        case .sessions: "sessions"
        case .sync: "sync"
        case .events: "events"
        case .standing(nil, _): "standing"
        case .standing(let scope?, nil): "standing?scope=\(scope)"
        case .standing(let scope?, let record?): "standing?scope=\(scope)&after=\(record)"
        case .change(let dot): "changes/\(dot)"
        case .snapshot(let scope): "snapshots/\(scope)"
        case .snapshotPiece(let scope, let id, .chunk(let number)): "snapshots/\(scope)/\(id)/chunks/\(number)"
        case .snapshotPiece(let scope, let id, .parts(let number)): "snapshots/\(scope)/\(id)/parts/\(number)"
        case .history(let scope, let record): "records/\(scope)/\(record)/changes"
        case .branches: "branches"
        case .codes(let branch): "branches/\(percentEncoded(branch))/codes"
        case .caseReport: "report/cases"
        }
    }
}

/// Everything but the characters that RFC 3986 calls unreserved as `%XX`.
package func percentEncoded(_ text: String) -> String {
    text.utf8.reduce(into: "") { result, byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            result.unicodeScalars.append(Unicode.Scalar(byte))
        default: result += "%" + hexadecimal([byte]).uppercased()
        }
    }
}

/// What a percent-encoded text says; `nil` where an escape is broken or the bytes are not UTF-8.
package func percentDecoded(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        guard rest.count >= 2, let decoded = hexadecimalBytes(String(decoding: rest.prefix(2), as: UTF8.self))
        else { return nil }
        bytes += decoded
        rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
}
