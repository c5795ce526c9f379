import Causality
import Changes
import Replication
import StoreContract
import Testing

/// A change that is larger than a message travels in pieces and is seen whole or not at all.
@Suite("Large changes")
struct LargeChangeTests {
    private static let push = PushLimits(changes: 100, bytes: 1_000)
    private static let page = PageLimits(changes: 100, bytes: 900)

    /// One change that writes 40 records, some 10,000 bytes.
    private static func draft() -> ChangeDraft {
        let records = (0..<40).map { RecordOrigin.external(source: "test", id: Text("large \($0)")) }
        let operations = records.indices.map { index in
            FieldOperation(
                record: index, target: FieldTarget(field: "title", kind: .register),
                value: .text(String(repeating: "\(index % 10)", count: 200)))
        }
        return ChangeDraft(
            person: "p-large", zoneMinutes: 0, schema: "test/1",
            operations: Operations(records: records, operations: operations))
    }

    private static func seen(_ replica: Conversation.Replica, in scope: ScopeID) throws -> Int {
        try replica.store.read { $0.records(of: scope, after: nil, limit: 100).count }
    }

    @Test func spansManyMessagesBothWaysAndArrivesWhole() throws {
        let talk = try Conversation(2)
        let (ana, ben) = (talk.replicas[0], talk.replicas[1])
        try ana.write(LargeChangeTests.draft(), in: talk.scope)
        let sent = try ana.sync(limits: LargeChangeTests.push, page: LargeChangeTests.page)
        #expect(sent.isComplete && sent.sent == 1)
        #expect(sent.roundTrips > 10, "\(sent.roundTrips) messages of at most 1,000 bytes")
        let received = try ben.sync(limits: LargeChangeTests.push, page: LargeChangeTests.page)
        #expect(received.isComplete && received.received == 1 && received.roundTrips > 10)
        #expect(try LargeChangeTests.seen(ben, in: talk.scope) == 40)
        try talk.expectAgreement()
        for replica in talk.replicas {
            #expect(try replica.store.read { $0.staged(of: talk.scope) } == [], "nothing stays staged")
        }
        #expect(try talk.hub.store.read { $0.staged(of: talk.scope) } == [])
    }

    /// The wire breaks after every exchange, before or after the hub has answered; each synchronisation goes on from
    /// what was staged.
    @Test(arguments: [false, true]) func goesOnFromThePieceAtWhichItWasCut(_ isAnswerLost: Bool) throws {
        let talk = try Conversation(2)
        let (ana, ben) = (talk.replicas[0], talk.replicas[1])
        try ana.write(LargeChangeTests.draft(), in: talk.scope)
        for replica in [ana, ben] {
            var rounds = 0
            while true {
                rounds += 1
                try #require(rounds < 200, "\(replica.name) does not get through")
                var exchanges = 0
                let report = try replica.sync(limits: LargeChangeTests.push, page: LargeChangeTests.page) {
                    request, deliver in
                    exchanges += 1
                    if exchanges > 3, !isAnswerLost { throw WireError("cut before the hub") }
                    let answer = try deliver(request)
                    if exchanges > 3 { throw WireError("cut after the hub") }
                    return answer
                }
                let seen = try LargeChangeTests.seen(ben, in: talk.scope)
                #expect(seen == 0 || seen == 40, "\(seen) of 40 records of one change are seen")
                if report.isComplete { break }
            }
            #expect(rounds > 2, "the cut came before the end")
        }
        #expect(try LargeChangeTests.seen(ben, in: talk.scope) == 40)
        try talk.expectAgreement()
    }

    @Test func smallChangesBeforeAndAfterKeepTheirOrder() throws {
        let talk = try Conversation(2)
        let (ana, ben) = (talk.replicas[0], talk.replicas[1])
        try ana.put("title", .text("before"), in: talk.scope)
        try ana.write(LargeChangeTests.draft(), in: talk.scope)
        try ana.put("title", .text("after"), in: talk.scope)
        try ben.put("category", .text("beside"), in: talk.scope)
        for _ in 0..<3 {
            for replica in talk.replicas {
                try replica.sync(limits: LargeChangeTests.push, page: LargeChangeTests.page)
            }
        }
        try talk.expectAgreement()
        #expect(try ben.latest("title", in: talk.scope) == .text("after"))
        #expect(try ana.latest("category", in: talk.scope) == .text("beside"))
    }

    @Test func aChangeThatIsSaidToBeStagedAndIsNotIsRefused() throws {
        let talk = try Conversation(1)
        let ana = talk.replicas[0]
        let change = try ana.put("title", .text("real"), in: talk.scope)
        let before = try talk.hubState()
        let push = ScopePush(
            scope: talk.scope, runs: [ChangeRun(feed: change.dot.feed, first: 1, changes: [.staged])],
            attestations: [
                Attestation(scope: talk.scope, sequence: 1, hash: change.hash, key: ana.identity.key)
            ])
        #expect(throws: Refusal(.notStaged, "the change \(change.dot) is not staged whole")) {
            try talk.hub.store.write {
                _ = try HubAcceptance($0, schemas: [], now: Conversation.start).accept(push, carrier: ana.certificate)
            }
        }
        #expect(try talk.hubState() == before)
    }
}
