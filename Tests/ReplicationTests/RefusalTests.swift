import Causality
import Changes
import Replication
import StoreContract
import Testing

/// A hub with one change of an author in its order, and pushes made by hand.
struct RefusalFixture {
    let talk: Conversation
    let scope: ScopeIntroduction
    /// Certified, with one change placed.
    var author: ContractAuthor
    /// Certified, with nothing placed.
    var second: ContractAuthor
    private(set) var carrier: Certificate

    init(carrierRights: Rights = [.read, .write]) throws {
        talk = try Conversation(0)
        scope = talk.scopes[0]
        author = ContractAuthor(11, in: scope)
        second = ContractAuthor(12, in: scope)
        for number: UInt8 in [11, 12] {
            _ = try talk.hub.certify(
                ReplicaIdentity(key: ContractAuthor.key(number)), home: scope.scope, grants: Conversation.allRights)
        }
        let writer = ReplicaIdentity(key: ContractAuthor.key(13))
        carrier = try talk.hub.certify(writer, home: scope.scope, grants: Conversation.allRights)
        let placed = author.change("placed")
        let outcome = try RefusalFixture.send(push([placed], [author.attestation()]), to: talk, carrier: carrier)
        guard outcome.placed == 1 else { throw ContractViolation(what: "the fixture's change was not placed") }
        carrier = try talk.hub.certify(
            writer, home: scope.scope, grants: [Grant(scope: nil, rights: carrierRights)])
    }

    /// One run for each change.
    func push(_ changes: [Change], _ attestations: [Attestation], parts: [[UInt8]?] = [], scope: ScopeID? = nil)
        -> ScopePush
    {
        ScopePush(
            scope: scope ?? self.scope.scope,
            runs: changes.map {
                ChangeRun(
                    feed: $0.dot.feed, first: $0.dot.sequence,
                    changes: [CarriedChange(bytes: $0.carried(), parts: parts)])
            },
            attestations: attestations)
    }

    static func send(
        _ push: ScopePush, to talk: Conversation, carrier: Certificate
    ) throws -> HubExchange<FlakyStore<MemoryStore>>.Outcome {
        let request = SyncRequest(limits: PageLimits(), hellos: [], pushes: [push])
        return try talk.hub.exchange(request.encoded(), carrier: carrier)
    }

    /// Sends a push that must be refused with `code` and change nothing.
    func expectRefusal(_ code: Refusal.Code, _ push: ScopePush, sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        let before = try talk.hubState()
        let outcome = try RefusalFixture.send(push, to: talk, carrier: carrier)
        #expect(outcome.placed == 0 && outcome.grown.isEmpty, sourceLocation: sourceLocation)
        #expect(outcome.refused[push.scope]?.code == code, "\(outcome.refused)", sourceLocation: sourceLocation)
        #expect(try talk.hubState() == before, "a refused push left something", sourceLocation: sourceLocation)
        let answer = try SyncResponse(outcome.response.encoded()).answers.first { $0.scope == push.scope }
        guard case .refused(let refusal) = answer?.outcome else {
            Issue.record("the answer does not name the refusal", sourceLocation: sourceLocation)
            return
        }
        #expect(refusal.code == code && !refusal.reason.string.isEmpty, sourceLocation: sourceLocation)
    }
}

@Suite("What the hub refuses, it refuses by name, and nothing of it remains")
struct RefusalTests {
    @Test func aCarrierWithoutTheRightToWrite() throws {
        var fixture = try RefusalFixture(carrierRights: .read)
        let change = fixture.author.change("x")
        try fixture.expectRefusal(.noGrant, fixture.push([change], [fixture.author.attestation()]))
    }

    @Test func aScopeThatIsNot() throws {
        var fixture = try RefusalFixture()
        let change = fixture.author.change("x")
        try fixture.expectRefusal(
            .unknownScope, fixture.push([change], [fixture.author.attestation()], scope: ScopeID(high: 1, low: 1)))
    }

    @Test func anAuthorThatNobodyCertified() throws {
        let fixture = try RefusalFixture()
        var stranger = ContractAuthor(14, in: fixture.scope)
        let change = stranger.change("x")
        try fixture.expectRefusal(.unknownAuthor, fixture.push([change], [stranger.attestation()]))
    }

