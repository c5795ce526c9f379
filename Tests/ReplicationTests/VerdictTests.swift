import Causality
import Changes
import Replication
import StoreContract
import Testing

@Suite("What is void, held or not understood is kept and relayed, and the rest goes on")
struct VerdictTests {
    private static let schema = Schema(
        id: "test/1",
        recordTypes: [
            RecordType(
                name: "case", table: "test_case", fields: [FieldDefinition("title"), FieldDefinition("steps", .log)])
        ])

    private let wrongKind = FieldOperation(
        record: 0, target: FieldTarget(field: "title", kind: .set, element: .text("x")), value: .null)
    private let unknownKind = FieldOperation(
        record: 0, target: FieldTarget(field: "shape", kind: FieldKind(rawValue: 99)),
        value: .unknown(tag: 40, bytes: [1]))

    @Test func aChangeThatBreaksItsSchemaIsVoidAtOthersAndIsTakenBackAtItsAuthor() throws {
        let talk = try Conversation(schemas: [VerdictTests.schema])
        let (ana, ben) = (talk.replicas[0], talk.replicas[1])
        try ana.put("title", .text("before"), in: talk.scope)
        let void = try ana.write(
            [
                wrongKind,
                FieldOperation(
                    record: 0, target: FieldTarget(field: "title", kind: .register), value: .text("with it")),
            ], to: Conversation.record, in: talk.scope)
        #expect(try ana.latest("title", in: talk.scope) == .text("with it"))
        try ana.step("after it", in: talk.scope)
        try talk.settle()
        try talk.expectAgreement()
        #expect(try ana.latest("title", in: talk.scope) == .text("before"), "the whole change is taken back")
        #expect(try ben.steps(in: talk.scope) == [.text("after it")])
        let stub = try ben.store.read { $0.change(at: void.dot, of: talk.scope) }
        #expect(stub?.operations == nil && stub?.placement?.verdict == .void && stub?.hash == void.hash)
        // It still satisfies contexts.
        try ben.put("title", .text("later"), in: talk.scope)
        try talk.settle()
        try talk.expectAgreement()
    }

    @Test func whatReplacedAVoidChangeStandsAndWhatTheVoidChangeReplacedDoesToo() throws {
        let talk = try Conversation(2, schemas: [VerdictTests.schema])
        let ana = talk.replicas[0]
        try ana.put("title", .text("1"), in: talk.scope)
        try ana.write(
            [
                wrongKind,
                FieldOperation(record: 0, target: FieldTarget(field: "note", kind: .register), value: .text("void")),
            ],
            to: Conversation.record, in: talk.scope)
        try ana.put("note", .text("kept"), in: talk.scope)
        try talk.settle()
        try talk.expectAgreement()
        #expect(try talk.replicas[1].values("note", in: talk.scope) == [.text("kept")])
    }

    /// Who carries a change and who wrote it are checked apart.
    @Test func theChangeOfAnAuthorWithoutTheRightToWriteIsHeld() throws {
        let talk = try Conversation(3, rights: [[.read, .write], .read, [.read, .write]])
        let (ana, visitor) = (talk.replicas[0], talk.replicas[1])
        try ana.put("title", .text("before"), in: talk.scope)
        try talk.settle()
        let held = try visitor.put("title", .text("by the visitor"), in: talk.scope)
        #expect(try visitor.sync().refusals.map(\.refusal.code) == [.noGrant], "it cannot send it itself")
        try visitor.carry(talk.scope, to: ana)
        #expect(try ana.latest("title", in: talk.scope) == .text("by the visitor"))
        try ana.step("after it", in: talk.scope)
        try talk.settle()
        try talk.expectAgreement()
        for replica in talk.replicas {
            #expect(try replica.latest("title", in: talk.scope) == .text("before"))
            let change = try replica.store.read { $0.change(at: held.dot, of: talk.scope) }
            #expect(change?.placement?.verdict == .held)
        }
        #expect(try talk.replicas[2].store.read { $0.change(at: held.dot, of: talk.scope)?.operations } == nil)
        #expect(try talk.hub.store.read { $0.change(at: held.dot, of: talk.scope)?.operations } != nil)
    }

