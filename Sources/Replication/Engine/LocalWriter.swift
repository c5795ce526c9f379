import Causality
import Changes

/// Who writes: a replica's key, and what derives from it.
package struct ReplicaIdentity: Sendable {
    package let key: SigningKey
    package let replica: ReplicaID

    package init(key: SigningKey) {
        self.key = key
        replica = key.publicKey.replica
    }

    package var feed: FeedID { FeedID(replica) }

    /// hash(0) of this replica's feed in a scope.
    package func start(in scope: ScopeIntroduction) -> Hash256 {
        ChangeHeader.start(
            chain: scope.seed, scope: scope.scope, replica: replica, publicKey: key.publicKey.bytes)
    }
}

/// Why a draft was not saved. Nothing has changed.
package enum CommitError: Error, Hashable, Sendable {
    case unknownScope(ScopeID)
    case tooManyOperations(Int)
    case tooManyBytes(Int)
    /// A rule of the format that a hub would refuse it for, in words.
    case malformed(String)
    /// A write that the draft says was shown is not one that this replica has.
    case shownUnknown(ChangeReference)
}

extension CommitError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownScope(let scope): "this replica does not hold the scope \(scope)"
        case .tooManyOperations(let count):
            "\(count) operations in one change; at most \(Limit.operationsPerChange.value) fit: save it in parts"
        case .tooManyBytes(let count):
            "\(count) bytes in one change; at most \(Limit.bytesPerChange.value) fit: shorten the text or save it in parts"
        case .malformed(let rule): "this cannot be saved: \(rule)"
        case .shownUnknown(let reference): "the version \(reference.dot) that was shown is not in this replica"
        }
    }
}

