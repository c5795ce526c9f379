import Causality
import Changes

/// Why an answer of the hub was not applied. Nothing has changed.
package enum PageError: Error, Hashable, Sendable {
    case unknownScope(ScopeID)
    /// The receipt is not this hub's, or not for this page.
    case receipt(String)
    /// The entries do not add up to the receipt's history hash.
    case history(scope: ScopeID, position: UInt64)
    /// An entry names a change that this replica was said to hold and does not.
    case missingChange(Dot)
    /// A change does not follow its feed, or its bytes are malformed.
    case change(Dot, String)
    /// A second change at a sequence that this replica has: this machine's file, or another's, was copied.
    case fork(Dot)
    case unsupported(String)
}

extension PageError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownScope(let scope): "the hub answered for the scope \(scope), which this replica does not hold"
        case .receipt(let why): "the hub's receipt does not hold: \(why)"
        case .history(let scope, let position):
            "the entries of scope \(scope) up to position \(position) do not add up to the hub's history hash"
        case .missingChange(let dot): "the hub names the change \(dot), which this replica does not have"
        case .change(let dot, let why): "the change \(dot) cannot be taken: \(why)"
        case .fork(let dot):
            "there is another change at \(dot): a copy of a replica's file has written beside it; this version cannot merge that yet"
        case .unsupported(let what): "this version does not support \(what)"
        }
    }
}

/// What applying a page did.
package struct PageOutcome: Hashable, Sendable {
    /// Entries applied.
    package var entries = 0
    /// Changes that came with the page and were not held before.
    package var received = 0
    /// Changes of this replica, or that it carried, that now have an entry.
    package var placed = 0

    package init() {}
}

