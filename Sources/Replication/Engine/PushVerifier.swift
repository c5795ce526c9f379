import Causality
import Changes

/// Checks a push against what is known: rebuilds each change on its feed's head and holds the run's end against its
/// author's attestation. Hub and bundle receiver both take changes only through here.
struct PushVerifier<Transaction: ReplicaTransaction> {
    typealias Verified = (changes: VerifiedChanges, author: Certificate)

    private let transaction: Transaction
    private let checked: CheckedRequest
    private let takesBlocks: Bool
    private let certificate: (ReplicaID) throws -> Certificate?

    /// - Parameters:
    ///   - checked: what need not be looked at again.
    ///   - takesBlocks: whether the caller can take blocks whole.
    ///   - certificate: the certificate of an author, as far as the receiver trusts it.
    init(
        _ transaction: Transaction, checked: CheckedRequest = CheckedRequest(),
        takesBlocks: Bool = false, certificate: @escaping (ReplicaID) throws -> Certificate?
    ) {
        self.transaction = transaction
        self.checked = checked
        self.takesBlocks = takesBlocks
        self.certificate = certificate
    }

    /// The changes of `push` that are not known yet, in its order.
    ///
    /// Moves the feeds' heads and notes the contexts as the runs are read; both are gone with the transaction when a
    /// run is refused.
    /// - Throws: `Refusal`, or what the store throws.
    func verify(_ push: ScopePush, in scope: ScopeIntroduction) throws -> [Verified] {
        var attested: [FeedID: [Attestation]] = [:]
        for attestation in push.attestations where attestation.scope == scope.scope {
            attested[FeedID(attestation.replica), default: []].append(attestation)
        }
        var result: [Verified] = []
        var authors: [FeedID: Certificate] = [:]
        /// Feeds whose new changes no attestation has covered yet, and up to where.
        var pending: [FeedID: UInt64] = [:]
        for (index, block) in push.blocks.enumerated() {
            try verify(
                block, checked.block(index, of: scope.scope), in: scope, attested, &authors, &pending, &result)
        }
        if let feed = pending.keys.min() {
            throw Refusal(.unattested, "no attestation covers feed \(feed) up to \(pending[feed] ?? 0)")
        }
        return result
    }

    private func verify(
        _ block: PushBlock, _ checked: UnpackedBlock?, in scope: ScopeIntroduction,
        _ attested: [FeedID: [Attestation]], _ authors: inout [FeedID: Certificate],
        _ pending: inout [FeedID: UInt64], _ result: inout [Verified]
    ) throws {
        let runs: [TravellingRun]
        do {
            var segment: Segment?
            if takesBlocks, case .packed(let packed) = block {
                let unpacked = try checked ?? UnpackedBlock(try packed.decoded(), of: scope.scope)
                segment = unpacked.segment
                if let verified = try verifyWhole(unpacked, in: scope, attested, &authors, &pending) {
                    return result.append(verified)
                }
            } else if case .packed(let packed) = block {
                segment = try packed.decoded().unpacked(scope: scope.scope)
            }
            runs = try TravellingRun.all(block, segment)
        } catch let error as CodecError {
            throw Refusal(error.isUnsupported ? .unsupported : .malformed, "the changes: \(error)")
        }
        for run in runs {
            let author = try authors[run.feed] ?? author(of: run.feed)
            authors[run.feed] = author
            var feed = try feed(run.feed, of: author, in: scope)
            guard run.first <= feed.sequence + 1 else {
                throw Refusal(
                    .gap, "feed \(run.feed) is known up to \(feed.sequence), the run begins at \(run.first)",
                    missing: feed.sequence > 0 ? [feed.head] : [])
            }
            let known = feed.sequence
            for (offset, travelling) in run.changes.enumerated() {
                let dot = Dot(feed: run.feed, sequence: run.first + UInt64(offset))
                if travelling.isStaged, dot.sequence <= feed.sequence { continue }
                let arrived = try unstaged(travelling, dot, in: scope.scope)
                if dot.sequence <= feed.sequence {
                    try checkKnown(arrived, dot, in: scope.scope)
                    continue
                }
                let (change, operations) = try decode(arrived, dot, previous: feed.hash, scope: scope.scope)
                try transaction.note(dot, context: change.header.context, scope: scope.scope)
                result.append((.one(change: change, operations: operations, parts: arrived.parts), author))
                feed.sequence = dot.sequence
                feed.hash = change.hash
            }
            guard feed.sequence > known else { continue }
            try transaction.put(feed, of: scope.scope)
            let isCovered = try cover(feed, attested[run.feed] ?? [], author)
            pending[run.feed] = isCovered ? nil : feed.sequence
        }
    }

    /// Verifies a block whole; nil, and nothing has changed, where its changes have to be taken one by one.
    private func verifyWhole(
        _ unpacked: UnpackedBlock, in scope: ScopeIntroduction, _ attested: [FeedID: [Attestation]],
        _ authors: inout [FeedID: Certificate], _ pending: inout [FeedID: UInt64]
    ) throws -> Verified? {
        guard let id = unpacked.changes?.first?.change.dot.feed else { return nil }
        let author = try authors[id] ?? author(of: id)
        let head = try transaction.feed(id, of: scope.scope) ?? start(of: id, by: author, in: scope)
        guard let block = VerifiedBlock(unpacked, after: head) else { return nil }
        authors[id] = author
        if head.sequence == 0 { try transaction.put(head, of: scope.scope) }
        let feed = block.following(head)
        try transaction.put(feed, of: scope.scope)
        pending[id] = try cover(feed, attested[id] ?? [], author) ? nil : feed.sequence
        return (.block(block), author)
    }

