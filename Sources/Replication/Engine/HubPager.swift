import Causality
import Changes

/// Reads the next page of a scope's order for one receiver.
package struct HubPager<Transaction: HubTransaction> {
    private let transaction: Transaction
    private let key: SigningKey
    private let incarnation: ShortHash
    private let now: Int64
    private let pieceBytes: Int

    /// - Parameter pieceBytes: a change that takes more travels in pieces of this size.
    package init(_ transaction: Transaction, key: SigningKey, incarnation: ShortHash, now: Int64, pieceBytes: Int) {
        self.transaction = transaction
        self.key = key
        self.incarnation = incarnation
        self.now = now
        self.pieceBytes = pieceBytes
    }

    /// - Parameters:
    ///   - limits: what is left for this answer; reduced by what the page takes.
    ///   - placed: what this receiver's own push was given.
    /// - Returns: nil where nothing has happened: that needs no word and no signature.
    /// - Throws: `Refusal` when the receiver's history is not this one.
    package func page(
        after hello: ScopeHello, receiver: ReplicaID, limits: inout PageLimits?, placed: PlacedEntries? = nil
    ) throws -> Page? {
        guard let scope = try transaction.scope(hello.scope) else {
            throw Refusal(.unknownScope, "there is no scope \(hello.scope)")
        }
        let common =
            placed?.position == hello.position
            ? placed?.history : try transaction.history(of: hello.scope, at: hello.position)
        guard common == hello.history else { throw HubPager.otherHistory(hello) }
        try checkHead(hello, receiver: receiver)
        if hello.position == scope.position { return nil }
        let held = try heldHeads(hello)
        var packer = BlockPacker()
        var isEmpty = true
        var history = hello.history
        var position = hello.position
        var piece: ChangePiece?
        let atStart = limits
        reading: while position < scope.position, let left = limits {
            if let sealed = try transaction.sealed(from: position + 1, of: hello.scope, unless: { held[$0] != nil }),
                atStart?.hold(sealed.packed) == true
            {
                // The next page begins with it, and goes on as the segments lie.
                if !left.hold(sealed.packed) { break reading }
                packer.append(sealed.packed)
                isEmpty = false
                history = sealed.history
                position += UInt64(sealed.packed.count)
                limits = left.reduced(entries: sealed.packed.count, bytes: sealed.packed.byteCount)
                continue
            }
            let limit = min(left.changes, try roomBeforeSealed(after: position, of: hello.scope))
            var rows = placed?.rows(after: position, limit: limit) ?? []
            if rows.isEmpty { rows = try transaction.entries(of: hello.scope, after: position, limit: limit)[...] }
            guard !rows.isEmpty else { break }
            for row in rows {
                var (paged, bytes) = try transaction.paged(row.entry, scope: hello.scope, held: held)
                if case .full(let dot, let received, let verdict, let start, let change) = paged,
                    change.byteCount > pieceBytes
                {
                    // A large change ends the page; its pieces come with pages of their own.
                    if !isEmpty { break reading }
                    piece = ChangePiece(of: change, at: dot, after: hello.staged, limit: pieceBytes)
                    if let piece {
                        limits = limits?.reduced(bytes: piece.bytes.count)
                        break reading
                    }
                    paged = .full(dot: dot, received: received, verdict: verdict, start: start, change: .staged)
                    bytes = 64
                }
                packer.append(paged)
                isEmpty = false
                history = row.history
                position = row.position
                limits = limits?.reduced(bytes: bytes)
                if limits == nil { break reading }
            }
        }
        return Page(
            receipt: Receipt(
                incarnation: incarnation, scope: hello.scope, position: position, history: history, hubTime: now,
                key: key),
            blocks: packer.finish(), hasMore: position < scope.position, piece: piece)
    }

    /// Why nothing can be exchanged of a scope whose push was refused: where the receiver's history is not this one its push
    /// hangs in the air, and what was wrong with it is only what came of that.
    package func cause(of refusal: Refusal, _ hello: ScopeHello) throws -> Refusal {
        guard try transaction.scope(hello.scope) != nil else { return refusal }
        let isCommon = try transaction.history(of: hello.scope, at: hello.position) == hello.history
        return isCommon ? refusal : HubPager.otherHistory(hello)
    }

    private static func otherHistory(_ hello: ScopeHello) -> Refusal {
        Refusal(
            .otherHistory,
            "position \(hello.position) of the scope has another history here: the hub was restored from a copy, or this replica followed another hub"
        )
    }

    /// Entries read at a time.
    private static var step: Int { 500 }

    /// How many entries to read one by one before the next segment that may go out as it lies.
    private func roomBeforeSealed(after position: UInt64, of scope: ScopeID) throws -> Int {
        guard let next = try transaction.nextSealed(after: position + 1, of: scope) else { return HubPager.step }
        return min(HubPager.step, Int(clamping: next - position - 1))
    }

    /// Where the receiver's own feed is known here, it must be the same feed.
    private func checkHead(_ hello: ScopeHello, receiver: ReplicaID) throws {
        guard let head = hello.ownHead else { return }
        guard head.dot.feed == FeedID(receiver) else {
            throw Refusal(.malformed, "the own head is of another feed")
        }
        if let known = try hash(at: head.dot, of: hello.scope), known != head.hash {
            throw Refusal(
                .fork,
                "there is another change at \(head.dot): this file was put back or copied, and wrote beside itself; join with a new code into a new file, and keep this one for what it holds"
            )
        }
    }

    /// The hash of a change, where it is known here. That of a feed's head, the usual one, is at hand.
    private func hash(at dot: Dot, of scope: ScopeID) throws -> ShortHash? {
        if let feed = try transaction.feed(dot.feed, of: scope), feed.sequence == dot.sequence {
            return feed.hash.short
        }
        return try transaction.change(at: dot, of: scope)?.hash.short
    }

    /// How far the receiver holds the bodies of which feeds.
    ///
    /// A head that is not known here is taken at its word: where it is of another history, the entries do not add up.
    private func heldHeads(_ hello: ScopeHello) throws -> [FeedID: UInt64] {
        var held: [FeedID: UInt64] = [:]
        for head in hello.foreignHeads {
            if let known = try hash(at: head.dot, of: hello.scope), known != head.hash { continue }
            held[head.dot.feed] = head.dot.sequence
        }
        if let own = hello.ownHead { held[own.dot.feed] = own.dot.sequence }
        return held
    }
}

