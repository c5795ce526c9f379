import Causality
import Changes

/// Takes a push into a scope's order: verifies it whole, then places change after change.
///
/// One transaction a scope. When anything is wrong, a `Refusal` is thrown and nothing of the push remains.
package struct HubAcceptance<Transaction: HubTransaction> {
    private let transaction: Transaction
    private let schemas: [Schema]
    private let now: Int64

    /// - Parameter now: the hub's clock, milliseconds since 1970.
    package init(_ transaction: Transaction, schemas: [Schema], now: Int64) {
        self.transaction = transaction
        self.schemas = schemas
        self.now = now
    }

    /// - Returns: how many changes were placed; those that the hub had already are skipped.
    /// - Throws: `Refusal`, or what the store throws.
    package func accept(_ push: ScopePush, carrier: Certificate) throws -> Int {
        guard carrier.rights(in: push.scope).contains(.write) else {
            throw Refusal(.noGrant, "this machine may not write in the scope \(push.scope)")
        }
        guard var scope = try transaction.scope(push.scope) else {
            throw Refusal(.unknownScope, "there is no scope \(push.scope)")
        }
        let verified = try verify(push, in: scope.introduction)
        var placed = 0
        for (change, parts, canWrite) in verified {
            try checkPast(of: change)
            let (placement, row) = scope.admit(
                EntryReference(dot: change.dot, hash: change.hash),
                verdict: try verdict(on: change, canWrite: canWrite), now: now)
            _ = try transaction.append(change, parts: parts, placement: placement)
            try transaction.append(row, of: push.scope)
            placed += 1
        }
        if placed > 0 { try transaction.put(scope) }
        return placed
    }

    private typealias Verified = (change: Change, parts: [[UInt8]?], canWrite: Bool)

    /// Rebuilds the runs' changes on the feeds' known heads and checks them against their authors' attestations.
    ///
    /// The feeds' heads are moved as the runs are read; they are gone with the transaction when a run is refused.
    private func verify(_ push: ScopePush, in scope: ScopeIntroduction) throws -> [Verified] {
        var attested: [FeedID: [Attestation]] = [:]
        for attestation in push.attestations where attestation.scope == scope.scope {
            attested[FeedID(attestation.replica), default: []].append(attestation)
        }
        var result: [Verified] = []
        var authors: [FeedID: Certificate] = [:]
        /// The attestation that each feed has still to reach.
        var pending: [FeedID: UInt64] = [:]
        for run in push.runs {
            let author: Certificate
            if let known = authors[run.feed] {
                author = known
            } else {
                guard let certificate = try transaction.certificate(of: ReplicaID(run.feed)) else {
                    throw Refusal(.unknownAuthor, "no certificate is known for the author of feed \(run.feed)")
                }
                author = certificate
                authors[run.feed] = certificate
            }
            let canWrite = author.rights(in: scope.scope).contains(.write)
            var feed = try transaction.feed(run.feed, of: scope.scope)
                ?? FeedState(
                    feed: run.feed,
                    start: ChangeHeader.start(
                        chain: scope.seed, scope: scope.scope, replica: author.replica,
                        publicKey: author.publicKey.bytes))
            guard run.first <= feed.sequence + 1 else {
                throw Refusal(
                    .gap, "feed \(run.feed) is known up to \(feed.sequence), the run begins at \(run.first)",
                    missing: feed.sequence > 0 ? [feed.head] : [])
            }
            let known = feed.sequence
            for (offset, carried) in run.changes.enumerated() {
                let dot = Dot(feed: run.feed, sequence: run.first + UInt64(offset))
                if dot.sequence <= feed.sequence {
                    try checkKnown(carried, dot, in: scope.scope)
                    continue
                }
                let change = try decode(carried, dot, previous: feed.hash, scope: scope.scope)
                try transaction.note(dot, context: change.header.context, scope: scope.scope)
                result.append((change, carried.parts, canWrite))
                feed.sequence = dot.sequence
                feed.hash = change.hash
            }
            guard feed.sequence > known else { continue }
            try transaction.put(feed, of: scope.scope)
            pending[run.feed] = feed.sequence
            for attestation in attested[run.feed] ?? [] where attestation.sequence == feed.sequence {
                guard attestation.hash == feed.hash else {
                    throw Refusal(.unattested, "the attestation of feed \(run.feed) at \(feed.sequence) names another hash")
                }
                do { try attestation.verify(author.publicKey) } catch {
                    throw Refusal(.unattested, "the attestation of feed \(run.feed) is not its author's")
                }
                pending[run.feed] = nil
                // Only what has come true is kept: others will be shown it.
                try transaction.put(attestation)
            }
        }
        if let feed = pending.keys.min() {
            throw Refusal(.unattested, "no attestation covers feed \(feed) up to \(pending[feed] ?? 0)")
        }
        return result
    }

    /// A change that the hub has: the same hash is a retry and skipped.
    private func checkKnown(_ carried: CarriedChange, _ dot: Dot, in scope: ScopeID) throws {
        guard let known = try transaction.change(at: dot, of: scope) else {
            throw Refusal(.unsupported, "the change \(dot) comes a second time within one push")
        }
        let change = try decode(carried, dot, previous: known.header.previous, scope: scope)
        guard change.hash == known.hash else {
            throw Refusal(
                .fork, "there is another change at \(dot); a copied or restored file has written beside it")
        }
        try RecordFolder(transaction).addParts(carried.parts, of: known)
    }

    private func decode(_ carried: CarriedChange, _ dot: Dot, previous: Hash256, scope: ScopeID) throws -> Change {
        guard carried.byteCount <= Limit.bytesPerChange.value else {
            throw Refusal(.malformed, "the change \(dot) has more than \(Limit.bytesPerChange.value) bytes")
        }
        do {
            let change = try Change(carried: carried.bytes, scope: scope, dot: dot, previous: previous)
            try change.checkParts(carried.parts)
            return change
        } catch {
            throw Refusal(error.isUnsupported ? .unsupported : .malformed, "the change \(dot): \(error)")
        }
    }

    /// The context must be held, with equal hashes, before the change is placed; what a person was shown must lie in
    /// the change's past.
    private func checkPast(of change: Change) throws {
        let missing = try change.header.context.filter { reference in
            try transaction.change(at: reference.dot, of: change.scope)?.hash.short != reference.hash
        }
        guard missing.isEmpty else {
            throw Refusal(
                .missingContext, "the change \(change.dot) was made after changes that the hub lacks", missing: missing)
        }
        let operations = try change.decodedOperations().operations
        guard operations.contains(where: { $0.shown != nil }) else { return }
        let past = try transaction.past(of: change.dot, scope: change.scope)
        for reference in operations.compactMap(\.shown).joined() {
            guard past.contains(reference.dot),
                try transaction.change(at: reference.dot, of: change.scope)?.hash.short == reference.hash
            else {
                throw Refusal(
                    .shownNotSeen, "the change \(change.dot) replaces \(reference.dot), which is not in its past")
            }
        }
    }

    private func verdict(on change: Change, canWrite: Bool) throws -> Verdict {
        guard canWrite else { return .held }
        guard let schema = schemas.first(where: { $0.id == change.header.schema }) else { return .ok }
        return schema.violation(of: try change.decodedOperations()) == nil ? .ok : .void
    }
}

extension CodecError {
    /// Whether a newer version might take the bytes.
    var isUnsupported: Bool { if case .unsupported = self { true } else { false } }
}
