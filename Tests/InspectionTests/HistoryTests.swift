import Causality
import Changes
import Inspection
import Replication
import SQLiteStore
import ServiceRecovery
import StoreContract
import Testing

@Suite("A case's history")
struct HistoryTests {
    @Test func listsEveryChangeWithItsAuthor() throws {
        let branch = try Branch()
        let origin = try branch.open("Lamp", at: branch.ana)
        try branch.edit([.write(.category, "room"), .add("vip", to: .tags)], of: origin, at: branch.ana)
        try branch.syncAll()
        branch.boris.clockOffset = 3_600_000
        try branch.step(.agreed, of: origin, at: branch.boris)
        try branch.edit([.write(.category, nil), .remove("vip", from: .tags)], of: origin, at: branch.boris)
        try branch.syncAll()
        let history = try branch.ana.store.base.read { try CaseHistory(of: branch.place(origin), $0) }
        #expect(history.lines.map(\.author.person) == ["p-ana", "p-ana", "p-boris", "p-boris"])
        #expect(history.lines.map(\.author.position) == [1, 2, 3, 4])
        #expect(history.lines.allSatisfy { $0.setAside == nil && $0.author.recordedAt.zoneMinutes == 420 })
        let deeds = history.lines.map { $0.operations.map { "\($0.field) \($0.action)" } }
        #expect(deeds[0].contains("title wrote") && deeds[0].contains("steps appended"))
        #expect(deeds[1] == ["category wrote", "tags added"])
        #expect(deeds[2] == ["steps appended"])
        #expect(deeds[3] == ["category cleared", "tags removed"])
        // An hour ahead counts as five minutes after the hub had it.
        let late = history.lines[2].author
        #expect(late.recordedAt.milliseconds - late.effectiveAt.milliseconds > 3_000_000)
        #expect(history.lines[0].author.recordedAt == history.lines[0].author.effectiveAt)
    }

    @Test func personalWordsAreInPlaceWhereTheyAreHeld() throws {
        let branch = try Branch()
        let origin = try branch.open("Lamp", at: branch.ana)
        func customer() throws -> Value? {
            let history = try branch.ana.store.base.read { try CaseHistory(of: branch.place(origin), $0) }
            return history.lines[0].operations.first { $0.field == "customer" }?.value["name"]
        }
        #expect(try customer() == .text("Dewi"))
        try branch.ana.store.base.close()
        try damage(branch.path(branch.ana), "UPDATE part SET body = NULL")
        let reader = try SQLiteStore(reading: branch.path(branch.ana), schemas: Branch.schemas)
        let history = try reader.read { try CaseHistory(of: branch.place(origin), $0) }
        let name = history.lines[0].operations.first { $0.field == "customer" }?.value["name"]
        #expect(name == .personal(PartReference(part: 0, item: 0)))
    }

    @Test func whatTheHubSetsAsideIsMarked() throws {
        let branch = try Branch()
        let origin = try branch.open("Lamp", at: branch.ana)
        try branch.ana.write(
            [
                FieldOperation(
                    record: 0, target: FieldTarget(field: "title", kind: .set, element: .integer(1)), value: .null)
            ],
            to: origin, in: branch.scope, schema: CaseSchema.id)
        try branch.syncAll()
        let history = try branch.ana.store.base.read { try CaseHistory(of: branch.place(origin), $0) }
        #expect(history.lines.map(\.setAside) == [nil, .void])
    }
}
