import Causality
import Changes

/// The entries of a page that are taken one by one.
extension PageReceiver {
    /// An entry as it came.
    enum Arrived {
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
    func forEachEntry(
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

    func apply(
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