    @Test func changesThatTheirAuthorDidNotAttest() throws {
        var fixture = try RefusalFixture()
        let early = fixture.author.attestation()
        let change = fixture.author.change("x")
        let (good, author) = (fixture.author.attestation(), fixture.author)
        try fixture.expectRefusal(.unattested, fixture.push([change], []))
        try fixture.expectRefusal(.unattested, fixture.push([change], [early]))
        let forged = Attestation(
            scope: author.scope.scope, sequence: author.sequence, hash: Hash256(1, 2, 3, 4), key: author.key)
        try fixture.expectRefusal(.unattested, fixture.push([change], [forged]))
        let elsewhere = Attestation(
            scope: ScopeID(high: 0, low: 1), sequence: author.sequence, hash: author.hash, key: author.key)
        try fixture.expectRefusal(.unattested, fixture.push([change], [elsewhere]))
        // Another's signature under the author's name.
        var bytes = ByteWriter()
        good.encode(into: &bytes)
        var damaged = bytes.bytes
        damaged[damaged.count - 1] ^= 1
        var reader = ByteReader(damaged)
        try fixture.expectRefusal(.unattested, fixture.push([change], [try Attestation(from: &reader)]))
    }

    /// A carrier must not be able to plant signatures that others would be shown, or overwrite those that are good.
    @Test func attestationsThatDidNotComeTrueAreNotKept() throws {
        var fixture = try RefusalFixture()
        let good = fixture.author.attestation()
        let placed = ContractAuthor(11, in: fixture.scope).replacing("placed")
        let forged = Attestation(
            scope: fixture.scope.scope, sequence: 1, hash: Hash256(9, 9, 9, 9), key: fixture.author.key)
        let planted = Attestation(
            scope: fixture.scope.scope, sequence: 99, hash: Hash256(9, 9, 9, 9), key: fixture.second.key)
        let outcome = try RefusalFixture.send(
            fixture.push([placed], [forged, planted]), to: fixture.talk, carrier: fixture.carrier)
        #expect(outcome.refused.isEmpty && outcome.placed == 0, "a change that the hub has is a retry")
        try fixture.talk.hub.store.read { transaction in
            let kept = transaction.attestation(of: fixture.author.replica, scope: fixture.scope.scope, covering: 1)
            #expect(kept == good)
            #expect(transaction.attestation(of: fixture.second.replica, scope: fixture.scope.scope, covering: 1) == nil)
        }
        _ = fixture.author.change("unused")
    }

    @Test func aGapInAFeed() throws {
        var fixture = try RefusalFixture()
        _ = fixture.author.change("left out")
        let change = fixture.author.change("x")
        try fixture.expectRefusal(.gap, fixture.push([change], [fixture.author.attestation()]))
    }

    @Test func aContextThatTheHubLacks() throws {
        var fixture = try RefusalFixture()
        let unseen = fixture.author.change("not sent")
        let change = fixture.second.change("x", context: [unseen.reference])
        let push = fixture.push([change], [fixture.second.attestation()])
        try fixture.expectRefusal(.missingContext, push)
        let outcome = try RefusalFixture.send(push, to: fixture.talk, carrier: fixture.carrier)
        #expect(outcome.refused[fixture.scope.scope]?.missing == [unseen.reference])
    }

    @Test func aContextWithAnotherHash() throws {
        var fixture = try RefusalFixture()
        let wrong = ChangeReference(dot: Dot(feed: fixture.author.feed, sequence: 1), hash: ShortHash(high: 1, low: 1))
        let change = fixture.second.change("x", context: [wrong])
        try fixture.expectRefusal(.missingContext, fixture.push([change], [fixture.second.attestation()]))
    }

    @Test func anEffectPushedBeforeItsCause() throws {
        var fixture = try RefusalFixture()
        let cause = fixture.author.change("cause")
        let effect = fixture.second.change("effect", context: [cause.reference])
        let attestations = [fixture.author.attestation(), fixture.second.attestation()]
        try fixture.expectRefusal(.missingContext, fixture.push([effect, cause], attestations))
        let outcome = try RefusalFixture.send(
            fixture.push([cause, effect], attestations), to: fixture.talk, carrier: fixture.carrier)
        #expect(outcome.placed == 2)
    }

