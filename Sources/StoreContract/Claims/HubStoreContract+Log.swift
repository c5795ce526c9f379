import Causality
import Changes
import Replication

extension HubStoreContract {
    static var logClaims: [Claim] {
        [
            Claim(name: "scopes are listed by id, and the last put counts") { contract in
                try contract.makeStore().write { transaction in
                    let introductions = [
                        Self.scope, Self.otherScope,
                        ScopeIntroduction(name: "headquarters", seed: ChainID(high: 9, low: 9)),
                    ]
                    try require("no scope", try transaction.scope(Self.scope.scope), is: nil)
                    for introduction in introductions { try transaction.put(ScopeState(introduction)) }
                    var changed = ScopeState(Self.scope)
                    changed.position = 3
                    changed.receivedFloor = 7
                    changed.foldedPosition = 2
                    changed.history = HistoryHash(Hash256(1, 2, 3, 4))
                    try transaction.put(changed)
                    try require("the scope", try transaction.scope(Self.scope.scope), is: changed)
                    try require("the ids", try transaction.scopes().map(\.id), is: introductions.map(\.scope).sorted())
                }
            },
            Claim(name: "feeds are listed by id, scope by scope, and the last put counts") { contract in
                try contract.makeStore().write { transaction in
                    for scope in [Self.scope, Self.otherScope] { try transaction.put(ScopeState(scope)) }
                    let feeds = (1...5).map {
                        FeedState(feed: ContractAuthor($0, in: Self.scope).feed, start: Hash256(UInt64($0), 0, 0, 0))
                    }
                    for feed in feeds { try transaction.put(feed, of: Self.scope.scope) }
                    var moved = feeds[2]
                    (moved.sequence, moved.hash, moved.seen) = (9, Hash256(1, 1, 1, 1), 4)
                    try transaction.put(moved, of: Self.scope.scope)
                    try transaction.put(feeds[0], of: Self.otherScope.scope)
                    let listed = try transaction.feeds(of: Self.scope.scope)
                    let unseen = try transaction.unseenFeeds(of: Self.scope.scope)
                    try require("the unseen feeds", unseen, is: listed.filter { $0.seen < $0.sequence })
                    try require("the feeds", listed.map(\.feed), is: feeds.map(\.feed).sorted())
                    try require("the moved feed", try transaction.feed(moved.feed, of: Self.scope.scope), is: moved)
                    try require(
                        "the same feed elsewhere", try transaction.feed(moved.feed, of: Self.otherScope.scope), is: nil)
                    try require(
                        "the other scope's feeds", try transaction.feeds(of: Self.otherScope.scope), is: [feeds[0]])
                }
            },
            Claim(name: "a change comes back as it was appended") { contract in
                let store = try contract.makeStore()
                var author = ContractAuthor(1, in: Self.scope)
                let text = "a\0b\u{200f}e\u{301}🧾"
                let appended = try store.write { transaction in
                    try transaction.put(ScopeState(Self.scope))
                    try require(
                        "no change",
                        try transaction.change(at: Dot(feed: author.feed, sequence: 1), of: Self.scope.scope), is: nil)
                    return try Self.write(&author, text, to: transaction, parts: [ContractAuthor.part(1, text)])
                }
                try store.read { transaction in
                    let found = try transaction.change(at: appended.dot, of: Self.scope.scope)
                    try require("the change", found, is: appended)
                    try require("its bytes", found?.operations, is: ContractAuthor.title(text).encoded())
                    try require(
                        "its parts", try transaction.parts(of: appended.dot, scope: Self.scope.scope),
                        is: [ContractAuthor.part(1, text).encoded()])
                    try require(
                        "the same place in another scope",
                        try transaction.change(at: appended.dot, of: Self.otherScope.scope), is: nil)
                }
            },
            Claim(name: "changes of two feeds and two scopes in turn are found in their transaction and after it") {
                contract in
                let store = try contract.makeStore()
                let scopes = [Self.scope, Self.otherScope]
                var authors = scopes.flatMap { [ContractAuthor(1, in: $0), ContractAuthor(2, in: $0)] }
                var appended: [(scope: ScopeID, change: StoredChange)] = []
                try store.write { transaction in
                    for scope in scopes { try transaction.put(ScopeState(scope)) }
                    for number in 0..<30 {
                        for index in authors.indices where number % (index + 1) == 0 {
                            let scope = authors[index].scope.scope
                            appended.append(
                                (scope, try Self.write(&authors[index], "\(number)", to: transaction)))
                            let next = Dot(feed: authors[index].feed, sequence: authors[index].sequence + 1)
                            try require("the next one", try transaction.change(at: next, of: scope), is: nil)
                        }
                    }
                    for (scope, change) in appended {
                        try require("in it", try transaction.change(at: change.dot, of: scope), is: change)
                    }
                }
                try store.read { transaction in
                    for (scope, change) in appended {
                        try require("after it", try transaction.change(at: change.dot, of: scope), is: change)
                    }
                }
            },
            Claim(name: "orders rise over all scopes in the order of appending") { contract in
                try contract.makeStore().write { transaction in
                    for scope in [Self.scope, Self.otherScope] { try transaction.put(ScopeState(scope)) }
                    var here = ContractAuthor(1, in: Self.scope)
                    var there = ContractAuthor(1, in: Self.otherScope)
                    var orders: [Int64] = []
                    for round in 0..<4 {
                        orders.append(try Self.write(&here, "h\(round)", to: transaction).order)
                        orders.append(try Self.write(&there, "t\(round)", to: transaction).order)
                    }
                    try require(orders.first.map { $0 > 0 } ?? false, "orders start at 1 or later")
                    try require("the orders", orders, is: orders.sorted())
                    try require("distinct orders", Set(orders).count, is: 8)
                }
            },
            Claim(name: "unplaced changes come in order, from a point, up to a limit, until they are placed") {
                contract in
                try contract.makeStore().write { transaction in
                    for scope in [Self.scope, Self.otherScope] { try transaction.put(ScopeState(scope)) }
                    var first = ContractAuthor(1, in: Self.scope)
                    var second = ContractAuthor(2, in: Self.scope)
                    var elsewhere = ContractAuthor(1, in: Self.otherScope)
                    var all: [StoredChange] = []
                    for round in 0..<3 {
                        all.append(try Self.write(&second, "s\(round)", to: transaction))
                        try Self.write(&elsewhere, "e\(round)", to: transaction)
                        all.append(try Self.write(&first, "f\(round)", to: transaction))
                    }
                    let scope = Self.scope.scope
                    try require("all", try transaction.unplaced(of: scope, after: 0, limit: 100), is: all)
                    try require(
                        "a limit", try transaction.unplaced(of: scope, after: 0, limit: 2), is: Array(all.prefix(2)))
                    try require(
                        "after the third", try transaction.unplaced(of: scope, after: all[2].order, limit: 2),
                        is: Array(all[3...4]))
                    try require(
                        "after the last", try transaction.unplaced(of: scope, after: all[5].order, limit: 2), is: [])
                    try require("their number", try transaction.unplacedCount(of: scope), is: 6)
                    let heads = [first.state.head, second.state.head].sorted { $0.dot < $1.dot }
                    try require(
                        "the feeds that wait", try transaction.waitingFeeds(of: scope).map(\.head), is: heads)
                    let placement = Placement(position: 1, received: 99, verdict: .ok)
                    try transaction.place(all[1].dot, of: scope, at: placement)
                    let placed = try transaction.change(at: all[1].dot, of: scope)
                    try require("the placed one", placed?.hash, is: all[1].hash)
                    try require("its placement", placed?.placement, is: placement)
                    all.remove(at: 1)
                    try require("the others", try transaction.unplaced(of: scope, after: 0, limit: 100), is: all)
                    try require("their number", try transaction.unplacedCount(of: scope), is: 5)
                    try require("the other scope's", try transaction.unplacedCount(of: Self.otherScope.scope), is: 3)
                    for (index, change) in all.enumerated() where change.dot.feed == first.feed {
                        try transaction.place(
                            change.dot, of: scope,
                            at: Placement(position: UInt64(index + 2), received: 99, verdict: .ok))
                    }
                    try require(
                        "the feeds that still wait", try transaction.waitingFeeds(of: scope).map(\.head),
                        is: [second.state.head])
                }
            },
            Claim(name: "a placement can be replaced by a later verdict") { contract in
                try contract.makeStore().write { transaction in
                    try transaction.put(ScopeState(Self.scope))
                    var author = ContractAuthor(1, in: Self.scope)
                    let change = try Self.write(&author, "x", to: transaction)
                    for verdict in [Verdict.ok, .void] {
                        let placement = Placement(position: 1, received: 2, verdict: verdict)
                        try transaction.place(change.dot, of: Self.scope.scope, at: placement)
                        try require(
                            "the placement", try transaction.change(at: change.dot, of: Self.scope.scope)?.placement,
                            is: placement)
                    }
                }
            },
            Claim(name: "a stub has a header, a place, and no body") { contract in
                try contract.makeStore().write { transaction in
                    try transaction.put(ScopeState(Self.scope))
                    var author = ContractAuthor(1, in: Self.scope)
                    let change = author.change("x", parts: [ContractAuthor.part(1, "p"), ContractAuthor.part(2, "q")])
                    let placement = Placement(position: 1, received: 5, verdict: .void)
                    try transaction.note(change.dot, context: [], scope: Self.scope.scope)
                    try transaction.append(stub: change.header, hash: change.hash, placement: placement)
                    try transaction.put(author.state, of: Self.scope.scope)
                    let stub = try transaction.change(at: change.dot, of: Self.scope.scope)
                    try require("the header", stub?.header, is: change.header)
                    try require("the hash", stub?.hash, is: change.hash)
                    try require("the body", stub?.operations, is: nil)
                    try require("the placement", stub?.placement, is: placement)
                    try require(
                        "the parts", try transaction.parts(of: change.dot, scope: Self.scope.scope), is: [nil, nil])
                    try require("unplaced", try transaction.unplacedCount(of: Self.scope.scope), is: 0)
                }
            },
            Claim(name: "a missing part can be added, and a held one stays") { contract in
                try contract.makeStore().write { transaction in
                    try transaction.put(ScopeState(Self.scope))
                    var author = ContractAuthor(1, in: Self.scope)
                    let parts = [ContractAuthor.part(1, "p"), ContractAuthor.part(2, "q")].map { $0.encoded() }
                    let change = author.change("x", parts: [ContractAuthor.part(1, "p"), ContractAuthor.part(2, "q")])
                    try Self.store(change, of: author, parts: [nil, parts[1]], in: transaction)
                    let scope = Self.scope.scope
                    try require("the parts", try transaction.parts(of: change.dot, scope: scope), is: [nil, parts[1]])
                    try transaction.addParts([parts[0], nil], of: change.dot, scope: scope)
                    try require("both parts", try transaction.parts(of: change.dot, scope: scope), is: parts)
                    try transaction.addParts([[0], [0]], of: change.dot, scope: scope)
                    try require("the same parts", try transaction.parts(of: change.dot, scope: scope), is: parts)
                    let bare = try Self.write(&author, "y", to: transaction)
                    try require("no parts", try transaction.parts(of: bare.dot, scope: scope), is: [])
                }
            },
            Claim(name: "the attestation that covers a sequence is the nearest one") { contract in
                try contract.makeStore().write { transaction in
                    for scope in [Self.scope, Self.otherScope] { try transaction.put(ScopeState(scope)) }
                    var author = ContractAuthor(1, in: Self.scope)
                    var kept: [Attestation] = []
                    for number in 1...9 {
                        try Self.write(&author, "\(number)", to: transaction)
                        if number % 3 == 0 { kept.append(author.attestation()) }
                    }
                    for attestation in [kept[1], kept[2], kept[0], kept[1]] { try transaction.put(attestation) }
                    func covering(_ sequence: UInt64, _ scope: ScopeIntroduction = Self.scope) throws -> UInt64? {
                        try transaction.attestation(of: author.replica, scope: scope.scope, covering: sequence)?
                            .sequence
                    }
                    try require("of 1", try covering(1), is: 3)
                    try require("of 3", try covering(3), is: 3)
                    try require("of 4", try covering(4), is: 6)
                    try require("of 9", try covering(9), is: 9)
                    try require("of 10", try covering(10), is: nil)
                    try require("in another scope", try covering(1, Self.otherScope), is: nil)
                    let stranger = ContractAuthor(2, in: Self.scope).replica
                    try require(
                        "of another", try transaction.attestation(of: stranger, scope: Self.scope.scope, covering: 1),
                        is: nil)
                    try require(
                        "itself", try transaction.attestation(of: author.replica, scope: Self.scope.scope, covering: 5),
                        is: kept[1])
                }
            },
            Claim(name: "settings are kept, replaced and removed") { contract in
                try contract.makeStore().write { transaction in
                    let odd = SettingKey(rawValue: "odd\0key")
                    try require("none", try transaction.setting(odd), is: nil)
                    try transaction.put([], for: odd)
                    try require("empty", try transaction.setting(odd), is: [])
                    try transaction.put([0, 255], for: odd)
                    try transaction.put([1], for: .clock)
                    try require("replaced", try transaction.setting(odd), is: [0, 255])
                    try transaction.put(nil, for: odd)
                    try require("removed", try transaction.setting(odd), is: nil)
                    try require("the other", try transaction.setting(.clock), is: [1])
                }
            },
        ]
    }
}
