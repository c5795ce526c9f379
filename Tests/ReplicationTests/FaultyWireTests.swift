import Causality
import Changes
import Replication
import StoreContract
import Testing

@Suite("A wire that loses and repeats changes nothing for good")
struct FaultyWireTests {
    @Test func anAnswerLostAfterTheHubCommittedIsMadeUpFor() throws {
        let talk = try Conversation(2)
        let (ana, ben) = (talk.replicas[0], talk.replicas[1])
        try ana.put("title", .text("a"), in: talk.scope)
        let report = try ana.sync { bytes, deliver in
            _ = try deliver(bytes)
            throw WireError("lost")
        }
        #expect(report.failure != nil)
        #expect(try ana.unsent(talk.scope) == 1, "placed is what has its entry applied, whatever the hub did")
        try ana.step("goes on writing", in: talk.scope)
        try ben.put("title", .text("b"), in: talk.scope)
        try talk.settle()
        try talk.expectAgreement()
        #expect(try talk.hub.store.read { $0.entries(of: talk.scope, after: 0, limit: 10) }.count == 3)
    }

    @Test(arguments: 2...5)
    func everyRequestSentSeveralTimesCountsOnce(_ times: Int) throws {
        let talk = try Conversation()
        let repeating: Wire = { bytes, deliver in
            var answer: [UInt8] = []
            for _ in 0..<times { answer = try deliver(bytes) }
            return answer
        }
        let amount = FieldOperation(record: 0, target: FieldTarget(field: "refunds", kind: .total), value: .integer(10))
        for _ in 0..<3 {
            for replica in talk.replicas {
                try replica.write([amount], to: Conversation.record, in: talk.scope)
                try replica.sync(limits: PushLimits(changes: 1), page: PageLimits(changes: 2), over: repeating)
            }
        }
        for replica in talk.replicas { try replica.sync(over: repeating) }
        try talk.expectAgreement()
        let slot = try talk.replicas[2].state(Conversation.record, in: talk.scope).slots.first
        #expect(slot?.total == 90)
    }

    @Test func oldRequestsArrivingAfterNewerOnesDoNothing() throws {
        let talk = try Conversation(2)
        let ana = talk.replicas[0]
        var sent: [[UInt8]] = []
        for round in 0..<4 {
            try ana.put("title", .text("\(round)"), in: talk.scope)
            try ana.sync { bytes, deliver in
                sent.append(bytes)
                return try deliver(bytes)
            }
        }
        let before = try talk.hubState()
        for bytes in sent + sent.reversed() { _ = try talk.hub.answer(bytes, carrier: ana.certificate) }
        #expect(try talk.hubState() == before)
        try talk.settle()
        try talk.expectAgreement()
    }

    /// The first of two copies arrives only after the second, which held more.
    @Test func aRequestOvertakenByALongerOneIsARetry() throws {
        let talk = try Conversation(2)
        let ana = talk.replicas[0]
        try ana.put("title", .text("1"), in: talk.scope)
        var late: [UInt8] = []
        try ana.sync { bytes, _ in
            late = bytes
            throw WireError("delayed")
        }
        try ana.put("title", .text("2"), in: talk.scope)
        try ana.sync()
        let outcome = try talk.hub.exchange(late, carrier: ana.certificate)
        #expect(outcome.placed == 0 && outcome.refused.isEmpty)
        try talk.settle()
        try talk.expectAgreement()
    }

    /// An answer that is applied twice, or after a later one, is recognised by the position of its receipt.
    @Test func anAnswerAppliedAgainDoesNothing() throws {
        let talk = try Conversation(2)
        let (ana, ben) = (talk.replicas[0], talk.replicas[1])
        for round in 0..<5 { try ana.put("title", .text("\(round)"), in: talk.scope) }
        try ana.sync()
        var answers: [[UInt8]] = []
        try ben.sync(page: PageLimits(changes: 2)) { bytes, deliver in
            answers.append(try deliver(bytes))
            return answers[answers.count - 1]
        }
        #expect(answers.count == 3)
        let before = try ben.store.read { try HubStoreContract<MemoryStore>.everything($0) }
        let applier = AnswerApplier(ben.store, hubKey: talk.hub.key.publicKey, own: ben.identity.feed)
        for answer in answers + answers.reversed() {
            let outcome = try applier.apply(try SyncResponse(answer), now: 0)
            #expect(outcome.entries == 0 && outcome.refusals.isEmpty)
        }
        #expect(try ben.store.read { try HubStoreContract<MemoryStore>.everything($0) } == before)
    }

    @Test func anAnswerThatOverlapsBringsTheRest() throws {
        let talk = try Conversation(3)
        let (ana, ben) = (talk.replicas[0], talk.replicas[1])
        for round in 0..<4 { try ana.put("title", .text("\(round)"), in: talk.scope) }
        try ana.sync()
        var long: [UInt8] = []
        try ben.sync { bytes, deliver in
            long = try deliver(bytes)
            throw WireError("delayed")
        }
        try ben.sync(page: PageLimits(changes: 3)) { bytes, deliver in
            if try ben.scopeState(talk.scope)?.position == 3 { throw WireError("cut") }
            return try deliver(bytes)
        }
        let outcome = try AnswerApplier(ben.store, hubKey: talk.hub.key.publicKey, own: ben.identity.feed).apply(
            try SyncResponse(long), now: 0)
        #expect(outcome.entries == 1 && outcome.refusals.isEmpty)
        try talk.settle()
        try talk.expectAgreement()
    }

    @Test(arguments: 0..<6)
    func aStoreThatFailsInTheMiddleLosesNothing(_ failing: Int) throws {
        let talk = try Conversation(2, scopes: ["branch/a", "common"])
        let (ana, ben) = (talk.replicas[0], talk.replicas[1])
        for scope in talk.scopes {
            for round in 0..<4 { try ana.put("title", .text("\(round)"), in: scope.scope) }
            try ben.step("by ben", in: scope.scope)
        }
        try ben.sync()
        ana.store.writesUntilFailure = failing
        try ana.sync(limits: PushLimits(changes: 3), page: PageLimits(changes: 2))
        ana.store.writesUntilFailure = nil
        talk.hub.store.writesUntilFailure = failing % 3
        try ana.sync(limits: PushLimits(changes: 3))
        talk.hub.store.writesUntilFailure = nil
        try talk.settle()
        try talk.expectAgreement()
    }
}
