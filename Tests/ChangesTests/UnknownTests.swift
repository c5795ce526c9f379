import Causality
import Changes
import Testing

/// What a newer version writes passes through this one unharmed (D13).
@Suite("What is not known survives")
struct UnknownTests {
    @Test(arguments: [16, 17, 127, 128, 1 << 40, UInt64.max])
    func aValueOfAnUnknownTag(tag: UInt64) throws {
        let value = Value.fields([("new", .unknown(tag: tag, bytes: [0, 1, 0xff])), ("old", .integer(1))])
        let read = try whole(value.canonicalBytes, Value.init(from:))
        #expect(read == value)
        #expect(read.canonicalBytes == value.canonicalBytes)
    }

    @Test func anOperationOfAnUnknownKindAndAction() throws {
        let bytes = Samples.newer.encoded()
        #expect(try Operations(bytes) == Samples.newer)
        #expect(try Operations(bytes).encoded() == bytes)
    }

    @Test func aChangeThatHoldsOne() throws {
        let operations = Samples.newer.encoded()
        let header = ChangeHeader(
            scope: Samples.scope, dot: Samples.dot, previous: Samples.hash, stamp: Samples.stamp, zoneMinutes: 0,
            person: "p-1", schema: "hotel/7", context: [], operationsHash: Operations.hash(operations), parts: [])
        let change = Change(header: header, operations: operations)
        let read = try Change(
            carried: change.carried(), scope: Samples.scope, dot: Samples.dot, previous: Samples.hash)
        #expect(read == change)
        #expect(read.hash == change.hash)
        #expect(read.carried() == change.carried())
    }

    /// An unknown action may give a kind's value and `shown` a meaning that this version cannot judge.
    @Test(arguments: [FieldKind.register, .set, .enableWinsFlag, .disableWinsFlag, .total, .log, .escrow])
    func anUnknownActionOfAKnownKind(kind: FieldKind) throws {
        let operation = FieldOperation(
            record: 0, target: FieldTarget(field: "f", kind: kind, element: kind == .set ? .text("e") : nil),
            action: FieldAction(rawValue: 2), value: .text("of another shape"), shown: [Samples.otherReference])
        let operations = Operations(records: [.here(index: 0)], operations: [operation])
        #expect(try Operations(operations.encoded()) == operations)
        expectUnfoldable(operation, .unknownAction(FieldAction(rawValue: 2)))
    }

    @Test func theFoldOfAnUnknownKindIsRefusedAndChangesNothing() {
        expectUnfoldable(Samples.newer.operations[0], .unknownKind(FieldKind(rawValue: 99)))
    }

    @Test(arguments: [FieldKind.total, .log, .escrow])
    func aRemovalFromWhatOnlyGrowsIsRefusedAndChangesNothing(kind: FieldKind) {
        let removal = FieldOperation(
            record: 0, target: FieldTarget(field: "f", kind: kind), action: .remove, value: .null)
        expectUnfoldable(removal, .unknownAction(.remove))
    }

    /// Types and fields belong to the schema; the fold does not know them and needs not.
    @Test func unknownTypesAndFieldsAreFolded() throws {
        var history = History()
        history.append(
            feed: Samples.otherFeed, past: [],
            [
                Samples.operation(Schema.typeField, .register, .text("spaceship")),
                Samples.operation("thrust", .register, .unknown(tag: 16, bytes: [1])),
            ])
        let state = Replay.whole(history).state
        #expect(state.winner("thrust", .latest)?.value == .unknown(tag: 16, bytes: [1]))
        #expect(try RecordState(state.encoded()) == state)
    }

    private func expectUnfoldable(
        _ operation: FieldOperation, _ error: FoldError, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var state = Samples.state
        #expect(throws: error, sourceLocation: sourceLocation) {
            try state.apply(
                operation, dot: Samples.dot, effective: .zero,
                past: Past(of: Samples.dot, others: VersionVector([Samples.otherReference.dot]))
            ) { nil }
        }
        #expect(state == Samples.state, sourceLocation: sourceLocation)
        #expect(state.encoded() == Samples.state.encoded(), sourceLocation: sourceLocation)
    }
}
