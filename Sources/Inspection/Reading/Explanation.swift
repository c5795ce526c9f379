import Causality
import Changes
import Replication
import SQLiteStore

/// Why a field shows what it shows: the write that counts, those that do not, and what decided. For `amends explain`.
package struct Explanation: Hashable, Sendable {
    /// A value, and the write that it comes from.
    package struct Claim: Hashable, Sendable {
        package let value: Value
        package let author: Authorship
    }

    /// A write that does not count, or counts less.
    package struct Losing: Hashable, Sendable {
        package let claim: Claim
        package let why: Why
    }

    package enum Why: Hashable, Sendable {
        /// By a write that had seen it.
        case replaced(by: Authorship)
        /// Neither had seen the other, and the winner's time is later.
        case earlier
        /// Neither had seen the other and both have one time: the feeds' order decides, the same everywhere.
        case tie
        /// The greatest value counts until someone chooses.
        case smaller
        /// Neither had seen the other, and both wrote the same.
        case same
        /// The hub set the change aside.
        case setAside(Verdict)
        /// A later step tells another status, or the case had moved.
        case later
    }

    package let field: Text
    /// Of a set: which of its elements.
    package let element: Value?
    /// Nil where nothing stands in the field.
    package let winner: Claim?
    package let over: [Losing]
    /// Writes beyond those that `over` lists.
    package let unlisted: Int
    /// The decision in a sentence.
    package let reason: String

    /// Writes that were replaced or set aside are listed up to this many, the last ones.
    package static var historyLimit: Int { 50 }
}

extension Explanation.Why {
    /// In words, after "it was written by …".
    package var sentence: String {
        switch self {
        case .replaced(let by): "replaced by \(by.change) of \(by.person), who had seen it"
        case .earlier: "concurrent, with an earlier effective time"
        case .tie: "concurrent at the same effective time; the tie is broken by feed"
        case .smaller: "concurrent, and smaller: the greatest counts until someone chooses"
        case .same: "concurrent, with the same value"
        case .setAside(.held): "held by the hub: its author may not write here"
        case .setAside: "void: it breaks a rule of its schema"
        case .later: "a later step tells another status"
        }
    }
}
