import Causality
import Changes
import Replication

/// Random local transactions on a handful of records, so that they meet: every kind of field, shown versions, personal
/// parts, and now and then what a schema voids or this version cannot fold.
struct RandomDraft {
    static let schema = Schema(
        id: "simulation/1",
        recordTypes: [
            RecordType(
                name: "thing", table: "thing",
                fields: [
                    FieldDefinition("title"), FieldDefinition("note"), FieldDefinition("tags", .set),
                    FieldDefinition("steps", .log), FieldDefinition("count", .total),
                ])
        ])

    static let records: [RecordOrigin] = (0..<4).map { .external(source: "simulation", id: Text(String($0))) }
    private static let subject = SubjectID(high: 3, low: 3)

    static func make(_ random: inout SplitMix64, in scope: ScopeID, _ transaction: some ReplicaTransaction) throws
        -> ChangeDraft
    {
        var origins: [RecordOrigin] = []
        for _ in 0...random.upTo(1) {
            let origin = random.chance(oneIn: 12) ? .here(index: origins.count) : random.pick(records)
            if !origins.contains(origin) { origins.append(origin) }
        }
        var operations: [FieldOperation] = []
        for (index, origin) in origins.enumerated() {
            let state = try state(of: origin, in: scope, transaction)
            var targets = Set<FieldTarget>()
            for _ in 0...random.upTo(2) {
                let operation = try operation(&random, record: index, state, in: scope, transaction)
                if targets.insert(operation.target).inserted { operations.append(operation) }
            }
        }
        let isPersonal = operations.contains { $0.value.holdsPersonal }
        return ChangeDraft(
            person: "p", zoneMinutes: 0, schema: schema.id,
            operations: Operations(records: origins, operations: operations),
            parts: isPersonal ? [ChangeDraft.Part(subject: subject, items: [.text("words \(random.upTo(9))")])] : [])
    }

    private static func state(
        of origin: RecordOrigin, in scope: ScopeID, _ transaction: some ReplicaTransaction
    ) throws -> RecordState {
        if case .here = origin { return RecordState() }
        let id = origin.recordID(in: scope)
        return try transaction.record(id, of: scope)?.state ?? RecordState()
    }

    private static func operation(
        _ random: inout SplitMix64, record: Int, _ state: RecordState, in scope: ScopeID,
        _ transaction: some ReplicaTransaction
    ) throws -> FieldOperation {
        let target: FieldTarget
        var value: Value
        switch random.upTo(21) {
        case 0...6:
            (target, value) = (
                FieldTarget(field: random.pick(["title", "note"]), kind: .register), .text("v\(random.upTo(4))")
            )
        case 7...10:
            (target, value) = (FieldTarget(field: "tags", kind: .set, element: .integer(Int64(random.upTo(2)))), .null)
        case 11:
            (target, value) = (FieldTarget(field: "urgent", kind: .enableWinsFlag), .boolean(random.chance(oneIn: 2)))
        case 12:
            (target, value) = (FieldTarget(field: "open", kind: .disableWinsFlag), .boolean(random.chance(oneIn: 2)))
        case 13...14: (target, value) = (FieldTarget(field: "count", kind: .total), .integer(Int64(random.upTo(6)) - 3))
        case 15...18: (target, value) = (FieldTarget(field: "steps", kind: .log), .text("s\(random.upTo(99))"))
        case 19: (target, value) = (FieldTarget(field: "budget", kind: .escrow), .integer(1))
        // A rule of the schema is broken, or no rule is known.
        case 20 where random.chance(oneIn: 3):
            (target, value) = (FieldTarget(field: "title", kind: .set, element: .integer(1)), .null)
        case 21 where random.chance(oneIn: 3):
            (target, value) = (FieldTarget(field: "shape", kind: FieldKind(rawValue: 99)), .integer(1))
        default:
            (target, value) = (FieldTarget(field: "words", kind: .register), .personal(PartReference(part: 0, item: 0)))
        }
        var action = FieldAction.put
        if target.kind.isReplacing, random.chance(oneIn: 5) { (action, value) = (.remove, .null) }
        var shown: [ChangeReference]?
        if target.kind.isReplacing, random.chance(oneIn: 4) {
            shown = try (state.slot(target)?.survivors ?? RecordState.Survivors()).filter { _ in random.chance(oneIn: 2)
            }.compactMap {
                survivor in
                try transaction.change(at: survivor.dot, of: scope)
                    .map { ChangeReference(dot: $0.dot, hash: $0.hash.short) }
            }
        }
        return FieldOperation(record: record, target: target, action: action, value: value, shown: shown)
    }
}
