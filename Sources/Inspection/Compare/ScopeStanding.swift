import Causality
import Changes
import Replication
import SQLiteStore

/// Where a replica or a hub stands in one scope: enough to tell whether two of them agree, in constant size.
package struct ScopeStanding: Hashable, Sendable {
    package let scope: ScopeID
    package let name: Text
    package let position: UInt64
    package let history: HistoryHash
    /// `Fingerprint.hash`.
    package let fingerprint: Hash256
    /// Changes without a place: the state is ahead of the order by these.
    package let unplaced: Int
    /// Changes that the version there cannot fold, sorted: the state lacks these. Nil where that is not told.
    package let quarantined: [Dot]?
    /// Entries that the state lacks, since it lags behind the order.
    package let unfolded: UInt64

    package init(
        scope: ScopeID, name: Text, position: UInt64, history: HistoryHash, fingerprint: Hash256, unplaced: Int = 0,
        quarantined: [Dot]? = nil, unfolded: UInt64 = 0
    ) {
        self.scope = scope
        self.name = name
        self.position = position
        self.history = history
        self.fingerprint = fingerprint
        self.unplaced = unplaced
        self.quarantined = quarantined
        self.unfolded = unfolded
    }

    /// Of every scope that the file holds, sorted by id.
    package static func all(_ transaction: SQLiteTransaction) throws -> [ScopeStanding] {
        try transaction.scopes().map { state in
            ScopeStanding(
                scope: state.id, name: state.introduction.name, position: state.position, history: state.history,
                fingerprint: try transaction.fingerprint(of: state.id).hash,
                unplaced: try transaction.unplacedCount(of: state.id),
                quarantined: try transaction.quarantined(of: state.id).map(\.dot).sorted(),
                unfolded: state.position - min(state.position, state.foldedPosition))
        }
    }
}

/// How two standings in one scope compare. What cannot be compared is never called different.
package enum ScopeAgreement: Hashable, Sendable {
    case equal
    /// Same position, same history, another state: something is damaged, or a fold is wrong.
    case statesDiffer
    /// Same position, another history: the hub was rolled back or forked between them.
    case historiesDiffer
    /// One is further in the order than the other.
    case positionsDiffer
    /// The states stand on other changes than the order's: why, in words.
    case notComparable(String)

    package init(_ a: ScopeStanding, _ b: ScopeStanding) {
        if a.position != b.position {
            self = .positionsDiffer
        } else if a.history != b.history {
            self = .historiesDiffer
        } else if a.unplaced > 0 || b.unplaced > 0 {
            self = .notComparable("\(a.unplaced) and \(b.unplaced) changes have no place in the order yet")
        } else if a.unfolded > 0 || b.unfolded > 0 {
            self = .notComparable(
                "\(a.unfolded) and \(b.unfolded) entries of the order are not in the records yet: the next opening for writing "
                    + "folds them")
        } else if let ofA = a.quarantined, let ofB = b.quarantined, ofA != ofB {
            self = .notComparable("one of them cannot fold changes that the other folds")
        } else if a.fingerprint == b.fingerprint {
            self = .equal
        } else if let known = a.quarantined ?? b.quarantined, !known.isEmpty,
            a.quarantined == nil || b.quarantined == nil
        {
            self = .notComparable(
                "one of them cannot fold \(known.count) of the changes, and of the other it is not told")
        } else {
            self = .statesDiffer
        }
    }

    /// Whether the two say different things of one position.
    package var isDisagreement: Bool {
        switch self {
        case .statesDiffer, .historiesDiffer: true
        case .equal, .positionsDiffer, .notComparable: false
        }
    }
}