extension ReplicaTransaction {
    /// An entry as it travels to one who holds the bodies of `held`, and about how many bytes it takes.
    ///
    /// - Throws: `Refusal` where the body is not here.
    func paged(_ entry: Entry, scope: ScopeID, held: [FeedID: UInt64]) throws -> (PagedEntry, Int) {
        guard case .change(let reference, let received, let verdict) = entry else { return (.other(entry), 64) }
        let dot = reference.dot
        if let head = held[dot.feed], dot.sequence <= head {
            return (.known(dot: dot, received: received, verdict: verdict), 40)
        }
        guard let change = try change(at: dot, of: scope) else {
            throw Refusal(.unsupported, "the body of \(dot) is no longer here")
        }
        guard change.isFolded else {
            var writer = ByteWriter(reserving: 160)
            change.header.encode(into: &writer)
            return (.stub(received: received, verdict: verdict, header: writer.bytes), writer.count + 16)
        }
        let parts = change.header.parts.isEmpty ? [] : try parts(of: dot, scope: scope)
        let carried = CarriedChange(bytes: change.carried, parts: parts)
        let start = dot.sequence == 1 ? change.header.previous : nil
        return (
            .full(dot: dot, received: received, verdict: verdict, start: start, change: carried),
            carried.byteCount + 40
        )
    }
}

extension PageLimits {
    func hold(_ packed: PackedEntries) -> Bool { packed.count <= changes && packed.byteCount <= bytes }

    /// What is left after entries of so many bytes; nil when nothing is.
    func reduced(entries: Int = 1, bytes count: Int) -> PageLimits? {
        guard changes > entries, bytes > count else { return nil }
        return PageLimits(changes: changes - entries, bytes: bytes - count)
    }
}
