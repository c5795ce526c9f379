import Replication
import Synchronization
import Testing

@testable import SQLiteStore

@Suite("What is worked out ahead is what would be worked out in its turn")
struct LookaheadTests {
    /// Does what is asked for where it is asked for.
    private final class Inline: Background {
        func begin<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> @Sendable () -> Value { work }
    }

    private static func sums(_ count: Int, _ background: some Background) -> [Int] {
        var lookahead = Lookahead(count: count, from: 1) { (sum: inout Int, index: Int) in
            sum += sum * index
            return sum
        }
        return (0..<count).map { _ in lookahead.take(background) }
    }

    @Test(arguments: [0, 1, 2, 3, 12]) func eachValueFollowsTheOneBefore(_ count: Int) {
        let expected = Array(
            [1, 2, 6, 24, 120, 720, 5_040, 40_320, 362_880, 3_628_800, 39_916_800, 479_001_600].prefix(count))
        #expect(Self.sums(count, Inline()) == expected)
        #expect(Self.sums(count, BackgroundQueue()) == expected)
    }

    @Test func noMoreThanOneIsReadyBeforeItIsAskedFor() {
        let background = BackgroundQueue()
        let worked = Counter()
        var lookahead = Lookahead(count: 100, from: ()) { (_: inout Void, index: Int) in
            worked.add()
            return index
        }
        for taken in 0..<100 {
            #expect(lookahead.take(background) == taken)
            // What was begun comes before this on the queue.
            background.begin {}()
            #expect(worked.count <= taken + 2)
        }
        #expect(worked.count == 100)
    }

    private final class Counter: Sendable {
        private let value = Mutex(0)
        var count: Int { value.withLock { $0 } }
        func add() { value.withLock { $0 += 1 } }
    }
}
