import Causality
import Changes
import Testing

/// The rules that keep one value to one encoding, each broken by hand.
@Suite("A second spelling is refused")
struct CanonicalRuleTests {
    @Test func fieldsOutOfOrderOrTwice() {
        let null: [UInt8] = [0]
        expectMalformed(.value, [11, 2, 1, 0x62] + null + [1, 0x61] + null, "the fields of a value are not in order")
        expectMalformed(.value, [11, 2, 1, 0x61] + null + [1, 0x61] + null, "the fields of a value are not in order")
    }

    @Test(arguments: [12, 13, 14, 15] as [UInt8])
    func reservedValueTags(tag: UInt8) {
        expectMalformed(.value, [tag, 0], "value tag \(tag) does not exist")
    }

    @Test(arguments: ["EU", "EURO", "eur", "€"])
    func currenciesThatAreNone(currency: Text) {
        let bytes = Value.money(Money(minorUnits: 1, currency: currency)).canonicalBytes
        expectMalformed(.value, bytes, "a currency is three capital letters")
    }

    @Test func zonesOutOfRange() {
        let bytes = Value.time(Moment(milliseconds: 0, zoneMinutes: 1_081)).canonicalBytes
        #expect(Form.value.outcome(bytes) == .refused(.integer(at: 2)))
    }

    @Test func recordsListedTwiceOrNotWritten() {
        let put = Samples.operation("f", .register, .null)
        expect(Operations(records: [.here(index: 0), .here(index: 0)], operations: [put]), "a record is listed twice")
        expect(
            Operations(records: [.here(index: 0), .here(index: 1)], operations: [put]),
            "a record is listed and not written")
        expect(Operations(records: [], operations: [put]), "an operation names no record")
    }

    @Test func twoOperationsOnOneTarget() {
        let put = Samples.operation("f", .register, .null)
        expect(
            Operations(records: [.here(index: 0)], operations: [put, put]),
            "two operations of one change write the same target")
    }

    @Test func operationsAgainstTheirKind() {
        let shown = [Samples.otherReference]
        let element = "a set has an element, other kinds have none"
        expect(Samples.operation("f", .set, .null), element)
        expect(Samples.operation("f", .register, .null, element: .null), element)
        expect(Samples.operation("f", .total, .text("1")), "an amount is an integer")
        expect(Samples.operation("f", .enableWinsFlag, .integer(1)), "a flag is yes or no")
        expect(Samples.operation("f", .disableWinsFlag, .null), "a flag is yes or no")
        expect(Samples.operation("f", .log, .null, shown: shown), "a write that replaces nothing names shown writes")
        expect(
            Samples.operation("f", .total, .integer(1), shown: []), "a write that replaces nothing names shown writes")
        expect(Samples.operation("f", FieldKind(rawValue: 0), .null), "field kind 0 does not exist")
        let removal = FieldOperation(
            record: 0, target: FieldTarget(field: "f", kind: .register), action: .remove, value: .integer(1))
        expect(removal, "a removal has no value")
    }

    /// A reference into a part means another text in each change: as an element it would make them one.
    @Test(arguments: [
        Value.personal(PartReference(part: 0, item: 0)),
        .fields([("name", .personal(PartReference(part: 0, item: 0)))]),
    ])
    func personalTextAsTheKeyOfAnElement(element: Value) {
        expect(Samples.operation("f", .set, .null, element: element), "personal text is never the key of an element")
    }

    @Test func shownWritesOutOfOrder() {
        let shown = [Samples.otherReference, Samples.otherReference]
        expect(Samples.operation("f", .register, .null, shown: shown), "shown writes are not in order")
    }

    @Test func contexts() {
        let own = ChangeReference(dot: Dot(feed: Samples.dot.feed, sequence: 1), hash: Samples.shortHash)
        let later = ChangeReference(dot: Dot(feed: Samples.otherFeed, sequence: 8), hash: Samples.shortHash)
        expectMalformed(.changeCarried, carried(context: [own]), "a context names its own feed")
        expectMalformed(
            .changeCarried, carried(context: [Samples.otherReference, later]), "a context is not sorted by feed")
    }

