import Causality
import Changes
import Compression
import Replication
import SyncHTTP

/// A branch as the load driver plays it: its key, its feed, and what the hub told it last.
final class LoadBranch {
    let identity: ReplicaIdentity
    let scope: ScopeIntroduction
    let common: ScopeIntroduction
    let grants: [Grant]
    private let chain: ChainID
    private(set) var position: UInt64 = 0
    private(set) var history: HistoryHash
    /// Changes whose push the hub has answered.
    private(set) var acknowledged: UInt64 = 0
    private var session: SessionID?
    private var agreement: SessionAgreement?
    /// Whether the hub has answered a request that was signed.
    private var isAgreed = false
    private let agreementKey: AgreementKey
    private var counter: UInt64 = 0
    private var head: (sequence: UInt64, hash: Hash256)
    /// Made, signed and packed before the clock starts; the last comes first.
    private var pushes: [Push] = []
    private var sent: Push?

    private struct Push {
        let push: ScopePush
        let head: ChangeReference
        let count: Int
    }

    /// - Parameters:
    ///   - number: draws the key and names the scope.
    ///   - readsAll: as headquarters does.
    init(_ number: Int, chain: ChainID, readsAll: Bool = false) throws {
        self.chain = chain
        var random = SeededGenerator(seed: UInt64(number) &+ 1_000)
        identity = ReplicaIdentity(
            key: try SigningKey(seed: (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }))
        agreementKey = AgreementKey(seed: (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        scope = ScopeIntroduction(name: Text("branch/load-\(number)"), seed: chain)
        common = ScopeIntroduction(name: "common", seed: chain)
        grants =
            readsAll
            ? [Grant(scope: nil, rights: .read)]
            : [Grant(scope: scope.scope, rights: [.read, .write]), Grant(scope: common.scope, rights: .read)]
        history = HistoryHash(chain: chain, scope: scope.scope)
        head = (0, identity.start(in: scope))
    }

    var hasMore: Bool { !pushes.isEmpty }
    var isSending: Bool { sent != nil }

    // MARK: - Before the clock starts

    /// Makes pushes, each with so many changes.
    func prepare(_ count: Int, changes: Int, of trace: Trace, from offset: Int) {
        var made: [Push] = []
        for number in 0..<count {
            let first = head.sequence + 1
            let carried = (0..<changes).map { index in
                next(trace.events[(offset + number * changes + index) % trace.events.count])
            }
            made.append(
                Push(
                    push: ScopePush(
                        scope: scope.scope, runs: [ChangeRun(feed: identity.feed, first: first, changes: carried)],
                        attestations: [
                            Attestation(
                                scope: scope.scope, sequence: head.sequence, hash: head.hash, key: identity.key)
                        ]),
                    head: ChangeReference(
                        dot: Dot(feed: identity.feed, sequence: head.sequence), hash: head.hash.short),
                    count: changes))
        }
        pushes = made.reversed() + pushes
    }

    private func next(_ event: Trace.Event) -> CarriedChange {
        let draft = event.draft
        let operations = draft.operations.encoded()
        let change = Change(
            header: ChangeHeader(
                scope: scope.scope, dot: Dot(feed: identity.feed, sequence: head.sequence + 1), previous: head.hash,
                stamp: HybridTimestamp(milliseconds: event.milliseconds), zoneMinutes: draft.zoneMinutes,
                person: draft.person, schema: draft.schema, context: [],
                operationsHash: Operations.hash(operations), parts: []),
            operations: operations)
        head = (change.dot.sequence, change.hash)
        return CarriedChange(bytes: change.carried())
    }

    // MARK: - Requests

    func sessionRequest() -> [UInt8] {
        LoadBranch.http(
            "POST", SyncRoute.chain(chain, .sessions).target, "",
            SessionRequest(replica: identity.replica, share: agreementKey.share).encoded(), isCompressed: false)
    }

    func opened(_ body: [UInt8], hubKey: PublicKey) throws {
        let answer = try SessionResponse(body)
        try require(answer.hubKey == hubKey, "another hub answers")
        session = answer.session
        agreement = try answer.share.map {
            try SessionAgreement(machine: agreementKey, hub: $0, session: answer.session, of: identity.replica)
        }
        isAgreed = false
        counter = 0
    }

    /// The next push with where this branch stands, as the client sends it.
    func syncRequest() -> [UInt8] {
        guard let push = sent ?? pushes.popLast() else { preconditionFailure("nothing is left to send") }
        sent = push
        let hellos = [
            ScopeHello(scope: scope.scope, position: position, history: history, ownHead: push.head),
            ScopeHello(
                scope: common.scope, position: 0, history: HistoryHash(chain: chain, scope: common.scope),
                ownHead: nil),
        ]
        let bytes = SyncRequest(
            limits: PageLimits(), hellos: hellos.sorted { $0.scope < $1.scope }, pushes: [push.push]
        ).encoded()
        let isCompressed = bytes.count >= SyncMedia.leastCompressedBytes
        let body = isCompressed ? Zstd.compress(bytes) : bytes
        return proven("POST", .sync, body, isCompressed: isCompressed)
    }

    func eventsRequest() -> [UInt8] { proven("GET", .events, [], isCompressed: false) }

    /// As the client does it: signed until one that was signed is answered.
    private func proven(_ method: String, _ route: SyncRoute.ChainRoute, _ body: [UInt8], isCompressed: Bool) -> [UInt8]
    {
        guard let session else { preconditionFailure("no session is open") }
        counter += 1
        let target = SyncRoute.chain(chain, route).target
        let content = SignedContent(method: method, target: target, body: body)
        let proof =
            if isAgreed, let agreement {
                RequestProof(session: session, counter: counter, content: content, agreement: agreement)
            } else {
                RequestProof(
                    session: session, counter: counter, content: content, key: identity.key, agreement: agreement)
            }
        return LoadBranch.http(
            method, target, "authorization: \(proof.headerValue)\r\n", body, isCompressed: isCompressed)
    }

    private static func http(
        _ method: String, _ target: String, _ headers: String, _ body: [UInt8], isCompressed: Bool
    ) -> [UInt8] {
        var head = "\(method) \(target) HTTP/1.1\r\nhost: 127.0.0.1\r\n\(headers)"
        if method == "POST" {
            head += "content-type: \(SyncMedia.message)\r\ncontent-length: \(body.count)\r\n"
            head += "accept: \(SyncMedia.message)\r\naccept-encoding: \(SyncMedia.zstd)\r\n"
            if isCompressed { head += "content-encoding: \(SyncMedia.zstd)\r\n" }
        } else {
            head += "accept: \(SyncMedia.events)\r\n"
        }
        return Array((head + "\r\n").utf8) + body
    }

    // MARK: - Answers

    /// Takes the answer to the push that was sent last.
    ///
    /// - Throws: where the hub did not take the push, or its answer does not show it.
    func answered(_ answer: HTTPAnswer) throws {
        guard let push = sent else { preconditionFailure("nothing was sent") }
        let bytes =
            answer.isCompressed
            ? try Zstd.decompress(answer.body, limit: .decodedSyncResponseBytes) : answer.body
        let response = try SyncResponse(bytes)
        guard case .page(let page)? = response.answers.first(where: { $0.scope == scope.scope })?.outcome else {
            throw BenchError("the hub did not take a push: \(response.answers)")
        }
        sent = nil
        isAgreed = true
        acknowledged += UInt64(push.count)
        position = page.receipt.position
        history = page.receipt.history
    }
}
