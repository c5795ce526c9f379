import Causality
import ChainDirectory
import Changes
import Replication
import SQLiteStore

/// Which branch a feed writes for, by the directory as far as this file holds it.
///
/// One for a transaction: what was looked up is kept.
final class ChainNames {
    private let transaction: SQLiteTransaction
    private let common: ScopeID?
    private var branches: [FeedID: String?] = [:]

    init(_ transaction: SQLiteTransaction) throws {
        self.transaction = transaction
        common = try transaction.scopes().first { $0.introduction.name == "common" }?.id
    }

    /// The branch's name; nil where the directory does not know the feed.
    func branch(of feed: FeedID) throws -> String? {
        if let known = branches[feed] { return known }
        let entry = try machine(of: feed).flatMap { try transaction.branchRecord(servedBy: $0.certificate.home) }
            .flatMap { BranchEntry($0.state) }
        branches[feed] = .some(entry?.name.string)
        return entry?.name.string
    }

    private func machine(of feed: FeedID) throws -> MachineEntry? {
        guard let common else { return nil }
        // An outside thing's id does not depend on the change that names it.
        let id = MachineEntry.origin(ReplicaID(feed)).recordID(in: common, change: ShortHash(high: 0, low: 0))
        return try transaction.record(id, of: common).flatMap { MachineEntry($0.state) }
    }
}