    /// The context must be held, with equal hashes, before the change is taken; what a person was shown must lie in the
    /// change's past.
    func checkPast(of change: Change, _ operations: EncodedOperations) throws {
        let missing = try change.header.context.filter { reference in
            try transaction.standing(of: reference, in: change.scope) != .held
        }
        guard missing.isEmpty else {
            throw Refusal(
                .missingContext, "the change \(change.dot) was made after changes that are missing here",
                missing: missing)
        }
        guard operations.hasShown else { return }
        let past = try transaction.past(of: change.dot, scope: change.scope)
        for reference in try operations.shown() {
            guard past.contains(reference.dot),
                try transaction.change(at: reference.dot, of: change.scope)?.hash.short == reference.hash
            else {
                throw Refusal(
                    .shownNotSeen, "the change \(change.dot) replaces \(reference.dot), which is not in its past")
            }
        }
    }

    /// How far the feed is known. A new one is put at its start first: from then on the store knows hash(0).
    private func feed(_ id: FeedID, of author: Certificate, in scope: ScopeIntroduction) throws -> FeedState {
        if let known = try transaction.feed(id, of: scope.scope) { return known }
        let new = start(of: id, by: author, in: scope)
        try transaction.put(new, of: scope.scope)
        return new
    }

    private func start(of id: FeedID, by author: Certificate, in scope: ScopeIntroduction) -> FeedState {
        FeedState(
            feed: id,
            start: ChangeHeader.start(
                chain: scope.seed, scope: scope.scope, replica: author.replica, publicKey: author.publicKey.bytes))
    }

    private func author(of feed: FeedID) throws -> Certificate {
        guard let certificate = try certificate(ReplicaID(feed)) else {
            throw Refusal(.unknownAuthor, "no certificate is known for the author of feed \(feed)")
        }
        return certificate
    }

    /// Whether an attestation stands at the feed's new head. Only what has come true is kept: others will be shown it.
    private func cover(_ feed: FeedState, _ attestations: [Attestation], _ author: Certificate) throws -> Bool {
        guard let attestation = attestations.first(where: { $0.sequence == feed.sequence }) else { return false }
        guard attestation.hash == feed.hash else {
            throw Refusal(
                .unattested, "the attestation of feed \(feed.feed) at \(feed.sequence) names another hash")
        }
        if !checked.contains(attestation, by: author.publicKey) {
            do { try attestation.verify(author.publicKey) } catch {
                throw Refusal(.unattested, "the attestation of feed \(feed.feed) is not its author's")
            }
        }
        try transaction.put(attestation)
        return true
    }

    /// A change that is known: the same hash is a retry and skipped.
    private func checkKnown(_ arrived: TravellingChange, _ dot: Dot, in scope: ScopeID) throws {
        guard let known = try transaction.change(at: dot, of: scope) else {
            // What the base includes cannot be compared, and taking it again changes nothing.
            if try transaction.isIncluded(dot, of: scope) { return }
            throw Refusal(.unsupported, "the change \(dot) comes a second time within one push")
        }
        let (change, _) = try decode(arrived, dot, previous: known.header.previous, scope: scope)
        guard change.hash == known.hash else {
            throw Refusal(
                .fork,
                "there is another change at \(dot): its machine's file was put back or copied, and wrote beside itself; that machine joins with a new code into a new file, and so does any other that took this change from a bundle"
            )
        }
        try RecordFolder(transaction).addParts(arrived.parts, of: known)
    }

    /// The change itself, where its bytes came in pieces before.
    private func unstaged(_ arrived: TravellingChange, _ dot: Dot, in scope: ScopeID) throws -> TravellingChange {
        guard arrived.isStaged else { return arrived }
        let staged: CarriedChange?
        do { staged = try Staging(transaction).change(at: dot, of: scope) } catch let error as CodecError {
            throw Refusal(.malformed, "the change \(dot): \(error)")
        }
        guard let staged else { throw Refusal(.notStaged, "the change \(dot) is not staged whole") }
        try transaction.removeStaged(at: dot, of: scope)
        return .carried(staged)
    }

    private func decode(
        _ arrived: TravellingChange, _ dot: Dot, previous: Hash256, scope: ScopeID
    ) throws -> (change: Change, operations: EncodedOperations) {
        guard arrived.byteCount <= Limit.bytesPerChange.value else {
            throw Refusal(.malformed, "the change \(dot) has more than \(Limit.bytesPerChange.value) bytes")
        }
        do {
            return try arrived.decoded(dot, previous: previous, scope: scope)
        } catch {
            throw Refusal(error.isUnsupported ? .unsupported : .malformed, "the change \(dot): \(error)")
        }
    }
}

extension CodecError {
    /// Whether a newer version might take the bytes.
    var isUnsupported: Bool { if case .unsupported = self { true } else { false } }
}
