import Causality
import Changes
import Inspection
import Replication
import SQLiteStore
import ServiceRecovery
import StoreContract
import Testing

@Suite("Why a field shows what it shows")
struct ExplanationTests {
    @Test func aWriteThatHadSeenTheOther() throws {
        let branch = try Branch()
        let origin = try branch.open("Lamp", at: branch.ana)
        let first = try branch.edit([.write(.team, "day")], of: origin, at: branch.ana)
        try branch.syncAll()
        let second = try branch.edit([.write(.team, "night")], of: origin, at: branch.boris)
        let explanation = try #require(try branch.explain("team", of: origin, at: branch.boris).first)
        #expect(explanation.winner?.value == .text("night") && explanation.winner?.author.person == "p-boris")
        #expect(explanation.over.map(\.claim.value) == [.text("day")])
        #expect(explanation.over.first?.claim.author.change == first.dot)
        guard case .replaced(let by)? = explanation.over.first?.why else {
            Issue.record("\(explanation.over)")
            return
        }
        #expect(by.change == second.dot)
        #expect(explanation.reason == "p-boris wrote it last, having seen what stood there before")
    }

    @Test func concurrentWritesAndTheirTimes() throws {
        let branch = try Branch()
        let origin = try branch.open("Lamp", at: branch.ana)
        try branch.syncAll()
        try branch.edit([.write(.team, "day"), .severity(.critical)], of: origin, at: branch.ana)
        try branch.edit([.write(.team, "night"), .severity(.moderate)], of: origin, at: branch.boris)
        try branch.syncAll()
        for machine in branch.machines {
            let team = try #require(try branch.explain("team", of: origin, at: machine).first)
            #expect(team.winner?.value == .text("night"))
            #expect(team.over.map(\.why) == [.earlier])
            #expect(team.reason.contains("2 writes had not seen each other"))
            let severity = try #require(try branch.explain("severity", of: origin, at: machine).first)
            #expect(severity.winner?.value == .integer(4))
            #expect(severity.over.first?.why == .smaller)
            // The value that both had seen is history.
            #expect(severity.over.last?.claim.value == .integer(1))
        }
    }

    @Test func tiesAreBrokenByFeed() throws {
        let branch = try Branch()
        let origin = try branch.open("Lamp", at: branch.ana)
        try branch.syncAll()
        for machine in branch.machines { machine.clockOffset = 10_000_000 }
        try branch.edit([.write(.team, "day")], of: origin, at: branch.ana)
        try branch.edit([.write(.team, "night")], of: origin, at: branch.boris)
        branch.hub.now -= 1_000
        try branch.syncAll()
        let team = try #require(try branch.explain("team", of: origin, at: branch.ana).first)
        // Both clocks were far ahead, so both count as made five minutes after the hub had them, at one moment.
        #expect(team.over.map(\.why) == [.tie])
        #expect(team.reason.contains("its clock was ahead"))
    }

    @Test func equalValuesAreOne() throws {
        let branch = try Branch()
        let origin = try branch.open("Lamp", at: branch.ana)
        try branch.syncAll()
        for machine in branch.machines { try branch.edit([.write(.team, "day")], of: origin, at: machine) }
        try branch.syncAll()
        let team = try #require(try branch.explain("team", of: origin, at: branch.ana).first)
        #expect(team.over.map(\.why) == [.same])
    }

    @Test func theStepThatDecidesTheStatus() throws {
        let branch = try Branch()
        let origin = try branch.open("Lamp", at: branch.ana)
        try branch.step(.acknowledged, of: origin, at: branch.ana)
        let deciding = try branch.step(.fixed, of: origin, at: branch.ana)
        try branch.step(.note, of: origin, at: branch.ana)
        let status = try #require(try branch.explain("status", of: origin, at: branch.ana).first)
        #expect(status.winner?.value == .text(CaseStatus.fixed))
        #expect(status.winner?.author.change == deciding.dot)
        #expect(status.over.map(\.claim.value) == [.text(CaseStatus.acknowledged), .text(CaseStatus.noticed)])
        #expect(status.reason.contains("fixed"))
    }

    @Test func setsAreExplainedElementByElement() throws {
        let branch = try Branch()
        let origin = try branch.open("Lamp", at: branch.ana)
        try branch.edit([.add("a", to: .tags), .add("b", to: .tags)], of: origin, at: branch.ana)
        try branch.edit([.remove("b", from: .tags)], of: origin, at: branch.ana)
        let tags = try branch.explain("tags", of: origin, at: branch.ana)
        #expect(tags.map(\.winner?.value) == [.text("a"), nil])
        #expect(tags[1].reason.contains("cleared it"))
        #expect(tags[1].over.map(\.claim.value) == [.text("b")])
    }

    @Test func nothingIsExplainedWhereNothingWasWritten() throws {
        let branch = try Branch()
        let origin = try branch.open("Lamp", at: branch.ana)
        #expect(try branch.explain("team", of: origin, at: branch.ana).isEmpty)
        let all = try branch.ana.store.base.read {
            try Explainer($0, schemas: Branch.schemas).explainAll(of: branch.place(origin))
        }
        #expect(all.first?.field == "status" && all.contains { $0.field == "title" })
    }

    /// Only the last values are listed, the others counted.
    @Test func historyIsBounded() throws {
        let branch = try Branch()
        let origin = try branch.open("Lamp", at: branch.ana)
        for number in 0..<Explanation.historyLimit + 5 {
            try branch.edit([.write(.team, Text("t\(number)"))], of: origin, at: branch.ana)
        }
        let team = try #require(try branch.explain("team", of: origin, at: branch.ana).first)
        #expect(team.over.count == Explanation.historyLimit && team.unlisted == 4)
    }
}
