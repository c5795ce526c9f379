import Causality
import Changes
import Replication

extension HubStoreContract {
    static var stagingClaims: [Claim] {
        [
            Claim(name: "pieces follow on from what is staged, and one that does not changes nothing") { contract in
                let store = try contract.makeStore()
                let bytes = [UInt8](0..<100)
                func piece(_ range: Range<Int>) -> ChangePiece {
                    ChangePiece(
                        dot: Self.stagedDot, digest: Hash256.sha256(bytes), total: bytes.count,
                        offset: range.lowerBound,
                        bytes: Array(bytes[range]))
                }
                try store.write { transaction in
                    try transaction.put(ScopeState(Self.scope))
                    let staging = Staging(transaction)
                    let scope = Self.scope.scope
                    try require("the first", try staging.add(piece(0..<40), of: scope, now: 1).length, is: 40)
                    try require("again", try staging.add(piece(0..<40), of: scope, now: 2).length, is: 40)
                    try require("a gap", try staging.add(piece(60..<100), of: scope, now: 3).length, is: 40)
                    try require("the rest", try staging.add(piece(40..<100), of: scope, now: 4).length, is: 100)
                    try require("listed", try transaction.staged(of: scope).map(\.length), is: [100])
                    try require("the bytes", try transaction.staged(at: Self.stagedDot, of: scope)?.bytes, is: bytes)
                    try transaction.removeStaged(at: Self.stagedDot, of: scope)
                    try require("removed", try transaction.staged(of: scope), is: [])
                }
            },
            Claim(name: "a whole that is not the announced one is dropped") { contract in
                let store = try contract.makeStore()
                try store.write { transaction in
                    try transaction.put(ScopeState(Self.scope))
                    let head = try Staging(transaction).add(
                        ChangePiece(
                            dot: Self.stagedDot, digest: Hash256.sha256([1]), total: 2, offset: 0, bytes: [7, 8]),
                        of: Self.scope.scope, now: 1)
                    try require("nothing is left", head.length, is: 0)
                    try require("nothing is listed", try transaction.staged(of: Self.scope.scope), is: [])
                }
            },
            Claim(name: "what no piece was added to for seven days is removed") { contract in
                let store = try contract.makeStore()
                try store.write { transaction in
                    try transaction.put(ScopeState(Self.scope))
                    let scope = Self.scope.scope
                    let staged = StagedChange(dot: Self.stagedDot, digest: .zero, total: 9, bytes: [1], at: 1_000)
                    try transaction.put(staged, of: scope)
                    try transaction.removeStaged(of: scope, before: 1_000)
                    try require("kept", try transaction.staged(at: Self.stagedDot, of: scope), is: staged)
                    try transaction.removeStaged(of: scope, before: 1_001)
                    try require("removed", try transaction.staged(at: Self.stagedDot, of: scope), is: nil)
                }
            },
        ]
    }

    private static var stagedDot: Dot { Dot(feed: FeedID(high: 1, low: 2), sequence: 1) }
}