    @Test func aSecondChangeAtAPlacedSequence() throws {
        let fixture = try RefusalFixture()
        let twin = ContractAuthor(11, in: fixture.scope).replacing("another")
        let attestation = Attestation(scope: fixture.scope.scope, sequence: 1, hash: twin.hash, key: fixture.author.key)
        try fixture.expectRefusal(.fork, fixture.push([twin], [attestation]))
    }

    @Test func bytesThatBreakTheFormat() throws {
        var fixture = try RefusalFixture()
        let change = fixture.author.change("x")
        let run = { (bytes: [UInt8], parts: [[UInt8]?]) in
            ScopePush(
                scope: fixture.scope.scope,
                runs: [
                    ChangeRun(feed: change.dot.feed, first: 2, changes: [CarriedChange(bytes: bytes, parts: parts)])
                ],
                attestations: [fixture.author.attestation()])
        }
        try fixture.expectRefusal(.malformed, run(Array(change.carried().dropLast()), []))
        try fixture.expectRefusal(.notStaged, run([], []))
        try fixture.expectRefusal(.malformed, run(change.carried(), [nil]))
        try fixture.expectRefusal(.unsupported, run([2] + change.carried().dropFirst(), []))
    }

    @Test func aPersonalPartThatIsNotTheOneCommittedTo() throws {
        var fixture = try RefusalFixture()
        let change = fixture.author.change("x", parts: [ContractAuthor.part(1, "Aisyah")])
        let attestation = fixture.author.attestation()
        try fixture.expectRefusal(
            .malformed, fixture.push([change], [attestation], parts: [ContractAuthor.part(1, "Somebody").encoded()]))
        try fixture.expectRefusal(.malformed, fixture.push([change], [attestation], parts: [[1, 2, 3]]))
        try fixture.expectRefusal(.malformed, fixture.push([change], [attestation], parts: []))
    }

    @Test func aShownWriteOutsideThePast() throws {
        var fixture = try RefusalFixture()
        let placed = ChangeReference(dot: Dot(feed: fixture.author.feed, sequence: 1), hash: fixture.author.hash.short)
        func operations(_ shown: ChangeReference) -> Operations {
            Operations(
                records: [ContractAuthor.origin(0)],
                operations: [
                    FieldOperation(
                        record: 0, target: FieldTarget(field: "title", kind: .register), value: .text("x"),
                        shown: [shown])
                ])
        }
        var blind = fixture.second
        let unseen = blind.change(operations(placed))
        try fixture.expectRefusal(.shownNotSeen, fixture.push([unseen], [blind.attestation()]))
        var mistaken = fixture.second
        let wrong = ChangeReference(dot: placed.dot, hash: ShortHash(high: 1, low: 1))
        let other = mistaken.change(operations(wrong), context: [placed])
        try fixture.expectRefusal(.shownNotSeen, fixture.push([other], [mistaken.attestation()]))
        let seen = fixture.second.change(operations(placed), context: [placed])
        let outcome = try RefusalFixture.send(
            fixture.push([seen], [fixture.second.attestation()]), to: fixture.talk, carrier: fixture.carrier)
        #expect(outcome.placed == 1)
    }

    @Test func aChangeThatComesTwiceInOnePush() throws {
        var fixture = try RefusalFixture()
        let change = fixture.author.change("x")
        try fixture.expectRefusal(.unsupported, fixture.push([change, change], [fixture.author.attestation()]))
    }

