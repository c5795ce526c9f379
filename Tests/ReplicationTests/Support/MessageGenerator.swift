import Causality
import Changes
import Replication
import StoreContract

/// Random messages: all valid, with the edges of each range far more often than chance gives them.
struct MessageGenerator {
    var random: SplitMix64

    mutating func integer() -> UInt64 {
        random.chance(oneIn: 4)
            ? random.pick([0, 1, 127, 128, 16_384, .max]) : random.next() >> UInt64(random.upTo(63))
    }

    mutating func sequence() -> UInt64 { max(1, integer() >> 1) }
    mutating func milliseconds() -> Int64 { Int64(integer() % (1 << 48)) }
    mutating func bytes(_ greatest: Int = 40) -> [UInt8] {
        (0..<random.upTo(greatest)).map { _ in UInt8(random.upTo(255)) }
    }
    mutating func hash() -> Hash256 { Hash256(random.next(), random.next(), random.next(), random.next()) }
    mutating func text() -> Text { random.pick(["", "branch/a", "é", "a\0b", "e\u{301}🧾"]) }
    mutating func verdict() -> Verdict { random.pick([.ok, .void, .held]) }

    mutating func identifier<Kind>() -> Identifier128<Kind> {
        random.chance(oneIn: 3)
            ? Identifier128(high: 0, low: UInt64(random.upTo(3)))
            : Identifier128(high: random.next(), low: random.next())
    }

    mutating func dot() -> Dot { Dot(feed: identifier(), sequence: sequence()) }
    mutating func reference() -> ChangeReference { ChangeReference(dot: dot(), hash: identifier()) }

    mutating func some<Element>(_ greatest: Int = 3, _ make: (inout MessageGenerator) -> Element) -> [Element] {
        (0..<random.upTo(greatest)).map { _ in make(&self) }
    }

    /// Up to three, sorted, each once.
    mutating func scopes() -> [ScopeID] { Set(some { $0.identifier() as ScopeID }).sorted() }

    mutating func carried() -> CarriedChange {
        CarriedChange(bytes: bytes(), parts: some { $0.random.chance(oneIn: 2) ? nil : $0.bytes() })
    }

    mutating func hello(_ scope: ScopeID) -> ScopeHello {
        let heads = Dictionary(some { $0.reference() }.map { ($0.dot.feed, $0) }) { first, _ in first }
        return ScopeHello(
            scope: scope, position: integer(), history: HistoryHash(hash()),
            ownHead: random.chance(oneIn: 2) ? nil : reference(),
            foreignHeads: heads.values.sorted { $0.dot < $1.dot },
            staged: random.chance(oneIn: 3) ? staged() : nil)
    }

    mutating func staged() -> StagedHead {
        StagedHead(dot: dot(), digest: identifier(), length: random.upTo(Limit.stagedBytes.value))
    }

    mutating func piece() -> ChangePiece {
        let bytes = [0] + bytes()
        let offset = random.upTo(9_999)
        return ChangePiece(
            dot: dot(), digest: hash(), total: offset + bytes.count + random.upTo(9_999), offset: offset, bytes: bytes)
    }

    mutating func push(_ scope: ScopeID) -> ScopePush {
        ScopePush(
            scope: scope,
            runs: some { generator in
                ChangeRun(
                    feed: generator.identifier(), first: max(1, generator.integer() >> 1),
                    changes: [generator.carried()] + generator.some { $0.carried() })
            },
            attestations: some(1) {
                Attestation(scope: $0.identifier(), sequence: $0.integer(), hash: $0.hash(), key: Samples.hubKey)
            },
            piece: random.chance(oneIn: 3) ? piece() : nil)
    }

    mutating func request() -> SyncRequest {
        let coverage: SyncRequest.Coverage =
            random.chance(oneIn: 3)
            ? .rest(hash())
            : .stretch(
                after: random.chance(oneIn: 2) ? nil : identifier(),
                through: random.chance(oneIn: 2) ? nil : identifier())
        return SyncRequest(
            limits: PageLimits(changes: 1 + random.upTo(20_000), bytes: 1 + random.upTo(4 << 20)),
            hellos: scopes().map { hello($0) }, coverage: coverage, pushes: scopes().map { push($0) })
    }

    mutating func entry() -> PagedEntry {
        switch random.upTo(5) {
        case 0: return .known(dot: dot(), received: milliseconds(), verdict: verdict())
        case 1, 2:
            let dot = dot()
            return .full(
                dot: dot, received: milliseconds(), verdict: verdict(), start: dot.sequence == 1 ? hash() : nil,
                change: carried())
        case 3: return .stub(received: milliseconds(), verdict: verdict(), header: bytes())
        case 4: return .other(.clock(milliseconds()))
        default: return .other(.lost(reference: EntryReference(dot: dot(), hash: hash())))
        }
    }

    mutating func answer(_ scope: ScopeID) -> ScopeAnswer {
        if random.chance(oneIn: 3) {
            let code = Refusal.Code(rawValue: UInt64(1 + random.upTo(20)))
            return ScopeAnswer(
                scope: scope, outcome: .refused(Refusal(code, text().string, missing: some { $0.reference() })))
        }
        let receipt = Receipt(
            incarnation: identifier(), scope: identifier(), position: integer(), history: HistoryHash(hash()),
            hubTime: milliseconds(), key: Samples.hubKey)
        return ScopeAnswer(
            scope: scope,
            outcome: .page(
                Page(
                    receipt: receipt, entries: some(4) { $0.entry() }, hasMore: random.chance(oneIn: 2),
                    piece: random.chance(oneIn: 3) ? piece() : nil)))
    }

    mutating func response() -> SyncResponse {
        SyncResponse(
            hubTime: milliseconds(), incarnation: identifier(), wantsHellos: random.chance(oneIn: 2),
            answers: scopes().map { answer($0) },
            newScopes: some { ScopeIntroduction(scope: $0.identifier(), name: $0.text(), seed: $0.identifier()) },
            staged: scopes().map { StagedAnswer(scope: $0, head: staged()) })
    }
}
