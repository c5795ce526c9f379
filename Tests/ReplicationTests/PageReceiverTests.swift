import Causality
import Changes
import Replication
import StoreContract
import Testing

/// A replica with one change placed, and pages made by hand, as a hub would that is wrong, restored or not a hub.
private struct ForgedHub {
    let talk: Conversation
    let replica: Conversation.Replica
    var author: ContractAuthor
    var second: ContractAuthor
    let placed: Change
    private let state: ScopeState

    init() throws {
        talk = try Conversation(1)
        replica = talk.replicas[0]
        author = ContractAuthor(11, in: talk.scopes[0])
        second = ContractAuthor(12, in: talk.scopes[0])
        placed = author.change("placed")
        var state = ScopeState(talk.scopes[0])
        let first = ForgedHub.page([ForgedHub.full(placed)], of: [placed], after: &state, key: talk.hub.key)
        self.state = state
        try apply(first)
    }

    static func full(_ change: Change) -> PagedEntry {
        .full(
            dot: change.dot, received: 5_000, verdict: .ok,
            start: change.dot.sequence == 1 ? change.header.previous : nil,
            change: CarriedChange(bytes: change.carried(), parts: change.header.parts.map { _ in nil }))
    }

    /// Entries with a receipt for the order in which `changes` are placed, whatever the entries say.
    static func page(
        _ entries: [PagedEntry], of changes: [Change], and others: [Entry] = [], after state: inout ScopeState,
        key: SigningKey
    ) -> Page {
        let placed = changes.map {
            Entry.change(reference: EntryReference(dot: $0.dot, hash: $0.hash), received: 5_000, verdict: .ok)
        }
        for entry in placed + others {
            state.history = state.history.appending(entry.encoded())
            state.position += 1
        }
        let receipt = Receipt(
            incarnation: ShortHash(high: 1, low: 1), scope: state.id, position: state.position, history: state.history,
            hubTime: 5_000, key: key)
        return Page(receipt: receipt, entries: entries, hasMore: false)
    }

    func page(
        _ entries: [PagedEntry], of changes: [Change], and others: [Entry] = [], after positions: UInt64 = 0,
        signedBy key: SigningKey? = nil
    ) -> Page {
        var state = state
        state.position += positions
        return ForgedHub.page(entries, of: changes, and: others, after: &state, key: key ?? talk.hub.key)
    }

    @discardableResult
    func apply(_ page: Page, to scope: ScopeID? = nil) throws -> PageOutcome {
        try replica.store.write {
            try PageReceiver($0, hubKey: talk.hub.key.publicKey, own: replica.identity.feed).apply(
                page, of: scope ?? talk.scope)
        }
    }

    /// Applies a page that must be refused and change nothing.
    func refusal(of page: Page, to scope: ScopeID? = nil) throws -> PageError? {
        let before = try replica.store.read { try HubStoreContract<MemoryStore>.everything($0) }
        var refusal: PageError?
        do {
            try apply(page, to: scope)
        } catch let error as PageError {
            refusal = error
        }
        let after = try replica.store.read { try HubStoreContract<MemoryStore>.everything($0) }
        #expect(before == after, "a page that was refused left something")
        return refusal
    }
}

@Suite("A page is taken only as the hub's receipt and the history vouch for it")
struct PageReceiverTests {
    @Test func aPageThatAddsUpIsTaken() throws {
        var hub = try ForgedHub()
        let (next, other) = (hub.author.change("next"), hub.second.change("other", context: [hub.placed.reference]))
        let outcome = try hub.apply(hub.page([ForgedHub.full(next), ForgedHub.full(other)], of: [next, other]))
        #expect(outcome.entries == 2 && outcome.received == 2)
    }

    @Test func aReceiptOfAnotherKeyIsRefused() throws {
        var hub = try ForgedHub()
        let next = hub.author.change("next")
        let page = hub.page([ForgedHub.full(next)], of: [next], signedBy: ContractAuthor.key(3))
        #expect(try hub.refusal(of: page) == .receipt("its signature is not the hub's"))
    }

    @Test func aReceiptForAnotherScopeIsRefused() throws {
        var hub = try ForgedHub()
        let other = try hub.talk.hub.addScope("common")
        try hub.replica.sync()
        let next = hub.author.change("next")
        let page = hub.page([ForgedHub.full(next)], of: [next])
        #expect(try hub.refusal(of: page, to: other.scope) == .receipt("it is for another scope"))
        let nowhere = ScopeID(high: 1, low: 1)
        #expect(try hub.refusal(of: page, to: nowhere) == .unknownScope(nowhere))
    }