    @Test func aHistoryThatIsNotThisHubs() throws {
        let fixture = try RefusalFixture()
        for (position, history) in [
            (UInt64(1), HistoryHash(Hash256(1, 2, 3, 4))), (7, HistoryHash(Hash256(1, 2, 3, 4))),
        ] {
            let hello = ScopeHello(scope: fixture.scope.scope, position: position, history: history, ownHead: nil)
            let before = try fixture.talk.hubState()
            let outcome = try fixture.talk.hub.exchange(
                SyncRequest(limits: PageLimits(), hellos: [hello]).encoded(), carrier: fixture.carrier)
            guard case .refused(let refusal) = outcome.response.answers.first?.outcome else {
                Issue.record("another history was taken")
                continue
            }
            #expect(refusal.code == .otherHistory)
            #expect(try fixture.talk.hubState() == before)
        }
    }

    @Test func aHeadThatIsAnotherChangeAtTheHub() throws {
        let fixture = try RefusalFixture()
        let hello = ScopeHello(
            scope: fixture.scope.scope, position: 0,
            history: HistoryHash(chain: fixture.scope.seed, scope: fixture.scope.scope),
            ownHead: ChangeReference(dot: Dot(feed: fixture.author.feed, sequence: 1), hash: ShortHash(high: 1, low: 1))
        )
        let certificate = try fixture.talk.hub.store.read { $0.certificate(of: fixture.author.replica) }
        let outcome = try fixture.talk.hub.exchange(
            SyncRequest(limits: PageLimits(), hellos: [hello]).encoded(), carrier: try #require(certificate))
        guard case .refused(let refusal) = outcome.response.answers.first?.outcome else {
            Issue.record("a fork was greeted")
            return
        }
        #expect(refusal.code == .fork)
    }

    /// Who holds another change at a place is sent the one that the hub has, and so can name the fork.
    @Test func aForeignHeadThatIsAnotherChangeAtTheHubIsAnsweredWithTheChange() throws {
        let fixture = try RefusalFixture()
        let dot = Dot(feed: fixture.author.feed, sequence: 1)
        for (hash, isKnown) in [(fixture.author.hash.short, true), (ShortHash(high: 1, low: 1), false)] {
            let hello = ScopeHello(
                scope: fixture.scope.scope, position: 0,
                history: HistoryHash(chain: fixture.scope.seed, scope: fixture.scope.scope), ownHead: nil,
                foreignHeads: [ChangeReference(dot: dot, hash: hash)])
            let outcome = try fixture.talk.hub.exchange(
                SyncRequest(limits: PageLimits(), hellos: [hello]).encoded(), carrier: fixture.carrier)
            guard case .page(let page) = outcome.response.answers.first?.outcome,
                case .packed(let packed) = page.blocks.first,
                let item = try packed.decoded().unpacked(scope: fixture.scope.scope).items.first
            else {
                Issue.record("no page came")
                continue
            }
            if case .known = item { #expect(isKnown) } else { #expect(!isKnown) }
        }
    }

    /// One scope's failure does not hold back another, neither its changes nor its pages.
    @Test func aRefusedScopeHoldsBackNoOther() throws {
        let talk = try Conversation(2, scopes: ["branch/a", "common"])
        let (ana, ben) = (talk.replicas[0], talk.replicas[1])
        let (refused, open) = (talk.scopes.map(\.scope).min(), talk.scopes.map(\.scope).max())
        guard let refused, let open else { return }
        try ana.grant([Grant(scope: nil, rights: .read), Grant(scope: open, rights: [.read, .write])])
        // More than one request carries, in the scope that comes first and is refused.
        for round in 0..<10 { try ana.put("title", .text("\(round)"), in: refused) }
        for round in 0..<10 { try ana.put("title", .text("\(round)"), in: open) }
        for scope in [refused, open] { try ben.step("by ben", in: scope) }
        try ben.sync()
        let report = try ana.sync(limits: PushLimits(changes: 3), page: PageLimits(changes: 2))
        #expect(report.refusals.map(\.refusal.code) == [.noGrant] && report.unsent == 10 && !report.isComplete)
        #expect(try ana.unsent(open) == 0)
        #expect(try ana.steps(in: refused) == [.text("by ben")], "a refused scope still pulls")
        try ana.grant(Conversation.allRights)
        try talk.settle()
        try talk.expectAgreement()
    }
}

extension ContractAuthor {
    /// This author's first change, with that text.
    fileprivate func replacing(_ text: String) -> Change {
        var author = self
        return author.change(text)
    }
}
