import Causality
import Changes
import Replication

extension HubStoreContract {
    static var recordClaims: [Claim] {
        [
            Claim(name: "a record comes back as it was put, and is listed by id") { contract in
                let store = try contract.makeStore()
                var author = ContractAuthor(1, in: Self.scope)
                try store.write { transaction in
                    for scope in [Self.scope, Self.otherScope] { try transaction.put(ScopeState(scope)) }
                    var elsewhere = ContractAuthor(1, in: Self.otherScope)
                    for number in 0..<5 { try Self.write(&author, "t\(number)", record: number, to: transaction) }
                    try Self.write(&author, "again", record: 2, to: transaction)
                    try Self.write(&elsewhere, "e", record: 7, to: transaction)
                }
                try store.read { transaction in
                    let scope = Self.scope.scope
                    let ids = (0..<5).map { Self.record($0) }.sorted()
                    let all = try transaction.records(of: scope, after: nil, limit: 100)
                    try require("the ids", all.map(\.id), is: ids)
                    try require(
                        "a limit", try transaction.records(of: scope, after: nil, limit: 2).map(\.id),
                        is: Array(ids[0...1]))
                    try require(
                        "after the second", try transaction.records(of: scope, after: ids[1], limit: 2).map(\.id),
                        is: Array(ids[2...3]))
                    try require(
                        "after the last", try transaction.records(of: scope, after: ids[4], limit: 2).map(\.id), is: [])
                    for record in all {
                        try require("the record", try transaction.record(record.id, of: scope), is: record)
                    }
                    let second = try transaction.record(Self.record(2), of: scope)
                    try require("its origin", second?.origin, is: ContractAuthor.origin(2))
                    try require("its title", second?.state.winner("title", .latest)?.value, is: .text("again"))
                    try require(
                        "in another scope", try transaction.record(Self.record(2), of: Self.otherScope.scope), is: nil)
                    try require("no record", try transaction.record(Self.record(99), of: scope), is: nil)
                }
            },
            Claim(name: "log rows are listed by key, feed, sequence and field, in whatever order they came") {
                contract in
                let store = try contract.makeStore()
                let rows = Self.logRows
                try store.write { transaction in
                    let record = try Self.recordForRows(in: transaction)
                    for row in [rows[3], rows[0], rows[4], rows[2], rows[1]] {
                        try transaction.append(row, of: record, scope: Self.scope.scope)
                    }
                }
                try store.read { transaction in
                    try require(
                        "the rows", try transaction.logRows(of: Self.record(0), scope: Self.scope.scope), is: rows)
                    try require(
                        "of another record", try transaction.logRows(of: Self.record(1), scope: Self.scope.scope),
                        is: [])
                }
            },
            Claim(name: "the greatest log key within a past is found") { contract in
                try contract.makeStore().write { transaction in
                    let record = try Self.recordForRows(in: transaction)
                    let rows = Self.logRows
                    for row in rows.shuffled(seed: 1) {
                        try transaction.append(row, of: record, scope: Self.scope.scope)
                    }
                    let (a, b) = (ContractAuthor(1, in: Self.scope).feed, ContractAuthor(2, in: Self.scope).feed)
                    func key(_ dot: Dot, _ others: [Dot]) throws -> HybridTimestamp? {
                        try transaction.greatestLogKey(
                            of: record, scope: Self.scope.scope, within: Past(of: dot, others: VersionVector(others)))
                    }
                    let last = rows[rows.count - 1]
                    try require("within nothing", try key(Dot(feed: a, sequence: 1), []), is: nil)
                    try require(
                        "within all", try key(Dot(feed: a, sequence: 99), [Dot(feed: b, sequence: 99)]),
                        is: last.mark.key)
                    for row in rows {
                        let (own, other) = row.mark.dot.feed == a ? (a, b) : (b, a)
                        let past = Dot(feed: own, sequence: row.mark.dot.sequence + 1)
                        let known = rows.filter {
                            $0.mark.dot.feed == own && $0.mark.dot.sequence <= row.mark.dot.sequence
                        }
                        try require("within \(row.mark.dot)", try key(past, []), is: known.map(\.mark.key).max())
                        try require(
                            "as another's past", try key(Dot(feed: other, sequence: 1), [row.mark.dot]),
                            is: known.map(\.mark.key).max())
                    }
                }
            },
            Claim(name: "the changes that touch a record come each after its past, as they now are") {
                contract in
                let store = try contract.makeStore()
                try store.write { transaction in
                    try transaction.put(ScopeState(Self.scope))
                    var a = ContractAuthor(1, in: Self.scope)
                    var b = ContractAuthor(2, in: Self.scope)
                    let changes = [
                        try Self.write(&b, "b1", to: transaction), try Self.write(&a, "a1", to: transaction),
                        try Self.write(&a, "a2", record: 1, to: transaction), try Self.write(&b, "b2", to: transaction),
                    ]
                    let placement = Placement(position: 1, received: 5, verdict: .ok)
                    try transaction.place(changes[1].dot, of: Self.scope.scope, at: placement)
                    let touching = try transaction.changes(touching: Self.record(0), of: Self.scope.scope)
                    try require("their order", touching.map(\.order), is: touching.map(\.order).sorted())
                    // None of them saw another author's: any order that keeps each author's own will do.
                    let expected = [changes[0], changes[1], changes[3]].sorted { $0.dot < $1.dot }
                    let found = touching.sorted { $0.dot < $1.dot }
                    try require("their dots", found.map(\.dot), is: expected.map(\.dot))
                    try require(
                        "their placements", found.map(\.placement),
                        is: expected.map { $0.dot == changes[1].dot ? placement : nil })
                    try require("their bodies", found.map(\.operations), is: expected.map(\.operations))
                }
            },
            Claim(name: "clearing a record forgets its state and rows, and not what touched it") { contract in
                let store = try contract.makeStore()
                try store.write { transaction in
                    let record = try Self.recordForRows(in: transaction)
                    for row in Self.logRows { try transaction.append(row, of: record, scope: Self.scope.scope) }
                    try transaction.clear(record, of: Self.scope.scope)
                    try require("the record", try transaction.record(record, of: Self.scope.scope), is: nil)
                    try require("its rows", try transaction.logRows(of: record, scope: Self.scope.scope), is: [])
                    try require(
                        "what touched it", try transaction.changes(touching: record, of: Self.scope.scope).count, is: 2)
                    try require(
                        "the other record", try transaction.record(Self.record(1), of: Self.scope.scope) != nil,
                        is: true)
                }
            },
            Claim(name: "fingerprints are sums mod 2^128, bucket by bucket, scope by scope") { contract in
                let store = try contract.makeStore()
                let scope = Self.scope.scope
                func sums(_ records: [StoredRecord]) -> Fingerprint {
                    var fingerprint = Fingerprint()
                    for record in records {
                        fingerprint.buckets[Fingerprint.bucket(of: record.id)] &+= record.digest
                    }
                    return fingerprint
                }
                // Three in one bucket, so that sums wrap, and one elsewhere.
                let records = try [0x07_01, 0x07_02, 0x07_03, 0xff_01].map { first in
                    var state = RecordState()
                    let dot = Dot(feed: ContractAuthor(1, in: Self.scope).feed, sequence: UInt64(first))
                    let operation = FieldOperation(
                        record: 0, target: FieldTarget(field: "title", kind: .register), value: .integer(Int64(first)))
                    _ = try state.apply(
                        operation, dot: dot, effective: .zero, past: Past(of: dot, others: VersionVector())
                    ) { nil }
                    return StoredRecord(
                        id: RecordID(high: UInt64(first) << 48, low: 1), scope: scope,
                        origin: .external(source: "contract", id: Text("\(first)")), state: state)
                }
                try store.write { transaction in
                    for scope in [Self.scope, Self.otherScope] { try transaction.put(ScopeState(scope)) }
                    try require("at first", try transaction.fingerprint(of: scope), is: Fingerprint())
                    for record in records { try transaction.put(record) }
                    try require("in the transaction", try transaction.fingerprint(of: scope), is: sums(records))
                    try transaction.put(
                        StoredRecord(
                            id: records[1].id, scope: scope, origin: records[1].origin, state: records[0].state))
                    try transaction.clear(records[2].id, of: scope)
                }
                let changed = StoredRecord(
                    id: records[1].id, scope: scope, origin: records[1].origin, state: records[0].state)
                try store.read { transaction in
                    try require(
                        "the buckets", try transaction.fingerprint(of: scope),
                        is: sums([records[0], changed, records[3]]))
                    try require(
                        "elsewhere", try transaction.fingerprint(of: Self.otherScope.scope), is: Fingerprint())
                }
            },
            Claim(name: "what is quarantined is listed by dot with its last reason") { contract in
                let store = try contract.makeStore()
                try store.write { transaction in
                    try transaction.put(ScopeState(Self.scope))
                    var authors = [ContractAuthor(1, in: Self.scope), ContractAuthor(2, in: Self.scope)]
                    for index in [0, 1, 0, 1] { try Self.write(&authors[index], "x", to: transaction) }
                    let dots = authors.flatMap { author in (1...2).map { Dot(feed: author.feed, sequence: $0) } }
                    for dot in dots { try transaction.quarantine(dot, of: Self.scope.scope, reason: "first") }
                    try transaction.quarantine(dots[0], of: Self.scope.scope, reason: "second")
                    let listed = try transaction.quarantined(of: Self.scope.scope)
                    try require("the dots", listed.map(\.dot), is: dots.sorted())
                    try require("the reason", listed.first { $0.dot == dots[0] }?.reason, is: "second")
                    try require("elsewhere", try transaction.quarantined(of: Self.otherScope.scope).count, is: 0)
                    try transaction.removeQuarantine(dots[0], of: Self.scope.scope)
                    let left = try transaction.quarantined(of: Self.scope.scope)
                    try require("one is taken out", left.contains { $0.dot == dots[0] }, is: false)
                    try require("the others stay", left.count, is: listed.count - 1)
                }
            },
        ]
    }

