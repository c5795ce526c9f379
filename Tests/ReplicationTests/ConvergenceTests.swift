import Causality
import Changes
import Replication
import StoreContract
import Testing

@Suite("Edits made apart come together")
struct ConvergenceTests {
    /// The 90 orders in which three replicas synchronise twice each.
    private static let orders = Set(permutations(of: [0, 0, 1, 1, 2, 2])).sorted { $0.lexicographicallyPrecedes($1) }

    /// Two replicas of a branch and headquarters edit one record offline, then synchronise in every order.
    @Test(arguments: orders)
    func everyOrderOfSynchronisingEndsEqual(_ order: [Int]) throws {
        let talk = try Conversation()
        try talk.replicas[0].put("title", .text("first"), in: talk.scope)
        for _ in 0..<2 { for replica in talk.replicas { try replica.sync() } }
        for (index, replica) in talk.replicas.enumerated() {
            talk.hub.now += 1_000
            try replica.put("title", .text("by \(replica.name)"), in: talk.scope)
            try replica.put("severity", .integer(Int64(index)), in: talk.scope)
            try replica.step("step by \(replica.name)", in: talk.scope)
        }
        for turn in order { try talk.replicas[turn].sync() }
        try talk.settle()
        try talk.expectAgreement()
        let titles = try talk.replicas[0].values("title", in: talk.scope)
        #expect(Set(titles) == [.text("by ana"), .text("by ben"), .text("by hq")], "`ask` shows all of them")
        #expect(
            try talk.replicas[1].latest("title", in: talk.scope) == .text("by hq"), "`latest` shows the last one made")
        #expect(try talk.replicas[2].steps(in: talk.scope).count == 3)
    }

    @Test func resolvingSettlesItEverywhere() throws {
        let talk = try Conversation()
        for replica in talk.replicas { try replica.put("category", .text(replica.name), in: talk.scope) }
        try talk.settle()
        #expect(try talk.replicas[1].values("category", in: talk.scope).count == 3)
        try talk.replicas[1].put("category", .text("chosen"), in: talk.scope)
        try talk.settle()
        try talk.expectAgreement()
        for replica in talk.replicas {
            #expect(try replica.values("category", in: talk.scope) == [.text("chosen")])
        }
    }

    @Test func resolvingAtTwoPlacesIsAskedAgain() throws {
        let talk = try Conversation()
        for replica in talk.replicas { try replica.put("category", .text(replica.name), in: talk.scope) }
        try talk.settle()
        try talk.replicas[0].put("category", .text("soup"), in: talk.scope)
        try talk.replicas[1].put("category", .text("fish"), in: talk.scope)
        try talk.settle()
        try talk.expectAgreement()
        #expect(Set(try talk.replicas[2].values("category", in: talk.scope)) == [.text("soup"), .text("fish")])
    }

    @Test func aWriteThatWasShownAnOlderVersionReplacesOnlyThat() throws {
        let talk = try Conversation()
        let (ana, ben) = (talk.replicas[0], talk.replicas[1])
        let old = try ana.put("title", .text("old"), in: talk.scope)
        try talk.settle()
        // The page was open while another's write arrived: ana's replica has it, ana has not seen it.
        try ben.put("title", .text("by ben"), in: talk.scope)
        try talk.settle()
        try ana.put("title", .text("by ana"), shown: [old.reference], in: talk.scope)
        try talk.settle()
        try talk.expectAgreement()
        #expect(Set(try ben.values("title", in: talk.scope)) == [.text("by ben"), .text("by ana")])
    }

    @Test func addWinsOverAConcurrentRemoval() throws {
        let talk = try Conversation(2)
        let target = FieldTarget(field: "tags", kind: .set, element: .text("vip"))
        let add = FieldOperation(record: 0, target: target, value: .null)
        let remove = FieldOperation(record: 0, target: target, action: .remove, value: .null)
        try talk.replicas[0].write([add], to: Conversation.record, in: talk.scope)
        try talk.settle()
        try talk.replicas[0].write([remove], to: Conversation.record, in: talk.scope)
        try talk.replicas[1].write([add], to: Conversation.record, in: talk.scope)
        try talk.settle()
        try talk.expectAgreement()
        #expect(try talk.replicas[0].state(Conversation.record, in: talk.scope).elements("tags") == [.text("vip")])
    }

    @Test func whatTouchesSeveralRecordsArrivesWhole() throws {
        let talk = try Conversation(2)
        let origins = (0..<20).map { RecordOrigin.external(source: "test", id: Text("\($0)")) }
        for round in 0..<3 {
            let operations = origins.indices.map {
                FieldOperation(
                    record: $0, target: FieldTarget(field: "round", kind: .register), value: .integer(Int64(round)))
            }
            try talk.replicas[0].write(
                ChangeDraft(
                    person: "p", zoneMinutes: 0, schema: "test/1",
                    operations: Operations(records: origins, operations: operations)),
                in: talk.scope)
        }
        try talk.replicas[0].sync()
        // One entry a page: after each, all records are in the same round.
        for _ in 0..<3 {
            try talk.replicas[1].sync(page: PageLimits(changes: 1)) { bytes, deliver in
                let answer = try deliver(bytes)
                let rounds = Set(
                    try origins.map { try talk.replicas[1].state($0, in: talk.scope).winner("round", .latest)?.value })
                #expect(rounds.count == 1)
                return answer
            }
        }
        try talk.expectAgreement()
    }

    @Test func personalPartsTravelAndEqualStatesAreEqualWhereTheyAreMissing() throws {
        let talk = try Conversation()
        let subject = SubjectID(high: 1, low: 1)
        let change = try talk.replicas[0].write(
            ChangeDraft(
                person: "p", zoneMinutes: 0, schema: "test/1",
                operations: Operations(
                    records: [Conversation.record],
                    operations: [
                        FieldOperation(
                            record: 0, target: FieldTarget(field: "customer", kind: .register),
                            value: .personal(PartReference(part: 0, item: 0)))
                    ]),
                parts: [ChangeDraft.Part(subject: subject, items: [.text("Nur Aisyah")])]),
            in: talk.scope)
        try talk.settle()
        try talk.expectAgreement()
        for replica in talk.replicas {
            let parts = try replica.store.read { $0.parts(of: change.dot, scope: talk.scope) }
            #expect(try parts.map { try PersonalPart($0 ?? []).items } == [[.text("Nur Aisyah")]])
        }
    }
}
