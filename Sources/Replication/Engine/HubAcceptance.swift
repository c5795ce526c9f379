import Causality
import Changes

/// Takes a push into a scope's order: verifies it whole, then places change after change.
///
/// One transaction a scope. When anything is wrong, a `Refusal` is thrown and nothing of the push remains.
package struct HubAcceptance<Transaction: HubTransaction> {
    private let transaction: Transaction
    private let schemas: [Schema]
    private let now: Int64
    private let checked: CheckedRequest

    /// - Parameters:
    ///   - now: the hub's clock, milliseconds since 1970.
    ///   - checked: what need not be looked at again.
    package init(
        _ transaction: Transaction, schemas: [Schema], now: Int64, checked: CheckedRequest = CheckedRequest()
    ) {
        self.transaction = transaction
        self.schemas = schemas
        self.now = now
        self.checked = checked
    }

    package struct Outcome: Equatable, Sendable {
        /// Changes placed; those that the hub had already are skipped.
        package var placed = 0
        /// How much is staged of the large change of which a piece came.
        package var staged: StagedHead?
        /// Their entries.
        package var entries: PlacedEntries?
    }

    /// - Throws: `Refusal`, or what the store throws.
    package func accept(_ push: ScopePush, carrier: Certificate) throws -> Outcome {
        guard carrier.rights(in: push.scope).contains(.write) else {
            throw Refusal(.noGrant, "this machine may not write in the scope \(push.scope)")
        }
        guard var scope = try transaction.scope(push.scope) else {
            throw Refusal(.unknownScope, "there is no scope \(push.scope)")
        }
        let verifier = PushVerifier(transaction, checked: checked, takesBlocks: true) {
            try transaction.certificate(of: $0)
        }
        let verified = try verifier.verify(push, in: scope.introduction)
        var outcome = Outcome()
        var entries = PlacedEntries(after: scope.position, scope.history)
        entries.rows.reserveCapacity(push.changeCount)
        var writer = ByteWriter(reserving: 128)
        for (changes, author) in verified {
            let canWrite = author.rights(in: push.scope).contains(.write)
            switch changes {
            case .one(let change, let operations, let parts):
                try verifier.checkPast(of: change, operations)
                let (placement, row) = scope.admit(
                    EntryReference(dot: change.dot, hash: change.hash),
                    verdict: HubAcceptance.verdict(
                        on: operations, by: schema(change.header.schema), canWrite: canWrite),
                    now: now, in: &writer)
                _ = try transaction.append(
                    change, records: operations.recordIDs(in: push.scope, change: change.hash.short), parts: parts,
                    placement: placement)
                try transaction.append(row, of: push.scope)
                entries.rows.append(row)
            case .block(let block):
                try place(block, in: &scope, canWrite: canWrite, &entries, &writer)
            }
        }
        outcome.placed = entries.rows.count
        if outcome.placed > 0 {
            try transaction.put(scope)
            outcome.entries = entries
        }
        if let piece = push.piece {
            guard try transaction.certificate(of: ReplicaID(piece.dot.feed)) != nil else {
                throw Refusal(.unknownAuthor, "no certificate is known for the author of feed \(piece.dot.feed)")
            }
            outcome.staged = try Staging(transaction).add(piece, of: push.scope, now: now)
        }
        return outcome
    }

    /// Places a block's changes one after the other, and keeps its columns as they came.
    private func place(
        _ block: VerifiedBlock, in scope: inout ScopeState, canWrite: Bool, _ entries: inout PlacedEntries,
        _ writer: inout ByteWriter
    ) throws {
        let (start, before) = (scope.position + 1, scope.history)
        var places: [SegmentPlace] = []
        places.reserveCapacity(block.changes.count)
        let segment = block.block.segment
        // A block has few authors and many changes.
        let strict = segment.authors.map { author in
            schema(author.schema).flatMap { $0.mayViolate(segment) ? $0 : nil }
        }
        var touched = block.block.touched
        // Where they lie: a copy would count the references of each.
        let changes = block.changes.span
        for index in changes.indices {
            let dot = changes[index].change.dot
            let hash = block.hashes[index]
            var verdict = canWrite ? Verdict.ok : .held
            if let schema = strict[changes[index].change.author] {
                let operations = try EncodedOperations(segment.operationBytes, changes[index].change.operationBytes)
                verdict = HubAcceptance.verdict(on: operations, by: schema, canWrite: canWrite)
            }
            let (placement, row) = scope.admit(
                EntryReference(dot: dot, hash: hash), verdict: verdict, now: now, in: &writer)
            places.append(
                SegmentPlace(
                    received: placement.received, verdict: placement.verdict,
                    start: dot.sequence == 1 ? block.previous : nil))
            touched.note(changes[index].change, hash)
            entries.rows.append(row)
        }
        guard let first = block.changes.first?.change.dot else { return }
        let count = block.changes.count
        let bytes = try Segment.placed(block.block.packed.segment, segment, at: places)
        let packed = PackedEntries(segment: bytes, count: count, parts: [])
        try transaction.append(
            AppendedBlock(
                packed: packed, position: start, before: before, history: scope.history,
                stretches: [
                    AppendedBlock.Stretch(
                        feed: first.feed, first: first.sequence, count: UInt64(count), previous: block.previous)
                ],
                records: touched.ids),
            of: scope.id)
    }

    /// The schema of this name, where this hub knows it.
    private func schema(_ name: Text) -> Schema? { schemas.first { $0.id == name } }

    private static func verdict(on operations: EncodedOperations, by schema: Schema?, canWrite: Bool) -> Verdict {
        guard canWrite else { return .held }
        return schema?.violation(of: operations) == nil ? .ok : .void
    }
}

/// The entries that one push was given, for the page that follows it: what has just been written need not be read.
package struct PlacedEntries: Equatable, Sendable {
    /// The position before the first, and the history hash there.
    package let position: UInt64
    package let history: HistoryHash
    package var rows: [EntryRow] = []

    init(after position: UInt64, _ history: HistoryHash) {
        self.position = position
        self.history = history
    }

    /// At most `limit` entries that follow a position; none where it lies elsewhere.
    func rows(after position: UInt64, limit: Int) -> ArraySlice<EntryRow> {
        guard position >= self.position, position - self.position < UInt64(rows.count) else { return [] }
        return rows[Int(position - self.position)...].prefix(limit)
    }
}
