import Causality
import Changes
import Replication
import StoreContract
import Testing

@Suite("A wrong clock decides nothing and is refused nothing")
struct ClockTests {
    private static let tenYears: Int64 = 315_576_000_000

    @Test(arguments: [tenYears, -tenYears])
    func aClockTenYearsOffMovesNobodyElses(_ offset: Int64) throws {
        let talk = try Conversation()
        let (wrong, ben) = (talk.replicas[0], talk.replicas[1])
        wrong.clockOffset = offset
        for round in 0..<5 {
            try wrong.put("title", .text("wrong \(round)"), in: talk.scope)
            try wrong.step("wrong \(round)", in: talk.scope)
        }
        let report = try wrong.sync()
        #expect(report.isComplete && report.sent == 10, "nothing is refused")
        talk.hub.now += 1_000
        try talk.settle()
        for replica in talk.replicas { try ChainChecks.alwaysBounded(replica, greatestHubTime: talk.hub.now) }
        // A later write that saw them wins, whatever its clock says.
        try ben.put("title", .text("later"), in: talk.scope)
        try ben.step("later", in: talk.scope)
        try talk.settle()
        try talk.expectAgreement()
        for replica in talk.replicas {
            #expect(try replica.values("title", in: talk.scope) == [.text("later")])
            #expect(try replica.steps(in: talk.scope).last == .text("later"), "a step comes after those that it saw")
        }
        let stamp = try ben.put("note", .text("now"), in: talk.scope).header.stamp
        #expect(stamp <= HybridTimestamp(milliseconds: talk.hub.now + 301_000))
    }

    @Test func aConcurrentWriteFromTheFutureWinsByNoMoreThanFiveMinutes() throws {
        let talk = try Conversation(2)
        let (wrong, ben) = (talk.replicas[0], talk.replicas[1])
        wrong.clockOffset = ClockTests.tenYears
        try wrong.put("title", .text("future"), in: talk.scope)
        try wrong.sync()
        talk.hub.now += 300_002
        try ben.put("title", .text("present"), in: talk.scope)
        try talk.settle()
        try talk.expectAgreement()
        for replica in talk.replicas {
            #expect(try replica.latest("title", in: talk.scope) == .text("present"))
            #expect(try replica.values("title", in: talk.scope).count == 2, "and the other is still there")
        }
    }

    /// Placing moves the effective time; the author folds its record again and agrees with those who never saw it move.
    @Test func theAuthorsOwnRecordFollowsItsEffectiveTime() throws {
        let talk = try Conversation(2)
        let wrong = talk.replicas[0]
        wrong.clockOffset = ClockTests.tenYears
        for round in 0..<3 { try wrong.step("\(round)", in: talk.scope) }
        try wrong.put("title", .text("x"), in: talk.scope)
        try talk.settle()
        try talk.expectAgreement()
        let title = try wrong.state(Conversation.record, in: talk.scope).winner("title", .latest)
        #expect(title?.effective == HybridTimestamp(milliseconds: Conversation.start + 300_000))
        #expect(try wrong.steps(in: talk.scope) == [.text("0"), .text("1"), .text("2")])
    }

    @Test func receivedTimesNeverFallWhenTheHubsClockDoes() throws {
        let talk = try Conversation(2)
        for turn in 0..<6 {
            try talk.replicas[turn % 2].put("title", .text("\(turn)"), in: talk.scope)
            try talk.replicas[turn % 2].sync()
            talk.hub.now += turn % 2 == 0 ? -1_000_000 : 10_000
        }
        try talk.settle()
        try talk.expectAgreement()
        let received = try talk.hub.store.read { $0.entries(of: talk.scope, after: 0, limit: 99) }.map { row in
            if case .change(_, let received, _) = row.entry { received } else { Int64(-1) }
        }
        #expect(received == received.sorted() && received.count == 6)
    }

    /// Found in review: whatever a hub's clock says must fit what an entry can hold, or no replica could read it.
    @Test(arguments: [Int64.min, -1, 0, Int64.max])
    func aHubWithASenselessClockStillServes(_ time: Int64) throws {
        let talk = try Conversation(2)
        talk.hub.now = time
        for replica in talk.replicas {
            replica.clockOffset = 0
            try replica.put("title", .text(replica.name), in: talk.scope)
        }
        try talk.settle()
        try talk.expectAgreement()
    }
}
