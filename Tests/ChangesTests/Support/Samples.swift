import Causality
import Changes

/// The hand-made values behind the golden bytes: one chain, one scope, two replicas, a hub.
enum Samples {
    static let key = signingKey(1)
    static let hubKey = signingKey(9)

    static let chain = ChainID(high: 0x0001_0203_0405_0607, low: 0x0809_0a0b_0c0d_0e0f)
    static let scope = ScopeID(high: 0x1011_1213_1415_1617, low: 0x1819_1a1b_1c1d_1e1f)
    static let otherFeed = FeedID(high: 0x2021_2223_2425_2627, low: 0x2829_2a2b_2c2d_2e2f)
    static let subject = SubjectID(high: 0x3031_3233_3435_3637, low: 0x3839_3a3b_3c3d_3e3f)
    static let record = RecordID(high: 0x4041_4243_4445_4647, low: 0x4849_4a4b_4c4d_4e4f)
    static let shortHash = ShortHash(high: 0x5051_5253_5455_5657, low: 0x5859_5a5b_5c5d_5e5f)
    static let hash = Hash256(
        0x6061_6263_6465_6667, 0x6869_6a6b_6c6d_6e6f, 0x7071_7273_7475_7677, 0x7879_7a7b_7c7d_7e7f)

    static let dot = Dot(feed: FeedID(key.publicKey.replica), sequence: 300)
    static let otherReference = ChangeReference(dot: Dot(feed: otherFeed, sequence: 7), hash: shortHash)
    /// 2026-01-15T09:30:00Z, third in its millisecond.
    static let stamp = HybridTimestamp(milliseconds: 1_768_469_400_000, counter: 2)
    static let feedStart = ChangeHeader.start(
        chain: chain, scope: scope, replica: key.publicKey.replica, publicKey: key.publicKey.bytes)

    private static func signingKey(_ byte: UInt8) -> SigningKey {
        guard let key = try? SigningKey(seed: [UInt8](repeating: byte, count: 32)) else {
            preconditionFailure("32 bytes are a seed")
        }
        return key
    }
}

extension Samples {
    static let values: [(label: String, value: Value)] = [
        ("null", .null),
        ("no", .boolean(false)),
        ("yes", .boolean(true)),
        ("integer 0", .integer(0)),
        ("integer -1", .integer(-1)),
        ("integer 300", .integer(300)),
        ("the least integer", .integer(.min)),
        ("the greatest integer", .integer(.max)),
        ("the empty text", .text("")),
        ("text in four scripts, with U+0000 and U+200F", .text("Aé\0日\u{200f}🧾")),
        ("text, decomposed", .text("e\u{301}")),
        ("bytes 00 ff", .bytes([0x00, 0xff])),
        ("time, -1 ms, zone +60", .time(Moment(milliseconds: -1, zoneMinutes: 60))),
        ("time, 2026-01-15T09:30Z, zone -330", .time(Moment(milliseconds: 1_768_469_400_000, zoneMinutes: -330))),
        ("money, EUR -12.34", .money(Money(minorUnits: -1_234, currency: "EUR"))),
        ("record", .record(record)),
        ("subject", .subject(subject)),
        ("personal, part 1, item 130", .personal(PartReference(part: 1, item: 130))),
        ("no fields", .fields([(Text, Value?)]())),
        ("fields, nested", nestedFields),
        ("unknown tag 16", .unknown(tag: 16, bytes: [])),
        ("unknown tag 300", .unknown(tag: 300, bytes: [1, 2, 3])),
    ]

    static let nestedFields = Value.fields([
        ("kind", .text("contacted")),
        ("cost", .fields([("amount", .money(Money(minorUnits: 500, currency: "MYR")))])),
    ])

    static let origins: [(label: String, origin: RecordOrigin)] = [
        ("record 2 created by another change", .created(change: shortHash, index: 2)),
        ("record 0 created here", .here(index: 0)),
        ("a thing of another system", .external(source: "incident-log", id: "INC0000045")),
        ("what a move delivered", .moved(record: record, target: scope)),
    ]

    static let operations: [(label: String, operations: Operations)] = [
        ("a change that only carries context", Operations()),
        ("every kind, two records", everyKind),
        (
            "a register shown an older version; a register cleared",
            Operations(
                records: [.created(change: shortHash, index: 0)],
                operations: [
                    operation("status", .register, .text("closed"), shown: [otherReference]),
                    operation("severity", .register, .integer(2), shown: []),
                    FieldOperation(
                        record: 0, target: FieldTarget(field: "assignee", kind: .register), action: .remove,
                        value: .null),
                ])
        ),
        ("of a newer version: kind 99, action 200, value tag 16", newer),
    ]

