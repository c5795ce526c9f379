import Replication
import SQLiteStore
import Testing

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

    @Test func noMoreThanOneIsBegunBeforeItIsAskedFor() {
        let background = Counting()
        var lookahead = Lookahead(count: 100, from: ()) { (_: inout Void, index: Int) in index }
        for taken in 0..<100 {
            #expect(lookahead.take(background) == taken)
            #expect(background.begun == min(taken + 2, 100))
        }
    }

    /// Counts what it takes on.
    private final class Counting: Background {
        private let queue = BackgroundQueue()
        private(set) var begun = 0

        func begin<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> @Sendable () -> Value {
            begun += 1
            return queue.begin(work)
        }
    }
}