    /// Two records of two authors with two changes each on the first.
    private static func recordForRows(in transaction: Store.Transaction) throws -> RecordID {
        try transaction.put(ScopeState(scope))
        var a = ContractAuthor(1, in: scope)
        var b = ContractAuthor(2, in: scope)
        try write(&a, "a1", to: transaction)
        try write(&a, "a2", record: 1, to: transaction)
        try write(&b, "b1", to: transaction)
        try write(&b, "b2", record: 1, to: transaction)
        return record(0)
    }

    /// In listing order, with ties in key, in feed and in change.
    private static var logRows: [LogRow] {
        let feeds = [ContractAuthor(1, in: scope).feed, ContractAuthor(2, in: scope).feed].sorted()
        func row(_ field: Text, _ key: UInt64, _ feed: Int, _ sequence: UInt64) -> LogRow {
            LogRow(
                field: field,
                mark: RecordState.LogMark(
                    key: HybridTimestamp(rawValue: key), dot: Dot(feed: feeds[feed], sequence: sequence)),
                value: .fields([("kind", .text(field.string + " \(key)")), ("nothing", .null)]))
        }
        return [
            row("steps", 5, 1, 1), row("steps", 7, 0, 1), row("notes", 7, 0, 2), row("steps", 7, 0, 2),
            row("steps", .max, 1, 2),
        ]
    }
}

extension Array {
    fileprivate func shuffled(seed: UInt64) -> [Element] {
        var random = SplitMix64(seed: seed)
        return shuffled(using: &random)
    }
}
