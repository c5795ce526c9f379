import Causality
import Changes
import Replication

/// What must hold in a chain, each by itself. All throw `ContractViolation`.
package enum ChainChecks {
    /// All replicas of a scope stand at the same position, history hash and fingerprint, with the same records and
    /// log rows, byte for byte, and nothing unsent.
    package static func alwaysEqual<Store: HubStore>(
        _ replicas: [InMemoryReplica<Store>], hub: InMemoryHub<Store>, in scope: ScopeID
    ) throws {
        let (state, fold) = try hub.store.base.read { transaction in
            (try transaction.scope(scope), try obviousFold(of: scope, transaction))
        }
        guard let state else { throw ContractViolation(what: "the hub has no scope \(scope)") }
        var first: (name: String, standing: Standing)?
        for replica in replicas {
            let standing = try replica.store.base.read { try Standing(of: scope, $0) }
            try require("\(replica.name)'s unsent changes", try replica.unsent(scope), is: 0)
            try require("\(replica.name)'s position", standing.position, is: state.position)
            try require("\(replica.name)'s history hash", standing.history, is: state.history)
            if let first {
                try require(
                    "\(replica.name)'s records beside \(first.name)'s", standing.records, is: first.standing.records)
                try require("\(replica.name)'s fingerprint", standing.fingerprint, is: first.standing.fingerprint)
            }
            try agrees(replica, in: scope, with: fold)
            first = first ?? (replica.name, standing)
        }
        // The hub folds when asked, and comes to the same.
        let hubs = try hub.store.base.write { transaction in
            try OrderFolder(transaction).catchUp(scope)
            return try Standing(of: scope, transaction)
        }
        if let first {
            try require("the hub's fingerprint", hubs.fingerprint, is: first.standing.fingerprint)
            try require("the hub's records", hubs.records, is: first.standing.records)
        }
    }

    private struct Standing {
        let position: UInt64
        let history: HistoryHash
        let fingerprint: Fingerprint
        /// Records that say something, with their rows.
        let records: [Line]

        struct Line: Equatable {
            let id: RecordID
            let bytes: [UInt8]
            let rows: [LogRow]
        }

        init(of scope: ScopeID, _ transaction: some ReplicaTransaction) throws {
            guard let state = try transaction.scope(scope) else {
                throw ContractViolation(what: "the scope \(scope) is not there")
            }
            position = state.position
            history = state.history
            fingerprint = try transaction.fingerprint(of: scope)
            let records = try transaction.records(of: scope, after: nil, limit: .max)
            self.records = try records.filter { !$0.state.isEmpty }.map {
                Line(id: $0.id, bytes: $0.state.encoded(), rows: try transaction.logRows(of: $0.id, scope: scope))
            }
            var sums = Fingerprint()
            for record in records { sums.buckets[Fingerprint.bucket(of: record.id)] &+= record.digest }
            try require("the incremental fingerprint", fingerprint, is: sums)
        }
    }

    /// The fold, by its definition, of all that the hub has placed.
    private static func obviousFold(of scope: ScopeID, _ transaction: some ReplicaTransaction) throws -> ObviousFold {
        var fold = ObviousFold()
        for row in try transaction.entries(of: scope, after: 0, limit: .max) {
            guard case .change(let reference, _, _) = row.entry else { continue }
            guard let change = try transaction.change(at: reference.dot, of: scope) else {
                throw ContractViolation(what: "the hub lacks \(reference.dot), which it has placed")
            }
            try require("the hash of \(reference.dot)", change.hash, is: reference.hash)
            try fold.add(
                header: change.header, hash: change.hash, operations: change.operations, placement: change.placement)
        }
        return fold
    }

    private static func agrees<Store: HubStore>(
        _ replica: InMemoryReplica<Store>, in scope: ScopeID, with fold: ObviousFold
    ) throws {
        try replica.store.base.read { transaction in
            let kept = try transaction.records(of: scope, after: nil, limit: .max)
            let wanted = Set(fold.records).union(kept.map(\.id))
            for id in wanted.sorted() {
                let state = kept.first { $0.id == id }?.state ?? RecordState()
                let log = try transaction.logRows(of: id, scope: scope)
                if let difference = fold.difference(of: id, from: state, log: log) {
                    throw ContractViolation(what: "at \(replica.name), \(difference)")
                }
            }
        }
    }

    /// Every change of the ledger is in the order once, and nothing else is.
    package static func alwaysOnce<Store: HubStore>(
        _ ledger: [EntryReference], hub: InMemoryHub<Store>, in scope: ScopeID
    ) throws {
        let placed = try hub.store.base.read { try $0.entries(of: scope, after: 0, limit: .max) }.compactMap { row in
            if case .change(let reference, _, _) = row.entry { reference } else { nil }
        }
        try require("changes placed twice", placed.count - Set(placed).count, is: 0)
        let missing = Set(ledger).subtracting(placed)
        try require(missing.isEmpty, "the hub lacks \(missing.map(\.dot).sorted()), which were saved")
        let strange = Set(placed).subtracting(ledger)
        try require(strange.isEmpty, "the hub has \(strange.map(\.dot).sorted()), which nobody saved")
    }

    /// No effect before its cause: what a change builds on was applied before it.
    package static func alwaysCausal<Store: HubStore>(
        _ replica: InMemoryReplica<Store>, from known: inout [FeedID: UInt64], in scope: ScopeID
    ) throws {
        try replica.store.base.read { transaction in
            for feed in try transaction.feeds(of: scope) {
                // What a base includes came as one.
                let included = try transaction.baseHead(of: feed.feed, scope: scope)?.sequence ?? 0
                let checked = max(known[feed.feed] ?? 0, included)
                try require(
                    checked <= feed.sequence,
                    "at \(replica.name), feed \(feed.feed) went back from \(checked) to \(feed.sequence)")
                var before: Int64 =
                    checked == 0
                    ? 0 : try transaction.change(at: Dot(feed: feed.feed, sequence: checked), of: scope)?.order ?? 0
                for sequence in checked..<feed.sequence {
                    let dot = Dot(feed: feed.feed, sequence: sequence + 1)
                    guard let change = try transaction.change(at: dot, of: scope) else {
                        throw ContractViolation(what: "at \(replica.name), \(dot) is missing in its feed")
                    }
                    try require(
                        before < change.order, "at \(replica.name), \(dot) was applied before its feed's change before")
                    before = change.order
                    for reference in change.header.context {
                        if try transaction.isIncluded(reference.dot, of: scope) { continue }
                        let cause = try transaction.change(at: reference.dot, of: scope)
                        try require(
                            cause?.hash.short == reference.hash && (cause?.order ?? .max) < change.order,
                            "at \(replica.name), \(dot) was applied before \(reference.dot), which it builds on")
                    }
                }
                known[feed.feed] = feed.sequence
            }
        }
    }

    /// Nobody's clock follows another's further than five minutes beyond the hub's.
    package static func alwaysBounded<Store: HubStore>(_ replica: InMemoryReplica<Store>, greatestHubTime: Int64) throws
    {
        let clock = try replica.store.base.read { try $0.clock() }
        let bound = HybridTimestamp(milliseconds: greatestHubTime + 300_000)
        try require(
            clock.greatestEffective <= bound,
            "\(replica.name)'s clock moved beyond what the hub received plus five minutes")
    }
}
