import SQLiteKit
import Testing

@Suite struct CheckpointPolicyTests {
    private let complete = WALCheckpoint(isBusy: false, logPages: 12, checkpointedPages: 12)
    private let held = WALCheckpoint(isBusy: false, logPages: 12, checkpointedPages: 3)

    /// The lengths of the log, one after the other, at which a checkpoint is due.
    private func due(_ policy: inout CheckpointPolicy, at lengths: Int...) -> [Int] {
        lengths.filter { policy.isDue(walPages: $0) }
    }

    @Test func aCheckpointIsDueAtTheLimit() {
        var policy = CheckpointPolicy(limitPages: 10)
        let first = due(&policy, at: 1, 9, 10)
        policy.record(complete)
        let second = due(&policy, at: 9, 10)
        #expect(first == [10])
        #expect(second == [10])
    }

    @Test func aReaderInTheWayPutsItOffByAsManyPagesAgain() {
        var policy = CheckpointPolicy(limitPages: 10)
        policy.record(held)
        let afterReader = due(&policy, at: 12, 21, 22)
        policy.recordFailure(walPages: 22)
        let afterFailure = due(&policy, at: 23, 31, 32)
        #expect(afterReader == [22])
        #expect(afterFailure == [32])
    }

    @Test func aLogThatSomeoneElseEmptiedStartsAnew() {
        var policy = CheckpointPolicy(limitPages: 10)
        policy.record(held)
        let due = due(&policy, at: 2, 10)
        #expect(due == [10])
    }
}
