import Causality
import Changes
import ReplicaSettings
import Replication
import SQLiteStore

/// Where a change is on its way from its author to everyone, and where it is stuck. For `amends trace`.
package struct ChangeTrace: Hashable, Sendable {
    package let author: Authorship
    package let scope: ScopeID
    package let hash: ShortHash
    /// Whether this replica belongs to a hub.
    private let hasHub: Bool
    /// How many changes of the scope wait for a place here up to this one, itself included; 0 once it has one.
    package let waiting: Int
    /// Its author has signed its feed up to here or beyond, as is done at each send; nil where this file holds no such
    /// signature, as at a receiver.
    package let isAttested: Bool
    package let placement: Placement?
    /// Why this version cannot fold it.
    package let quarantine: String?
    /// Why its scope took no part in the last exchange.
    package let refusal: String?
    /// Who has it, as far as is known: from what they wrote afterwards, and from what the hub said.
    package private(set) var receivers: [Receiver]
    package private(set) var hub: HubAnswer?

    /// A replica that has the change.
    package struct Receiver: Hashable, Sendable {
        package let replica: ReplicaID
        package let branch: String?
        /// The hub's time at which it last stood at the change's place or beyond; nil where a later change of its own
        /// shows it.
        package let at: Int64?
    }

    /// What the hub knows of the change, as plain values.
    package struct HubAnswer: Hashable, Sendable {
        /// Nil where the hub has no such change.
        package let placement: Placement?
        /// Replicas that have since stood there or beyond, and when by the hub's clock.
        package let receivers: [(replica: ReplicaID, at: Int64)]
        /// Whether the hub has another change in its place.
        package let isOther: Bool

        /// It has nothing there.
        fileprivate var isNone: Bool { placement == nil && !isOther }

        package init(placement: Placement?, receivers: [(replica: ReplicaID, at: Int64)], isOther: Bool = false) {
            self.isOther = isOther
            self.placement = placement
            self.receivers = receivers
        }

        package static func == (left: HubAnswer, right: HubAnswer) -> Bool {
            left.placement == right.placement && left.isOther == right.isOther
                && left.receivers.elementsEqual(right.receivers, by: ==)
        }

        package func hash(into hasher: inout Hasher) {
            hasher.combine(placement)
            for receiver in receivers { hasher.combine(receiver.replica) }
        }
    }

    package init(of change: StoredChange, _ transaction: SQLiteTransaction) throws {
        let names = try ChainNames(transaction)
        let scope = change.header.scope
        author = try Authorship(change, names)
        self.scope = scope
        hash = change.hash.short
        hasHub = try transaction.setting(.hubURL) != nil
        placement = change.placement
        waiting = change.placement == nil ? try transaction.unplacedCount(of: scope, upTo: change.order) : 0
        isAttested =
            try transaction.attestation(
                of: ReplicaID(change.dot.feed), scope: scope, covering: change.dot.sequence) != nil
        refusal = try transaction.text(.refusal(of: scope))
        quarantine = try transaction.quarantined(of: scope).first { $0.dot == change.dot }?.reason
        receivers = try transaction.feeds(of: scope).filter { feed in
            guard feed.feed != change.dot.feed, feed.sequence > 0 else { return false }
            return try transaction.past(of: feed.head.dot, scope: scope).contains(change.dot)
        }.map { feed in
            Receiver(replica: ReplicaID(feed.feed), branch: try names.branch(of: feed.feed), at: nil)
        }
    }

    /// Adds what the hub says.
    package mutating func merge(_ answer: HubAnswer, _ transaction: SQLiteTransaction) throws {
        hub = answer
        let names = try ChainNames(transaction)
        for (replica, at) in answer.receivers where FeedID(replica) != author.change.feed {
            receivers.removeAll { $0.replica == replica }
            receivers.append(Receiver(replica: replica, branch: try names.branch(of: FeedID(replica)), at: at))
        }
        receivers.sort { $0.replica < $1.replica }
    }

    /// How far the change has come.
    package enum Stage: String, Hashable, Sendable {
        /// It waits here and was never sent.
        case queued
        /// It was signed for sending, and has no place here yet.
        case sent
        /// The hub has another change in its place, and does not take this one.
        case displaced
        /// The hub had placed it, and has nothing there now.
        case missing
        /// The hub has placed it.
        case accepted
        /// Somebody else has it.
        case received
        /// The hub has set it aside.
        case setAside
        /// It came with the order, and this version cannot fold it.
        case quarantined
    }

    package var stage: Stage {
        if hub?.isOther == true { return .displaced }
        // A long feed is signed in between, whether or not there is a hub.
        guard let placement = placement ?? hub?.placement else { return isAttested && hasHub ? .sent : .queued }
        if hub?.isNone == true { return .missing }
        if placement.verdict != .ok { return .setAside }
        if quarantine != nil { return .quarantined }
        return receivers.isEmpty ? .accepted : .received
    }

    /// Where it is stuck, in a sentence.
    package var sentence: String {
        switch stage {
        case .queued, .sent:
            refusal.map { "it is stuck, since the last exchange left its branch out: \($0)" } ?? progress
        default: progress
        }
    }

    private var progress: String {
        switch stage {
        case .queued:
            switch waiting - 1 {
            case ...0: "it waits here, the next to be sent; nothing of it was sent"
            case 1: "it waits here, with 1 change before it; nothing of it was sent"
            case let before: "it waits here, with \(before) changes before it; nothing of it was sent"
            }
        case .displaced:
            "the hub has another change in its place and does not take it: the file or its key was copied or restored"
        case .sent: "it was sent or signed for sending, and no answer has given it a place here"
        case .missing:
            "the hub had placed it, and has it no more: it was restored from a copy that is older; this replica keeps it"
        case .accepted: "the hub has placed it; that another replica has it is not known here"
        case .received: receivers.count == 1 ? "1 other replica has it" : "\(receivers.count) other replicas have it"
        case .setAside: "the hub has set it aside: it is kept and does not count"
        case .quarantined: "it is here, and this version cannot fold it: \(quarantine ?? "")"
        }
    }
}