/// Makes changes out of drafts: gives them their place in the feed, context, stamp and commitments, stores them and
/// folds them, all in one transaction.
package struct LocalWriter<Transaction: ReplicaTransaction> {
    private let transaction: Transaction
    private let identity: ReplicaIdentity
    private let random: (Int) -> [UInt8]

    /// - Parameter random: gives that many random bytes.
    package init(_ transaction: Transaction, identity: ReplicaIdentity, random: @escaping (Int) -> [UInt8]) {
        self.transaction = transaction
        self.identity = identity
        self.random = random
    }

    /// Saves `draft` in `scope` as the next change of this replica's feed.
    ///
    /// - Parameters:
    ///   - physicalMilliseconds: the machine's clock.
    ///   - stamp: for a change that is re-authored: the stamp that it keeps.
    /// - Throws: `CommitError`, or what the store throws; nothing has changed then.
    @discardableResult
    package func commit(
        _ draft: ChangeDraft, in scope: ScopeID, at physicalMilliseconds: Int64, keeping stamp: HybridTimestamp? = nil
    ) throws -> StoredChange {
        try commit(try EncodedDraft(draft, in: scope), in: scope, at: physicalMilliseconds, keeping: stamp)
    }

    /// The same for a draft that was encoded ahead, for this scope.
    @discardableResult
    package func commit(
        _ draft: EncodedDraft, in scope: ScopeID, at physicalMilliseconds: Int64, keeping stamp: HybridTimestamp? = nil
    ) throws -> StoredChange {
        guard let introduction = try transaction.scope(scope)?.introduction else {
            throw CommitError.unknownScope(scope)
        }
        var context = try unseenHeads(of: scope)
        while context.count > Limit.contextEntries.value {
            // A change without operations carries the first heads, so that no context is longer than the limit.
            let carrier = ChangeDraft(
                person: draft.person, zoneMinutes: draft.zoneMinutes, schema: draft.schema, operations: Operations())
            try append(
                try EncodedDraft(carrier, in: scope), introduction, Array(context.prefix(Limit.contextEntries.value)),
                physicalMilliseconds, nil)
            context.removeFirst(Limit.contextEntries.value)
        }
        let stored = try append(draft, introduction, context, physicalMilliseconds, stamp)
        // Without a context there was nothing that had not been seen.
        if context.isEmpty { return stored }
        for var feed in try transaction.unseenFeeds(of: scope) {
            feed.seen = feed.sequence
            try transaction.put(feed, of: scope)
        }
        return stored
    }

    /// The heads of other feeds that this replica's last change had not seen, less those in the past of another.
    private func unseenHeads(of scope: ScopeID) throws -> [ChangeReference] {
        let heads = try transaction.unseenFeeds(of: scope).filter { $0.feed != identity.feed }.map(\.head)
        guard heads.count > 1 else { return heads }
        let pasts = try heads.map { try transaction.past(of: $0.dot, scope: scope) }
        return heads.indices.filter { index in
            !pasts.indices.contains { $0 != index && pasts[$0].contains(heads[index].dot) }
        }.map { heads[$0] }
    }

    @discardableResult
    private func append(
        _ draft: EncodedDraft, _ scope: ScopeIntroduction, _ context: [ChangeReference], _ physicalMilliseconds: Int64,
        _ keptStamp: HybridTimestamp?
    ) throws -> StoredChange {
        var feed =
            try transaction.feed(identity.feed, of: scope.scope)
            ?? FeedState(feed: identity.feed, start: identity.start(in: scope))
        let dot = Dot(feed: identity.feed, sequence: feed.sequence + 1)
        var clock = try transaction.clock()
        let stamp: HybridTimestamp
        if let keptStamp {
            stamp = keptStamp
            clock.observe(unplaced: keptStamp)
        } else {
            stamp = clock.tick(physicalMilliseconds: physicalMilliseconds)
        }
        try transaction.note(dot, context: context, scope: scope.scope)
        try checkShown(draft.shown, dot: dot, scope: scope.scope)

        // The parts' salts derive from a key of the first record that the change names.
        let known = draft.parts.isEmpty ? nil : try draft.firstRecord(in: scope.scope)
        var keys: [[UInt8]] = []
        for part in draft.parts {
            let kept = try known.flatMap { try transaction.partKey(of: part.subject, record: $0) }
            keys.append(kept ?? random(PersonalPart.keyBytes))
        }
        let parts = zip(draft.parts, keys).map {
            PersonalPart(subject: $0.subject, key: $1, items: $0.items).encoded()
        }
        let commitments = parts.indices.map { index in
            PartCommitment(
                subject: draft.parts[index].subject,
                commitment: PersonalPart.commitment(
                    parts[index], key: keys[index], scope: scope.scope, dot: dot, index: index))
        }
        let change = Change(
            header: ChangeHeader(
                scope: scope.scope, dot: dot, previous: feed.hash, stamp: stamp, zoneMinutes: draft.zoneMinutes,
                person: draft.person, schema: draft.schema, context: context,
                operationsHash: draft.operationsHash, parts: commitments),
            operations: draft.operations.bytes)
        let byteCount = try check(change, parts: parts)
        try attest(change, byteCount: byteCount, after: feed)

        let records = draft.recordIDs(in: scope.scope, change: change.hash.short)
        let stored = try transaction.append(change, records: records, parts: parts, placement: nil)
        if !draft.parts.isEmpty, let record = records.first {
            for (part, key) in zip(draft.parts, keys) {
                try transaction.put(partKey: key, of: part.subject, record: record)
            }
        }
        feed.sequence = dot.sequence
        feed.hash = change.hash
        feed.seen = dot.sequence
        try transaction.put(feed, of: scope.scope)
        try transaction.put(clock)
        try RecordFolder(transaction).fold(draft.operations, into: records, of: stored)
        return stored
    }

    /// A hub must take what is saved here: it holds a change to the same rules. The operations are looked at apart.
    /// - Returns: how many bytes it has with its parts.
    private func check(_ change: Change, parts: [[UInt8]]) throws -> Int {
        let header = change.header
        let byteCount = Change.carriedByteCount(header, change.operations) + parts.reduce(0) { $0 + $1.count }
        guard byteCount <= Limit.bytesPerChange.value else { throw CommitError.tooManyBytes(byteCount) }
        for name in [header.person, header.schema] where name.string.utf8.count > Limit.nameBytes.value {
            throw CommitError.malformed("more than \(Limit.nameBytes.value) \(Limit.nameBytes.name)")
        }
        guard (-1_080...1_080).contains(header.zoneMinutes) else {
            throw CommitError.malformed("a zone of \(header.zoneMinutes) minutes does not exist")
        }
        guard parts.count <= Limit.partsPerChange.value else {
            throw CommitError.malformed("more than \(Limit.partsPerChange.value) \(Limit.partsPerChange.name)")
        }
        do {
            for part in parts { _ = try PersonalPart(part) }
        } catch {
            throw CommitError.malformed(error.description)
        }
        return byteCount
    }

    /// Signs the feed where others may cut it: at every 256th change, and around a change so large that 256 of them
    /// would exceed 1 MB. Whoever carries the feed on then never has to send more than that at once.
    private func attest(_ change: Change, byteCount: Int, after feed: FeedState) throws {
        let isLarge = byteCount >= LocalWriter.largeChangeBytes
        if isLarge, feed.sequence > 0 {
            try transaction.put(
                Attestation(scope: change.scope, sequence: feed.sequence, hash: feed.hash, key: identity.key))
        }
        if isLarge || change.dot.sequence % LocalWriter.attestedEvery == 0 {
            try transaction.put(
                Attestation(scope: change.scope, sequence: change.dot.sequence, hash: change.hash, key: identity.key))
        }
    }

    private static var attestedEvery: UInt64 { 256 }
    private static var largeChangeBytes: Int { 4_096 }

    private func checkShown(_ shown: [ChangeReference], dot: Dot, scope: ScopeID) throws {
        guard !shown.isEmpty else { return }
        let past = try transaction.past(of: dot, scope: scope)
        for reference in shown {
            guard past.contains(reference.dot),
                try transaction.change(at: reference.dot, of: scope)?.hash.short == reference.hash
            else { throw CommitError.shownUnknown(reference) }
        }
    }
}
