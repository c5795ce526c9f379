import Causality
import Changes
import Replication
import StoreContract

/// The hand-made messages behind the golden bytes: one chain, two scopes, two authors, a hub.
enum Samples {
    static let chain = ChainID(high: 0x0001_0203_0405_0607, low: 0x0809_0a0b_0c0d_0e0f)
    static let scope = ScopeIntroduction(name: "branch/a", seed: chain)
    static let common = ScopeIntroduction(name: "common", seed: chain)
    /// Sorted by id, as messages list them.
    static let scopes = [scope, common].sorted { $0.scope < $1.scope }
    static let hash = Hash256(
        0x6061_6263_6465_6667, 0x6869_6a6b_6c6d_6e6f, 0x7071_7273_7475_7677, 0x7879_7a7b_7c7d_7e7f)
    static let incarnation = ShortHash(high: 0x5051_5253_5455_5657, low: 0x5859_5a5b_5c5d_5e5f)
    /// 2026-01-15T09:30:00Z.
    static let hubTime: Int64 = 1_768_469_400_000
    static let hubKey = ContractAuthor.key(255)

    /// Two changes of the first author, the second with two personal parts, and one of another that saw both.
    static let changes: (first: [Change], second: Change, parts: [[UInt8]], attestations: [Attestation]) = {
        var author = ContractAuthor(1, in: scope)
        var other = ContractAuthor(2, in: scope)
        let parts = [ContractAuthor.part(1, "Nur Aisyah"), ContractAuthor.part(2, "+60 12-345 6789")]
        let first = [author.change("cold soup"), author.change("cold soup, late", parts: parts)]
        let second = other.change("seen", context: [first[1].reference])
        return (first, second, parts.map { $0.encoded() }, [author.attestation(), other.attestation()])
    }()

    static let push = ScopePush(
        scope: scope.scope,
        runs: [
            ChangeRun(
                feed: changes.first[0].dot.feed, first: 1,
                changes: [
                    CarriedChange(bytes: changes.first[0].carried()),
                    CarriedChange(bytes: changes.first[1].carried(), parts: [changes.parts[0], nil]),
                ]),
            ChangeRun(
                feed: changes.second.dot.feed, first: 1, changes: [CarriedChange(bytes: changes.second.carried())]),
        ],
        attestations: changes.attestations)

    static func hello(_ introduction: ScopeIntroduction, isEmpty: Bool = false) -> ScopeHello {
        isEmpty
            ? ScopeHello(
                scope: introduction.scope, position: 0,
                history: HistoryHash(chain: introduction.seed, scope: introduction.scope), ownHead: nil)
            : ScopeHello(
                scope: introduction.scope, position: 300, history: HistoryHash(hash),
                ownHead: changes.first[1].reference, foreignHeads: [changes.second.reference])
    }

    static let requests: [(label: String, request: SyncRequest)] = [
        ("of a replica that holds nothing", SyncRequest(limits: PageLimits(), hellos: [])),
        (
            "two scopes, one with a push",
            SyncRequest(
                limits: PageLimits(changes: 100, bytes: 65_536),
                hellos: scopes.map { hello($0, isEmpty: $0.scope == common.scope) }, pushes: [push])
        ),
        (
            "a piece of a large change, and part of another staged",
            SyncRequest(
                limits: PageLimits(),
                hellos: [
                    ScopeHello(
                        scope: scope.scope, position: 1, history: HistoryHash(hash), ownHead: nil, staged: stagedHead)
                ],
                pushes: [ScopePush(scope: scope.scope, runs: [], attestations: [], piece: piece)])
        ),
        (
            "a digest of all scopes",
            SyncRequest(limits: PageLimits(changes: 1, bytes: 1), hellos: [], coverage: .rest(hash))
        ),
        (
            "the stretch from the first scope to the second",
            SyncRequest(
                limits: PageLimits(), hellos: [hello(scopes[1])],
                coverage: .stretch(after: scopes[0].scope, through: scopes[1].scope))
        ),
        (
            "the stretch up to the first scope",
            SyncRequest(limits: PageLimits(), hellos: [], coverage: .stretch(after: nil, through: scopes[0].scope))
        ),
    ]

    /// The third piece of a change of 5,000 bytes.
    static let piece = ChangePiece(
        dot: changes.second.dot, digest: hash, total: 5_000, offset: 2_000, bytes: [1, 2, 3])
    static let stagedHead = StagedHead(dot: changes.second.dot, digest: hash.short, length: 2_003)

    static let page = Page(
        receipt: Receipt(
            incarnation: incarnation, scope: scope.scope, position: 306, history: HistoryHash(hash), hubTime: hubTime,
            key: hubKey),
        entries: [
            .known(dot: changes.first[1].dot, received: hubTime, verdict: .ok),
            .full(
                dot: changes.first[0].dot, received: hubTime - 1, verdict: .ok,
                start: changes.first[0].header.previous, change: CarriedChange(bytes: changes.first[0].carried())),
            .full(
                dot: changes.first[1].dot, received: 0, verdict: .ok, start: nil,
                change: CarriedChange(bytes: changes.first[1].carried(), parts: [nil, changes.parts[1]])),
            .stub(received: hubTime, verdict: .void, header: header(changes.second)),
            .stub(received: hubTime, verdict: .held, header: header(changes.first[0])),
            .other(.verdict(dot: changes.second.dot, verdict: .void)),
            .other(.clock(hubTime)),
        ],
        hasMore: true)

    static let responses: [(label: String, response: SyncResponse)] = [
        ("nothing new", SyncResponse(hubTime: hubTime, incarnation: incarnation)),
        ("the digest differs", SyncResponse(hubTime: hubTime, incarnation: incarnation, wantsHellos: true)),
        (
            "a piece of a large change, and part of another staged",
            SyncResponse(
                hubTime: hubTime, incarnation: incarnation,
                answers: [
                    ScopeAnswer(
                        scope: scope.scope,
                        outcome: .page(Page(receipt: page.receipt, entries: [], hasMore: true, piece: piece)))
                ],
                staged: [StagedAnswer(scope: scope.scope, head: stagedHead)])
        ),
        (
            "a page with entries of every kind, a refusal, a new scope",
            SyncResponse(
                hubTime: hubTime, incarnation: incarnation,
                answers: [
                    ScopeAnswer(scope: scope.scope, outcome: .page(page)),
                    ScopeAnswer(
                        scope: common.scope,
                        outcome: .refused(
                            Refusal(
                                .missingContext, "made after changes that the hub lacks",
                                missing: [changes.second.reference]))),
                ].sorted { $0.scope < $1.scope },
                newScopes: scopes)
        ),
    ]

    static func header(_ change: Change) -> [UInt8] {
        var writer = ByteWriter()
        change.header.encode(into: &writer)
        return writer.bytes
    }
}
