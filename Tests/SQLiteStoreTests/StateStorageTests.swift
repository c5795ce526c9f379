import Causality
import Changes
import Replication
import SQLiteKit
import SQLiteStore
import StoreContract
import Testing

@Suite("A state comes back from its columns and clocks as it was put")
struct StateStorageTests {
    /// A type with a column of each kind, and fields of every other sort beside.
    private static let wide = RecordType(
        name: "wide", table: "wide",
        fields: [
            FieldDefinition("text"), FieldDefinition("number", columnType: .integer),
            FieldDefinition("bytes", columnType: .blob),
            FieldDefinition("greatest", reading: .max, columnType: .integer),
            FieldDefinition("on", .enableWinsFlag, columnType: .integer),
            FieldDefinition("off", .disableWinsFlag, columnType: .integer),
            FieldDefinition("sum", .total, columnType: .integer), FieldDefinition("words", .total),
            FieldDefinition("tags", .set), FieldDefinition("escrow", .escrow),
        ])
    private static let schemas = [Schema(id: "wide/1", recordTypes: [wide])]
    private static let fields: [(Text, FieldKind)] =
        wide.fields.map { ($0.name, $0.kind) } + [
            ("unknown", .register), ("type", .set), ("text", .set), ("number", .total), ("é", .register),
        ]

    private static let values: [Value] = [
        .null, .boolean(true), .boolean(false), .integer(0), .integer(.min), .integer(7), .text(""), .text("a"),
        .text("zero\0inside"), .text("e\u{301}"), .bytes([]), .bytes([0, 255]), .record(Samples.id()),
        .time(Moment(milliseconds: -5, zoneMinutes: 60)), .money(Money(minorUnits: 5, currency: "EUR")),
        .personal(PartReference(part: 0, item: 3)), .fields([("a", .integer(1))]), .unknown(tag: 20, bytes: [1]),
    ]

    /// A state of any slots, each written by any of `changes` changes of three feeds; of the type where `isTyped`.
    private static func state(
        _ random: inout SplitMix64, feeds: [FeedID], changes: Int, isTyped: Bool
    ) throws -> RecordState {
        func pick<Element>(_ list: [Element]) -> Element { list[Int.random(in: 0..<list.count, using: &random)] }
        let stamps = (0..<changes).map { index in
            RecordState.Survivor(
                dot: Dot(
                    feed: feeds[index % feeds.count],
                    sequence: pick([1, 2, 300, 1 << 40, .max >> 1]) &+ UInt64(index)),
                value: .null,
                effective: HybridTimestamp(
                    milliseconds: pick([0, 1, 1_700_000_000_000, HybridTimestamp.greatestMilliseconds]),
                    counter: pick([0, 0, 1, .max])))
        }
        func survivors(_ count: Int, of kind: FieldKind) -> RecordState.Survivors {
            var chosen: [Dot: RecordState.Survivor] = [:]
            for _ in 0..<count {
                let stamp = pick(stamps)
                let isFlag = kind == .enableWinsFlag || kind == .disableWinsFlag
                chosen[stamp.dot] = RecordState.Survivor(
                    dot: stamp.dot, value: isFlag ? .boolean(pick([true, false])) : pick(values),
                    effective: stamp.effective)
            }
            return RecordState.Survivors(chosen.values.sorted { $0.dot < $1.dot })
        }
        var slots: [FieldTarget: RecordState.Slot] = [:]
        for _ in 0..<Int.random(in: 0...14, using: &random) {
            let (field, kind) = pick(fields)
            if kind == .log { continue }
            let target = FieldTarget(field: field, kind: kind, element: kind == .set ? pick(values) : nil)
            slots[target] =
                kind == .total
                ? RecordState.Slot(target: target, total: pick([1, -1, .max, .min]))
                : RecordState.Slot(target: target, survivors: survivors(pick([1, 1, 1, 2, 3]), of: kind))
        }
        if isTyped {
            let target = FieldTarget(field: Schema.typeField, kind: .register)
            let stamp = pick(stamps)
            slots[target] = RecordState.Slot(
                target: target,
                survivors: RecordState.Survivors(
                    RecordState.Survivor(dot: stamp.dot, value: .text("wide"), effective: stamp.effective)))
        }
        let hasLog = pick([true, false])
        return try RecordState(
            slots: Array(slots.values), logCount: hasLog ? 3 : 0, logSum: hasLog ? .max - 5 : 0,
            newestLog: hasLog
                ? RecordState.LogMark(key: HybridTimestamp(rawValue: .max - 9), dot: pick(stamps).dot) : nil)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func whateverItHolds(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let folder = try Folder()
        var store = try folder.store(schemas: StateStorageTests.schemas)
        let feeds = (1...3).map { FeedID(high: 0, low: UInt64($0)) }
        var expected: [RecordID: StoredRecord] = [:]
        try store.write { transaction in
            try transaction.put(ScopeState(Samples.scope))
            for feed in feeds {
                try transaction.put(
                    FeedState(feed: feed, start: Hash256(1, 2, 3, feed.low)), of: Samples.scope.scope)
            }
        }
        for round in 0..<6 {
            try store.write { transaction in
                for number in 0..<60 {
                    let origin: RecordOrigin =
                        number % 3 == 0
                        ? .created(change: ShortHash(high: 1, low: UInt64(number)), index: number)
                        : .external(source: Text("system \(number % 4)"), id: Text("\(number)"))
                    let record = StoredRecord(
                        id: Samples.id(origin), scope: Samples.scope.scope, origin: origin,
                        state: try StateStorageTests.state(
                            &random, feeds: feeds, changes: [1, 4, 15, 16, 40][(number + round) % 5],
                            isTyped: (number + round) % 7 != 0))
                    try transaction.put(record)
                    expected[record.id] = record
                }
            }
            try store.close()
            // With and without the schema: the file says itself where its values lie.
            for schemas in [[], StateStorageTests.schemas] {
                let reader = try SQLiteStore(reading: folder.file(), schemas: schemas)
                try reader.read { try StateStorageTests.check($0, against: expected) }
                try reader.close()
            }
            store = try folder.store(schemas: round == 2 ? [] : StateStorageTests.schemas)
            try store.read { try StateStorageTests.check($0, against: expected) }
        }
        try store.close()
    }

    private static func check(_ transaction: SQLiteTransaction, against expected: [RecordID: StoredRecord]) throws {
        let found = try transaction.records(of: Samples.scope.scope, after: nil, limit: 1_000)
        #expect(found.map(\.id) == expected.keys.sorted())
        var fingerprint = Fingerprint()
        for record in found {
            #expect(record == expected[record.id])
            fingerprint.buckets[Fingerprint.bucket(of: record.id)] &+= record.digest
        }
        #expect(try transaction.fingerprint(of: Samples.scope.scope) == fingerprint)
    }
}