    @Test func aVerdictThatTurnsToOk() {
        expectMalformed(.entry, Entry.verdict(dot: Samples.dot, verdict: .ok).encoded(), "no verdict turns to ok")
    }

    @Test func grantsOutOfOrder() {
        let bytes = Certificate(
            chain: Samples.chain, publicKey: Samples.key.publicKey, home: Samples.scope,
            grants: [Grant(scope: nil, rights: .read), Grant(scope: Samples.scope, rights: .write)], deviceMark: "QXV",
            from: 0, hub: Samples.hubKey
        ).encoded()
        let grants = 66..<66 + 2 + 18
        let swapped = bytes[..<grants.lowerBound] + bytes[68..<86] + bytes[66..<68] + bytes[grants.upperBound...]
        expectMalformed(.certificate, Array(swapped), "grants are not in order")
    }

    @Test func grantsForOneScopeAreOneGrant() {
        let certificate = Certificate(
            chain: Samples.chain, publicKey: Samples.key.publicKey, home: Samples.scope,
            grants: [Grant(scope: Samples.scope, rights: .read), Grant(scope: Samples.scope, rights: .write)],
            deviceMark: "QXV", from: 0, hub: Samples.hubKey)
        #expect(certificate.grants == [Grant(scope: Samples.scope, rights: [.read, .write])])
    }

    @Test(
        arguments: [
            ("feeds that the state does not name", [1, 1] + [UInt8](repeating: 7, count: 16) + [0, 0] + noSum + [0]),
            ("a slot that says nothing", [1, 0, 1, 0, 1, 0, 0, 0, 0] + noSum + [0]),
            ("a total with nothing in it", [1, 0, 1, 0, 5, 0, 0, 0, 0] + noSum + [0]),
            ("a sum in a register", [1, 0, 1, 0, 1, 0, 2, 0, 0] + noSum + [0]),
            ("a slot of a log", [1, 0, 1, 0, 6, 0, 2, 0, 0] + noSum + [0]),
            ("a set without an element", [1, 0, 1, 0, 2, 0, 2, 0, 0] + noSum + [0]),
            ("an element flag of 2", [1, 0, 1, 0, 5, 2, 2, 0, 0] + noSum + [0]),
            ("a mark flag of 2", [1, 0, 0, 0] + noSum + [2]),
            ("a sum without rows", [1, 0, 0, 0] + [UInt8](repeating: 1, count: 16) + [0]),
            ("rows without a newest one", [1, 0, 0, 1] + noSum + [0]),
            ("a kind of a newer version", [1, 0, 1, 0, 99, 0, 2, 0, 0] + noSum + [0]),
        ] as [(String, [UInt8])])
    func states(rule: String, bytes: [UInt8]) {
        guard case .refused = Form.recordState.outcome(bytes) else {
            Issue.record("\(rule) was taken")
            return
        }
    }

    private static let noSum = [UInt8](repeating: 0, count: 16)

    private func carried(context: [ChangeReference]) -> [UInt8] {
        let operations = Operations().encoded()
        let header = ChangeHeader(
            scope: Samples.scope, dot: Samples.dot, previous: Samples.hash, stamp: .zero, zoneMinutes: 0, person: "p",
            schema: "s", context: context, operationsHash: Operations.hash(operations), parts: [])
        return Change(header: header, operations: operations).carried()
    }

    private func expect(
        _ operation: FieldOperation, _ rule: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        expect(Operations(records: [.here(index: 0)], operations: [operation]), rule, sourceLocation: sourceLocation)
    }

    private func expect(
        _ operations: Operations, _ rule: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        expectMalformed(.operations, operations.encoded(), rule, sourceLocation: sourceLocation)
    }

    private func expectMalformed(
        _ form: Form, _ bytes: [UInt8], _ rule: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        if case .refused(.malformed(rule, at: _)) = form.outcome(bytes) { return }
        Issue.record("\(rule): \(form.outcome(bytes))", sourceLocation: sourceLocation)
    }
}