    static let everyKind = Operations(
        records: [.here(index: 0), .external(source: "pos", id: "17")],
        operations: [
            operation("type", .register, .text("case")),
            operation("customer", .register, .personal(PartReference(part: 0, item: 0))),
            operation("tags", .set, .null, element: .text("late")),
            FieldOperation(
                record: 0, target: FieldTarget(field: "tags", kind: .set, element: .text("cold")), action: .remove,
                value: .null, shown: [otherReference]),
            operation("watched", .enableWinsFlag, .boolean(true)),
            operation("open", .disableWinsFlag, .boolean(false)),
            operation("visits", .total, .integer(-3)),
            operation("steps", .log, nestedFields),
            FieldOperation(
                record: 1, target: FieldTarget(field: "budget", kind: .escrow),
                value: .fields([("spend", .money(Money(minorUnits: 1_500, currency: "EUR")))])),
        ])

    static let newer = Operations(
        records: [.here(index: 0)],
        operations: [
            FieldOperation(
                record: 0, target: FieldTarget(field: "shape", kind: FieldKind(rawValue: 99), element: .integer(1)),
                action: FieldAction(rawValue: 200), value: .unknown(tag: 16, bytes: [0xde, 0xad]),
                shown: [otherReference])
        ])

    static func operation(
        _ field: Text, _ kind: FieldKind, _ value: Value, element: Value? = nil, shown: [ChangeReference]? = nil
    ) -> FieldOperation {
        FieldOperation(
            record: 0, target: FieldTarget(field: field, kind: kind, element: element), value: value, shown: shown)
    }
}

extension Samples {
    static let part = PersonalPart(
        subject: subject, key: [UInt8](0x80..<0xa0), items: [.text("Nur Aisyah"), .text("+60 12-345 6789")])

    static let change: Change = {
        let operations = everyKind.encoded()
        let commitment = PersonalPart.commitment(part.encoded(), key: part.key, scope: scope, dot: dot, index: 0)
        return Change(
            header: ChangeHeader(
                scope: scope, dot: dot, previous: hash, stamp: stamp, zoneMinutes: 480, person: "p-17",
                schema: "recovery/1", context: [otherReference], operationsHash: Operations.hash(operations),
                parts: [PartCommitment(subject: subject, commitment: commitment)]),
            operations: operations)
    }()

    static let entries: [(label: String, entry: Entry)] = [
        (
            "change, received 2026-01-15T09:30:01Z, ok",
            .change(reference: EntryReference(dot: dot, hash: hash), received: 1_768_469_401_000, verdict: .ok)
        ),
        (
            "change, received at 0, held",
            .change(reference: EntryReference(dot: dot, hash: hash), received: 0, verdict: .held)
        ),
        ("verdict void", .verdict(dot: dot, verdict: .void)),
        ("lost", .lost(reference: EntryReference(dot: dot, hash: hash))),
        ("clock", .clock(1_768_469_400_000)),
    ]

    static let receipt = Receipt(
        incarnation: shortHash, scope: scope, position: 1_000, history: HistoryHash(hash), hubTime: 1_768_469_402_000,
        key: hubKey)

    static let attestation = Attestation(scope: scope, sequence: 300, hash: hash, key: key)

    static let certificate = Certificate(
        chain: chain, publicKey: key.publicKey, home: scope,
        grants: [Grant(scope: scope, rights: [.read, .write]), Grant(scope: nil, rights: .deliver)],
        deviceMark: "QXV", from: 1_768_469_400_000, hub: hubKey)

    static let logRow = LogRow(
        field: "steps", mark: RecordState.LogMark(key: stamp, dot: dot), value: nestedFields)

    /// Two feeds, concurrent values, an element, a sum and a log.
    static let state: RecordState = {
        var history = History()
        let stamps = [stamp, stamp.successor, HybridTimestamp(milliseconds: 1)]
        history.append(feed: dot.feed, past: [], effective: stamps[0], everyKind.operations.filter { $0.record == 0 })
        history.append(
            feed: otherFeed, past: [], effective: stamps[1],
            [operation("type", .register, .text("order")), operation("visits", .total, .integer(5))])
        history.append(feed: otherFeed, past: [0, 1], effective: stamps[2], [operation("steps", .log, .text("seen"))])
        return Replay.whole(history).state
    }()
}
