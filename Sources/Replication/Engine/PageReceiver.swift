import Causality
import Changes

/// Why an answer of the hub was not applied. Nothing has changed.
package enum PageError: Error, Hashable, Sendable {
    case unknownScope(ScopeID)
    /// The receipt is not this hub's, or not for this page.
    case receipt(String)
    /// The entries begin after a position that this replica has not come to.
    case gap(scope: ScopeID, after: UInt64, position: UInt64)
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
        case .gap(let scope, let after, let position):
            "the entries of scope \(scope) begin after position \(after), and this replica has come to \(position)"
        case .history(let scope, let position):
            "the entries of scope \(scope) up to position \(position) do not add up to the hub's history hash"
        case .missingChange(let dot): "the hub names the change \(dot), which this replica does not have"
        case .change(let dot, let why): "the change \(dot) cannot be taken: \(why)"
        case .fork(let dot):
            """
            there is another change at \(dot): a machine's file was put back or copied, and wrote beside itself; what came from \
            it in a bundle stands here in the way of the hub's, and this version cannot merge that yet; a replica that \
            is joined anew, into a new file, has the hub's
            """
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
    let folder: RecordFolder<Transaction>
    private let hubKey: PublicKey
    private let own: FeedID?

    /// - Parameter own: this replica's feed; nil where the store is nobody's.
    package init(_ transaction: Transaction, hubKey: PublicKey, own: FeedID?) {
        self.transaction = transaction
        self.hubKey = hubKey
        self.own = own
        folder = RecordFolder(transaction)
    }

    /// - Throws: `PageError`, or what the store throws; the transaction must then be given up, but for `.gap`, which is found
    ///   before anything is written.
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
            var unpacked: PackedEntries?
            if case .packed(let packed) = block {
                let block = try prepared.take(transaction).get()
                segment = block.segment
                unpacked = block.packed
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
            if let unpacked, outcome.entries - before.entries == unpacked.count,
                outcome.received - before.received == bodies
            {
                try transaction.keep(unpacked, from: start, of: scope)
            }
        }
        if outcome.entries == 0, let base = try transaction.base(of: scope), page.receipt.position < base.position {
            // All that it brings is in the snapshot that the scope began with, and how the order came there is not here.
            return outcome
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
        if let own, outcome.received > 0 { try transaction.resume(own, of: scope) }
        return outcome
    }

    /// Takes the packed blocks apart ahead of their turn.
    ///
    /// - Parameter skipped: so many entries are here already; blocks of no others are left out.
    private func prepare(
        _ blocks: [PageBlock], of state: ScopeState, skipping skipped: Int
    ) throws -> Lookahead<PreparedBlock.Start, Result<PreparedBlock, any Error>> {
        var packed: [PackedBlock] = []
        var left = skipped
        for block in blocks {
            if left >= block.count {
                left -= block.count
            } else {
                left = 0
                if case .packed(let next) = block { packed.append(next) }
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
        guard let first = page.after else { throw PageError.history(scope: state.id, position: page.receipt.position) }
        guard first <= state.position else {
            throw PageError.gap(scope: state.id, after: first, position: state.position)
        }
        return Int(clamping: state.position - first)
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