/// Applies a page of a scope's order at a replica: checks it against the hub's receipt, stores, folds, and moves the
/// cursor, all in one transaction. A store that is written behind writes the records that were folded later.
package struct PageReceiver<Transaction: ReplicaTransaction> {
    let transaction: Transaction
    private let folder: RecordFolder<Transaction>
    private let hubKey: PublicKey

    package init(_ transaction: Transaction, hubKey: PublicKey) {
        self.transaction = transaction
        self.hubKey = hubKey
        folder = RecordFolder(transaction)
    }

    /// - Throws: `PageError`, or what the store throws; the transaction must then be given up.
    package func apply(_ page: Page, of scope: ScopeID) throws -> PageOutcome {
        guard var state = try transaction.scope(scope) else { throw PageError.unknownScope(scope) }
        guard page.receipt.scope == scope else { throw PageError.receipt("it is for another scope") }
        do { try page.receipt.verify(hubKey) } catch { throw PageError.receipt("its signature is not the hub's") }
        var outcome = PageOutcome()
        var clock = try transaction.clock()
        var skipped = try knownEntries(of: page, state)
        var prepared = try prepare(page.blocks, of: state, skipping: skipped)
        var verified: VerifiedBlocks?
        var released: (@Sendable () -> Void)?
        let receiver = BlockReceiver(transaction: transaction, folder: folder, scope: scope)
        for block in page.blocks {
            if skipped >= block.count {
                // What an answer that comes a second time brings is here already.
                skipped -= block.count
                continue
            }
            var segment: Segment?
            if case .packed(let packed) = block {
                let block = try prepared.take(transaction).get()
                segment = block.segment
                if skipped == 0,
                    let changes = try block.changes(of: scope, after: { try transaction.feed($0, of: scope) })
                {
                    let before = state.position
                    try receiver.apply(block, changes, to: &state, &clock)
                    try transaction.noteFolded(after: before, through: state.position, of: scope)
                    // A block is thousands of pieces of memory, which another thread gives back; of one block at a time.
                    released?()
                    released = transaction.begin { withExtendedLifetime((block, changes)) {} }
                    outcome.entries += packed.count
                    outcome.received += packed.count
                    continue
                }
            }
            let start = state.position + 1
            let before = outcome
            var bodies = 0
            try forEachEntry(of: block, segment) { items in
                guard skipped == 0 else { return 0 }
                let count = try placePushed(items, of: scope, &state, &clock, &verified)
                outcome.entries += count
                outcome.placed += count
                return count
            } _: { arrived in
                if skipped > 0 {
                    skipped -= 1
                    return
                }
                let position = state.position + 1
                if arrived.hasBody { bodies += 1 }
                let entry = try apply(arrived, at: position, of: state.introduction, &clock, &outcome)
                state.history = state.history.appending(entry.encoded())
                state.position = position
                try transaction.append(EntryRow(position: position, entry: entry, history: state.history), of: scope)
                outcome.entries += 1
            }
            if outcome.entries > before.entries, outcome.entries - before.entries == outcome.received - before.received
            {
                // Each brought a change that was not here.
                try transaction.noteFolded(after: start - 1, through: state.position, of: scope)
            }
            if case .packed(let packed) = block, outcome.entries - before.entries == packed.count,
                outcome.received - before.received == bodies
            {
                try transaction.keep(packed, from: start, of: scope)
            }
        }
        let history =
            page.receipt.position == state.position
            ? state.history : try transaction.history(of: scope, at: page.receipt.position)
        guard history == page.receipt.history else {
            throw PageError.history(scope: scope, position: page.receipt.position)
        }
        guard outcome.entries > 0 else { return outcome }
        // What has come of a snapshot is of no use once the order was begun.
        if let held = try transaction.snapshot(of: scope), !held.isBase { try transaction.removeSnapshot(of: scope) }
        try transaction.put(page.receipt)
        state.foldedPosition = state.position
        try transaction.put(state)
        try transaction.put(clock)
        return outcome
    }

    /// Takes the packed blocks apart ahead of their turn.
    ///
    /// - Parameter skipped: so many entries are here already; blocks of no others are left out.
    private func prepare(
        _ blocks: [PageBlock], of state: ScopeState, skipping skipped: Int
    ) throws -> Lookahead<PreparedBlock.Start, Result<PreparedBlock, any Error>> {
        var packed: [PackedEntries] = []
        var left = skipped
        for block in blocks {
            if left >= block.count {
                left -= block.count
            } else {
                left = 0
                if case .packed(let entries) = block { packed.append(entries) }
            }
        }
        var start = PreparedBlock.Start()
        // One block alone asks the store for the feeds that it names.
        if packed.count > 1 {
            start.history = skipped == 0 ? state.history : nil
            for feed in try transaction.feeds(of: state.id) { start.feeds[feed.feed] = feed }
        }
        return Lookahead(count: packed.count, from: start) { [scope = state.id, packed] start, index in
            Result { try PreparedBlock(packed[index], of: scope, after: &start, isLast: index == packed.count - 1) }
        }
    }

    /// How many of the page's entries this replica has applied already.
    private func knownEntries(of page: Page, _ state: ScopeState) throws -> Int {
        let end = page.receipt.position
        let count = UInt64(page.entryCount)
        guard count <= end, end - count <= state.position else {
            throw PageError.history(scope: state.id, position: end)
        }
        return Int(clamping: state.position - (end - count))
    }

    /// An entry as it came.
    private enum Arrived {
        case known(dot: Dot, received: Int64, verdict: Verdict)
        case full(dot: Dot, received: Int64, verdict: Verdict, start: Hash256?, change: TravellingChange)
        case stub(received: Int64, verdict: Verdict, header: [UInt8])
        case other(Entry)

        /// Whether it brings what the log keeps of a change.
        var hasBody: Bool {
            switch self {
            case .full, .stub: true
            case .known, .other: false
            }
        }
    }

    /// - Parameters:
    ///   - segment: what a packed block holds.
    ///   - whole: is offered what is left of a packed block where it begins with a change that is held here, and tells how
    ///     many entries of it were taken at once.
    private func forEachEntry(
        of block: PageBlock, _ segment: Segment?, whole: (ArraySlice<SegmentItem>) throws -> Int,
        _ body: (Arrived) throws -> Void
    ) throws {
        switch block {
        case .single(.known(let dot, let received, let verdict)):
            try body(.known(dot: dot, received: received, verdict: verdict))
        case .single(.full(let dot, let received, let verdict, let start, let change)):
            try body(.full(dot: dot, received: received, verdict: verdict, start: start, change: .carried(change)))
        case .single(.stub(let received, let verdict, let header)):
            try body(.stub(received: received, verdict: verdict, header: header))
        case .single(.other(let entry)): try body(.other(entry))
        case .packed(let packed):
            guard let segment else { preconditionFailure("a packed block was unpacked") }
            var parts = PartsInOrder(packed)
            var next = 0
            while next < segment.items.count {
                let item = segment.items[next]
                switch item {
                case .known(let dot, let received, let verdict):
                    let count = try whole(segment.items[next...])
                    if count > 0 {
                        next += count
                        continue
                    }
                    try body(.known(dot: dot, received: received, verdict: verdict))
                case .stub(let received, let verdict, let header):
                    try body(.stub(received: received, verdict: verdict, header: header))
                case .other(let entry): try body(.other(entry))
                case .full(let change):
                    guard let place = change.place else {
                        throw CodecError.malformed("\(change.dot) has no place", at: 0)
                    }
                    try body(
                        .full(
                            dot: change.dot, received: place.received, verdict: place.verdict, start: place.start,
                            change: .unpacked(segment, change, parts: try parts.parts(of: change))))
                }
                next += 1
            }
            try parts.finish()
        }
    }

    private func apply(
        _ arrived: Arrived, at position: UInt64, of scope: ScopeIntroduction, _ clock: inout HybridLogicalClock,
        _ outcome: inout PageOutcome
    ) throws -> Entry {
        switch arrived {
        case .known(let dot, let received, let verdict):
            guard let change = try transaction.change(at: dot, of: scope.scope) else {
                throw PageError.missingChange(dot)
            }
            return try place(
                change, Placement(position: position, received: received, verdict: verdict), &clock, &outcome)
        case .full(let dot, let received, let verdict, let start, let travelling):
            let travelling = try unstaged(travelling, dot, scope.scope)
            let placement = Placement(position: position, received: received, verdict: verdict)
            let known = try transaction.feed(dot.feed, of: scope.scope)?.sequence ?? 0
            if dot.sequence <= known, let held = try transaction.change(at: dot, of: scope.scope) {
                let (change, _) = try decode(travelling, dot, previous: held.header.previous, scope: scope.scope)
                guard change.hash == held.hash else { throw PageError.fork(dot) }
                try folder.addParts(travelling.parts, of: held)
                return try place(held, placement, &clock, &outcome)
            }
            var feed = try feed(of: dot, start: start, scope: scope.scope)
            let (change, operations) = try decode(travelling, dot, previous: feed.hash, scope: scope.scope)
            try checkContext(of: change.header)
            try transaction.note(dot, context: change.header.context, scope: scope.scope)
            let records = operations.recordIDs(in: scope.scope, change: change.hash.short)
            let stored = try transaction.append(
                change, records: records, parts: travelling.parts, placement: placement)
            feed.sequence = dot.sequence
            feed.hash = change.hash
            try transaction.put(feed, of: scope.scope)
            if stored.isFolded { clock.observe(effective: stored.effective) }
            try folder.fold(operations, into: records, of: stored)
            outcome.received += 1
            return .change(
                reference: EntryReference(dot: dot, hash: change.hash), received: received, verdict: verdict)
        case .stub(let received, let verdict, let bytes):
            return try applyStub(
                bytes, Placement(position: position, received: received, verdict: verdict), scope.scope, &clock,
                &outcome)
        case .other(let entry):
            try apply(entry, scope: scope.scope)
            return entry
        }
    }

    /// The change itself, where its bytes came in pieces before.
    private func unstaged(_ travelling: TravellingChange, _ dot: Dot, _ scope: ScopeID) throws -> TravellingChange {
        guard travelling.isStaged else { return travelling }
        guard let change = try Staging(transaction).change(at: dot, of: scope) else {
            throw PageError.change(dot, "it is not staged whole")
        }
        try transaction.removeStaged(at: dot, of: scope)
        return .carried(change)
    }

    /// Gives a change that is held here its entry.
    private func place(
        _ change: StoredChange, _ placement: Placement, _ clock: inout HybridLogicalClock, _ outcome: inout PageOutcome
    ) throws -> Entry {
        guard change.placement == nil else {
            throw PageError.change(change.dot, "it has a second entry in the order")
        }
        let placed = try folder.place(change, at: placement)
        if placed.isFolded { clock.observe(effective: placed.effective) }
        outcome.placed += 1
        return .change(
            reference: EntryReference(dot: change.dot, hash: change.hash), received: placement.received,
            verdict: placement.verdict)
    }

    private func applyStub(
        _ bytes: [UInt8], _ placement: Placement, _ scope: ScopeID, _ clock: inout HybridLogicalClock,
        _ outcome: inout PageOutcome
    ) throws -> Entry {
        var reader = ByteReader(bytes)
        let header = try ChangeHeader(from: &reader)
        try reader.finish()
        guard header.scope == scope else { throw PageError.change(header.dot, "it is of another scope") }
        let hash = header.hash()
        if let held = try transaction.change(at: header.dot, of: scope) {
            guard held.hash == hash else { throw PageError.fork(header.dot) }
            return try place(held, placement, &clock, &outcome)
        }
        var feed = try feed(of: header.dot, start: header.previous, scope: scope)
        guard header.previous == feed.hash else {
            throw PageError.change(header.dot, "it does not follow its feed")
        }
        try checkContext(of: header)
        try transaction.note(header.dot, context: header.context, scope: scope)
        try transaction.append(stub: header, hash: hash, placement: placement)
        feed.sequence = header.sequence
        feed.hash = hash
        try transaction.put(feed, of: scope)
        outcome.received += 1
        return .change(
            reference: EntryReference(dot: header.dot, hash: hash), received: placement.received,
            verdict: placement.verdict)
    }

    private func apply(_ entry: Entry, scope: ScopeID) throws {
        switch entry {
        case .change(let reference, _, _):
            throw PageError.change(reference.dot, "an entry of a change came without the change")
        case .verdict(let dot, let verdict):
            guard let change = try transaction.change(at: dot, of: scope), let old = change.placement else {
                if try transaction.isIncluded(dot, of: scope) {
                    throw PageError.unsupported(
                        "a verdict on the change \(dot), which the snapshot that this replica began with includes")
                }
                throw PageError.missingChange(dot)
            }
            guard verdict != .ok else { throw PageError.change(dot, "no verdict turns to ok") }
            try folder.place(
                change, at: Placement(position: old.position, received: old.received, verdict: verdict))
        case .lost: throw PageError.unsupported("changes that the hub declares lost")
        case .clock: break
        }
    }

    /// The feed that the change at `dot` continues.
    private func feed(of dot: Dot, start: Hash256?, scope: ScopeID) throws -> FeedState {
        if let feed = try transaction.feed(dot.feed, of: scope) {
            guard dot.sequence == feed.sequence + 1 else {
                throw PageError.change(dot, "it does not follow sequence \(feed.sequence) of its feed")
            }
            return feed
        }
        guard dot.sequence == 1, let start else {
            throw PageError.change(dot, "its feed begins later than at 1")
        }
        return FeedState(feed: dot.feed, start: start)
    }

    /// No effect before its cause: the hub places a change after its context. What the base includes came before; its
    /// hash is known of a feed's head alone, and else stands on the hub's order.
    private func checkContext(of header: ChangeHeader) throws {
        for reference in header.context {
            switch try transaction.standing(of: reference, in: header.scope) {
            case .held, .included: break
            case .other, .missing:
                throw PageError.change(header.dot, "it comes before \(reference.dot), which its author had seen")
            }
        }
    }

    private func decode(
        _ travelling: TravellingChange, _ dot: Dot, previous: Hash256, scope: ScopeID
    ) throws -> (change: Change, operations: EncodedOperations) {
        do { return try travelling.decoded(dot, previous: previous, scope: scope) } catch {
            throw PageError.change(dot, error.description)
        }
    }
}

extension Change {
    /// Checks that the parts that came along are those that the header commits to. An absent part is never malformed.
    package func checkParts(_ parts: [[UInt8]?]) throws(CodecError) {
        guard parts.count == header.parts.count else {
            throw .malformed("a change commits to \(header.parts.count) parts and carries \(parts.count)", at: 0)
        }
        for (index, bytes) in parts.enumerated() {
            guard let bytes else { continue }
            let part = try PersonalPart(bytes)
            let commitment = header.parts[index]
            guard part.subject == commitment.subject,
                PersonalPart.commitment(bytes, key: part.key, scope: scope, dot: dot, index: index)
                    == commitment.commitment
            else { throw .malformed("personal part \(index) is not the one that the change commits to", at: 0) }
        }
    }
}