    @Test func aChangeThatThisVersionCannotFoldIsKeptNamedAndRelayed() throws {
        let talk = try Conversation()
        let (ana, ben) = (talk.replicas[0], talk.replicas[1])
        let newer = try ana.write(
            [
                unknownKind,
                FieldOperation(record: 0, target: FieldTarget(field: "title", kind: .register), value: .text("newer")),
            ],
            to: Conversation.record, in: talk.scope)
        try ana.step("goes on", in: talk.scope)
        try talk.settle()
        try talk.expectAgreement()
        for replica in talk.replicas {
            try replica.store.read { transaction in
                let named = transaction.quarantined(of: talk.scope)
                #expect(named.map(\.dot) == [newer.dot] && named.first?.reason.contains("99") == true)
                #expect(
                    transaction.change(at: newer.dot, of: talk.scope)?.operations == newer.operations, "byte for byte")
            }
            #expect(try replica.steps(in: talk.scope) == [.text("goes on")])
            #expect(try replica.values("title", in: talk.scope).isEmpty, "no part of it is folded")
        }
        try ben.put("title", .text("after it"), in: talk.scope)
        try talk.settle()
        try talk.expectAgreement()
    }

    /// Found in review: a record that was folded again took in the known operations of a quarantined change, and so
    /// differed from the replicas that had no reason to fold it again.
    @Test func foldingARecordAgainTakesInNoPartOfAQuarantinedChange() throws {
        let talk = try Conversation(2, schemas: [VerdictTests.schema])
        let ana = talk.replicas[0]
        let other = RecordOrigin.external(source: "test", id: "case 2")
        try ana.write(
            ChangeDraft(
                person: "p", zoneMinutes: 0, schema: "test/1",
                operations: Operations(
                    records: [Conversation.record, other],
                    operations: [
                        FieldOperation(
                            record: 0, target: FieldTarget(field: "title", kind: .register), value: .text("part")),
                        FieldOperation(
                            record: 1, target: FieldTarget(field: "shape", kind: FieldKind(rawValue: 99)), value: .null),
                    ])),
            in: talk.scope)
        // Void at the hub: its author folds the record again, the other never does.
        try ana.write([wrongKind], to: Conversation.record, in: talk.scope)
        try ana.step("x", in: talk.scope)
        try talk.settle()
        try talk.expectAgreement()
        #expect(try ana.values("title", in: talk.scope).isEmpty)
    }

    /// `Operations.foldError` decides before anything is folded, so it must say what `RecordState.apply` would.
    @Test func whatCannotBeFoldedIsToldFromTheBytesAlone() throws {
        for kind in 1...255 as ClosedRange<UInt8> {
            for action in [0, 1, 2, 255] as [UInt8] {
                let kind = FieldKind(rawValue: kind)
                let isRemoval = action == 1
                let value: Value =
                    switch kind {
                    case _ where isRemoval: .null
                    case .total: .integer(1)
                    case .enableWinsFlag, .disableWinsFlag: .boolean(true)
                    default: .text("x")
                    }
                let operation = FieldOperation(
                    record: 0, target: FieldTarget(field: "f", kind: kind, element: kind == .set ? .integer(1) : nil),
                    action: FieldAction(rawValue: action), value: value)
                let operations = Operations(records: [ContractAuthor.origin(0)], operations: [operation])
                #expect(try Operations(operations.encoded()) == operations)
                let dot = Dot(feed: FeedID(high: 0, low: 1), sequence: 1)
                var state = RecordState()
                let result = Result {
                    try state.apply(operation, dot: dot, effective: .zero, past: Past(of: dot, others: VersionVector()))
                    { nil }
                }
                var thrown: FoldError?
                if case .failure(let error) = result { thrown = error as? FoldError }
                #expect(operations.foldError == thrown)
            }
        }
    }

    /// A relay may lack a part; the author's own copy fills it in at the hub (A12).
    @Test func aPartThatTheFirstCarrierLackedIsTakenFromTheNext() throws {
        let fixture = try RefusalFixture()
        var author = fixture.author
        let part = ContractAuthor.part(1, "Aisyah")
        let change = author.change("x", parts: [part])
        for parts in [[nil], [part.encoded()], [nil]] as [[[UInt8]?]] {
            let outcome = try RefusalFixture.send(
                fixture.push([change], [author.attestation()], parts: parts), to: fixture.talk, carrier: fixture.carrier
            )
            #expect(outcome.refused.isEmpty)
        }
        let kept = try fixture.talk.hub.store.read { $0.parts(of: change.dot, scope: fixture.scope.scope) }
        #expect(kept == [part.encoded()])
    }

    /// What an older version could not fold is folded by one that can, with all that came after it.
    @Test func whatAnOlderVersionQuarantinedIsFoldedAfterAnUpgrade() throws {
        let talk = try Conversation(1)
        let ana = talk.replicas[0]
        var author = ContractAuthor(77, in: talk.scopes[0])
        let change = author.change(
            Operations(
                records: [Conversation.record],
                operations: [
                    FieldOperation(
                        record: 0, target: FieldTarget(field: "title", kind: .register), value: .text("kept"))
                ]))
        try ana.store.write { transaction in
            // As the older version left it: stored, named, not folded.
            _ = transaction.append(change, records: try change.recordIDs(), parts: [], placement: nil)
            transaction.put(author.state, of: talk.scope)
            transaction.quarantine(change.dot, of: talk.scope, reason: "this version does not know it")
        }
        let folded = try ana.store.write { try RecordFolder($0).retryQuarantined(of: talk.scope) }
        #expect(folded == 1)
        #expect(try ana.latest("title", in: talk.scope) == .text("kept"))
        #expect(try ana.store.read { $0.quarantined(of: talk.scope).isEmpty })
    }
}
