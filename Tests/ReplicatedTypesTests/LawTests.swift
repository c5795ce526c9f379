import Foundation
import Testing
import TypeLaws

/// Every type against the lattice laws and its definition over the history; `TypeLaws` has the checks.
///
/// Release builds, and any build with `AMENDS_FULL=1`, try every history of four operations of three replicas
/// and 10,000 random ones a type; debug builds every history of three operations, and 250.
/// `AMENDS_SEED` replays: give it the seed that a counterexample printed.
struct LawTests {
    private static let environment = ProcessInfo.processInfo.environment

    private static var isFull: Bool {
        #if DEBUG
            environment["AMENDS_FULL"] == "1"
        #else
            true
        #endif
    }

    private static var seed: UInt64 { environment["AMENDS_SEED"].flatMap { UInt64($0) } ?? 20_260_101 }

    @Test(arguments: ReplicatedKind.allCases)
    func everySmallHistoryKeepsLawsAndDefinition(kind: ReplicatedKind) {
        let report = kind.tryEveryHistory(operations: Self.isFull ? 4 : 3)
        #expect(report.holds, "\(report)")
        // Written out, so that an alphabet that shrinks by mistake is noticed too.
        let counts: [ReplicatedKind: (three: Int, four: Int)] = [
            .register: (2_504, 153_504), .set: (6_712, 318_240), .enableWinsFlag: (2_504, 153_504),
            .disableWinsFlag: (2_504, 153_504), .counter: (1_566, 26_001), .log: (1_566, 26_001),
            .escrow: (7_250, 200_625),
        ]
        #expect(report.cases == (Self.isFull ? counts[kind]?.four : counts[kind]?.three))
    }

    @Test(arguments: ReplicatedKind.allCases)
    func randomHistoriesKeepLawsAndDefinition(kind: ReplicatedKind) {
        let count = Self.isFull ? 10_000 : 250
        let report = kind.tryRandomHistories(seed: Self.seed, count: count)
        #expect(report.holds, "set AMENDS_SEED to the seed below to replay\n\(report)")
        #expect(report.cases == count)
    }

    @Test(arguments: BrokenCounter.allCases)
    func brokenTypeIsFound(counter: BrokenCounter) {
        #expect(counter.tryEveryHistory().counterexample != nil)
        #expect(counter.tryRandomHistories(seed: Self.seed, count: 100).counterexample != nil)
    }

    @Test func lawfulLatticeOfWrongMeaningIsFoundByItsDefinitionAlone() throws {
        let counterexample = try #require(BrokenCounter.keepsGreatest.tryEveryHistory().counterexample)
        #expect(counterexample.contains("by definition"))
    }

    /// 3: who writes. 12: two in a row by one (3) or by two (6), or two at once (3).
    @Test(arguments: zip(0...4, [1, 3, 12, 58, 321]))
    func historiesOfThreeReplicasAreCounted(operations: Int, count: Int) {
        #expect(countHistories(operations: operations, replicas: 3) { _ in 1 } == count)
    }

    /// One replica leaves no choice of past: only the operations differ.
    @Test func oneReplicaHasOneOrder() {
        #expect(countHistories(operations: 4, replicas: 1) { $0 + 1 } == 24)
    }
}