    @Test func entriesThatDoNotAddUpAreRefused() throws {
        var hub = try ForgedHub()
        let (next, after) = (hub.author.change("next"), hub.author.change("after"))
        let history = PageError.history(scope: hub.talk.scope, position: 2)
        // Another received time, a missing entry, an entry too many, a page that begins too late.
        let late = PagedEntry.full(
            dot: next.dot, received: 5_001, verdict: .ok, start: nil, change: CarriedChange(bytes: next.carried()))
        #expect(try hub.refusal(of: hub.page([late], of: [next])) == history)
        #expect(
            try hub.refusal(of: hub.page([], of: [next])) == .gap(scope: hub.talk.scope, after: 2, position: 1))
        #expect(try hub.refusal(of: hub.page([ForgedHub.full(next), ForgedHub.full(after)], of: [next])) != nil)
        let gap = hub.page([ForgedHub.full(next)], of: [next], after: 3)
        #expect(try hub.refusal(of: gap) == .gap(scope: hub.talk.scope, after: 4, position: 1))
    }

    @Test func aChangeThatIsSaidToBeHeldAndIsNotIsNamed() throws {
        var hub = try ForgedHub()
        let next = hub.author.change("next")
        let page = hub.page([.known(dot: next.dot, received: 5_000, verdict: .ok)], of: [next])
        #expect(try hub.refusal(of: page) == .missingChange(next.dot))
    }

    @Test func aSecondEntryForAChangeIsRefused() throws {
        let hub = try ForgedHub()
        let page = hub.page([.known(dot: hub.placed.dot, received: 5_000, verdict: .ok)], of: [hub.placed])
        #expect(try hub.refusal(of: page) == .change(hub.placed.dot, "it has a second entry in the order"))
    }

    @Test func aGapInAFeedIsRefused() throws {
        var hub = try ForgedHub()
        _ = hub.author.change("left out")
        let next = hub.author.change("next")
        guard case .change(next.dot, _)? = try hub.refusal(of: hub.page([ForgedHub.full(next)], of: [next])) else {
            Issue.record("a gap was taken")
            return
        }
    }

    @Test(arguments: [false, true]) func anEffectBeforeItsCauseIsRefused(_ isStub: Bool) throws {
        var hub = try ForgedHub()
        let cause = hub.author.change("cause")
        let effect = hub.second.change("effect", context: [cause.reference])
        let entry =
            isStub
            ? PagedEntry.stub(received: 5_000, verdict: .ok, header: Samples.header(effect)) : ForgedHub.full(effect)
        let page = hub.page([entry, ForgedHub.full(cause)], of: [effect, cause])
        guard case .change(effect.dot, _)? = try hub.refusal(of: page) else {
            Issue.record("an effect was seen before its cause")
            return
        }
    }

    @Test(arguments: [false, true]) func anotherChangeAtAHeldPlaceIsAFork(_ isStub: Bool) throws {
        let hub = try ForgedHub()
        var twin = ContractAuthor(11, in: hub.talk.scopes[0])
        let other = twin.change("beside it")
        let entry =
            isStub
            ? PagedEntry.stub(received: 5_000, verdict: .void, header: Samples.header(other)) : ForgedHub.full(other)
        #expect(try hub.refusal(of: hub.page([entry], of: [other])) == .fork(other.dot))
    }

    @Test func entriesOfOtherKindsAreHeldToTheirRules() throws {
        var hub = try ForgedHub()
        let next = hub.author.change("next")
        let bare = Entry.change(
            reference: EntryReference(dot: next.dot, hash: next.hash), received: 5_000, verdict: .ok)
        let verdict = Entry.verdict(dot: next.dot, verdict: .void)
        let lost = Entry.lost(reference: EntryReference(dot: next.dot, hash: next.hash))
        #expect(try hub.refusal(of: hub.page([.other(bare)], of: [], and: [bare])) != nil)
        #expect(try hub.refusal(of: hub.page([.other(verdict)], of: [], and: [verdict])) == .missingChange(next.dot))
        #expect(
            try hub.refusal(of: hub.page([.other(lost)], of: [], and: [lost]))
                == .unsupported("changes that the hub declares lost"))
        let clock = Entry.clock(77)
        #expect(try hub.apply(hub.page([.other(clock)], of: [], and: [clock])).entries == 1)
    }

    @Test func aLaterVerdictTakesTheChangeBack() throws {
        let hub = try ForgedHub()
        let origin = ContractAuthor.origin(0)
        #expect(try !hub.replica.state(origin, in: hub.talk.scope).isEmpty)
        let verdict = Entry.verdict(dot: hub.placed.dot, verdict: .void)
        #expect(try hub.apply(hub.page([.other(verdict)], of: [], and: [verdict])).entries == 1)
        #expect(try hub.replica.state(origin, in: hub.talk.scope).isEmpty)
        #expect(try hub.replica.fingerprint(hub.talk.scope) == Fingerprint())
    }
}
