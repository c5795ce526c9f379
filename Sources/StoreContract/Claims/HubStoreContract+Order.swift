import Causality
import Changes
import Replication

extension HubStoreContract {
    static var orderClaims: [Claim] {
        [
            Claim(name: "entries come in order, from a position, up to a limit") { contract in
                let store = try contract.makeStore()
                let rows = try store.write { transaction in
                    for scope in [Self.scope, Self.otherScope] { try transaction.put(ScopeState(scope)) }
                    let rows = try Self.order(in: transaction)
                    return rows
                }
                try store.read { transaction in
                    let scope = Self.scope.scope
                    try require("all", try transaction.entries(of: scope, after: 0, limit: 100), is: rows)
                    try require(
                        "a limit", try transaction.entries(of: scope, after: 0, limit: 2), is: Array(rows.prefix(2)))
                    try require(
                        "after 2", try transaction.entries(of: scope, after: 2, limit: 2), is: Array(rows[2...3]))
                    try require(
                        "after all", try transaction.entries(of: scope, after: UInt64(rows.count), limit: 2), is: [])
                    try require(
                        "far beyond", try transaction.entries(of: scope, after: UInt64(Int64.max), limit: 2), is: [])
                    try require(
                        "elsewhere", try transaction.entries(of: Self.otherScope.scope, after: 0, limit: 9), is: [])
                }
            },
            Claim(name: "the history hash of every position that was is known, and none beyond") { contract in
                let store = try contract.makeStore()
                let rows = try store.write { transaction in
                    try transaction.put(ScopeState(Self.scope))
                    return try Self.order(in: transaction)
                }
                try store.read { transaction in
                    let scope = Self.scope.scope
                    let start = HistoryHash(chain: Self.scope.seed, scope: scope)
                    try require("at 0", try transaction.history(of: scope, at: 0), is: start)
                    for row in rows {
                        try require(
                            "at \(row.position)", try transaction.history(of: scope, at: row.position), is: row.history)
                    }
                    try require("beyond", try transaction.history(of: scope, at: UInt64(rows.count + 1)), is: nil)
                    try require("far beyond", try transaction.history(of: scope, at: .max), is: nil)
                    try require("of no scope", try transaction.history(of: Self.otherScope.scope, at: 0), is: nil)
                }
            },
            Claim(name: "a past is the feed's prefix and all that its contexts reach") { contract in
                let store = try contract.makeStore()
                var a = ContractAuthor(1, in: Self.scope)
                var b = ContractAuthor(2, in: Self.scope)
                var c = ContractAuthor(3, in: Self.scope)
                try store.write { transaction in
                    try transaction.put(ScopeState(Self.scope))
                    let a1 = try Self.write(&a, "a1", to: transaction)
                    let a2 = try Self.write(&a, "a2", to: transaction)
                    try Self.write(&b, "b1", to: transaction)
                    try Self.write(&b, "b2", to: transaction, context: [Self.reference(a1)])
                    let b3 = try Self.write(&b, "b3", to: transaction)
                    try Self.write(&c, "c1", to: transaction, context: [Self.reference(b3)])
                    try Self.write(&c, "c2", to: transaction, context: [Self.reference(a2)])
                }
                let expected: [(ContractAuthor, UInt64, [UInt64])] = [
                    (a, 1, [0, 0, 0]), (a, 2, [1, 0, 0]), (b, 1, [0, 0, 0]), (b, 2, [1, 1, 0]), (b, 3, [1, 2, 0]),
                    (b, 4, [1, 3, 0]), (c, 1, [1, 3, 0]), (c, 2, [2, 3, 1]), (c, 9, [2, 3, 8]),
                ]
                try store.read { transaction in
                    for (author, sequence, reach) in expected {
                        let past = try transaction.past(
                            of: Dot(feed: author.feed, sequence: sequence), scope: Self.scope.scope)
                        let found = [a, b, c].map { other in
                            (1...10).last { past.contains(Dot(feed: other.feed, sequence: $0)) } ?? 0
                        }
                        try require("the past of change \(sequence) of author \(author.feed)", found, is: reach)
                    }
                    let elsewhere = try transaction.past(
                        of: Dot(feed: c.feed, sequence: 2), scope: Self.otherScope.scope)
                    try require(
                        !elsewhere.contains(Dot(feed: a.feed, sequence: 1)), "pasts of one scope show in another")
                }
            },
            Claim(name: "a context noted in a write that throws is forgotten") { contract in
                let store = try contract.makeStore()
                var a = ContractAuthor(1, in: Self.scope)
                var b = ContractAuthor(2, in: Self.scope)
                let a1 = try store.write { transaction in
                    try transaction.put(ScopeState(Self.scope))
                    try Self.write(&b, "b1", to: transaction)
                    return try Self.write(&a, "a1", to: transaction)
                }
                let next = Dot(feed: b.feed, sequence: 2)
                try Self.rejectedWrite(store) { transaction in
                    try transaction.note(next, context: [Self.reference(a1)], scope: Self.scope.scope)
                    let past = try transaction.past(of: next, scope: Self.scope.scope)
                    try require(past.contains(a1.dot), "a noted context counts at once")
                }
                try store.read { transaction in
                    let past = try transaction.past(of: next, scope: Self.scope.scope)
                    try require(!past.contains(a1.dot), "a context outlives its write")
                }
                try store.write { transaction in
                    try Self.write(&b, "b2", to: transaction)
                    let past = try transaction.past(of: next, scope: Self.scope.scope)
                    try require(!past.contains(a1.dot), "a context that was taken back counts for the next change")
                }
            },
        ]
    }

    static func reference(_ change: StoredChange) -> ChangeReference {
        ChangeReference(dot: change.dot, hash: change.hash.short)
    }

    /// Five entries, one of each kind.
    private static func order(in transaction: Store.Transaction) throws -> [EntryRow] {
        var author = ContractAuthor(1, in: scope)
        let change = try write(&author, "x", to: transaction)
        let second = try write(&author, "y", to: transaction)
        var state = ScopeState(scope)
        var rows: [EntryRow] = []
        for placed in [change, second] {
            let (placement, row) = entry(EntryReference(dot: placed.dot, hash: placed.hash), after: &state)
            try transaction.place(placed.dot, of: scope.scope, at: placement)
            rows.append(row)
        }
        let others: [Entry] = [
            .verdict(dot: change.dot, verdict: .void), .clock(77),
            .lost(reference: EntryReference(dot: Dot(feed: author.feed, sequence: 9), hash: Hash256(1, 2, 3, 4))),
        ]
        for entry in others { rows.append(append(entry, to: &state).1) }
        for row in rows { try transaction.append(row, of: scope.scope) }
        try transaction.put(state)
        return rows
    }
}
