import Foundation
import Testing

/// Machines that begin with the hub's snapshot, and what people make of it. Each was found by somebody who tried it.
@Suite struct SnapshotTroubleTests {
    /// One that was made while a branch sent years of work was handed out for a day: nearly all came one by one.
    @Test func aSnapshotOfABeginningIsMadeAnew() throws {
        struct Standing: Decodable {
            let scopes: [Scope]

            struct Scope: Decodable {
                let name: String
                let snapshot: Snapshot?
            }

            struct Snapshot: Decodable { let position: Int }
        }
        let place = try Workplace()
        let hub = try Hub(place, flags: ["--snapshot-entries", "4"])
        let till = try Branch.joined(place, hub, try hub.addBranch("Kemang"))
        // As many changes of a few cases in all.
        func record(_ count: Int) throws {
            let rows = (0..<count).map {
                ImportCommandTests.row("INC\($0 % 5)", "Active", version: $0, at: "1/3/2016 09:0\($0 % 5)")
            }
            let log = ([ImportCommandTests.header] + rows).joined(separator: "\n")
            try till.must("import", "incident-log", try place.write(log, to: "log.csv"))
            try till.must("sync")
        }
        func positionOfNewcomer(_ file: String) throws -> Int? {
            let newcomer = try Branch.joined(place, hub, try hub.anotherCode("Kemang"), file: file)
            try newcomer.must("sync")
            return try newcomer.must("status", "--json").decoded(Standing.self).scopes.compactMap(\.snapshot?.position)
                .first
        }
        try record(300)
        let first = try #require(try positionOfNewcomer("second.sqlite"))
        try record(310)
        #expect(try positionOfNewcomer("third.sqlite") == first, "one serves many")
        try record(700)
        #expect(try #require(try positionOfNewcomer("fourth.sqlite")) >= 2 * first)
        try hub.stop()
    }

    /// Found by a trial: at a machine that had begun with a snapshot the bundle of one that had been offline since before was refused,
    /// with what only it had, as if somebody had changed it.
    @Test func aBundleFromBeforeASnapshotIsTaken() throws {
        let place = try Workplace()
        let hub = try Hub(place, flags: ["--snapshot-entries", "4"])
        let till = try Branch.joined(place, hub, try hub.addBranch("Kemang"))
        _ = try till.open("--title", "Cold soup")
        try till.must("sync")
        let offline = try till.open("--title", "Wrong table")
        let bundle = place.file("kemang.bundle")
        try till.must("bundle", "create", bundle)
        let second = try Branch.joined(place, hub, try hub.anotherCode("Kemang"), file: "second.sqlite")
        let rows = (0..<300).map { ImportCommandTests.row("INC\($0)", "Active", version: $0, at: "1/3/2016 09:00") }
        try second.must(
            "import", "incident-log",
            try place.write(([ImportCommandTests.header] + rows).joined(separator: "\n"), to: "log.csv"))
        try second.must("sync")
        let newcomer = try Branch.joined(place, hub, try hub.anotherCode("Kemang"), file: "newcomer.sqlite")
        try newcomer.must("sync")
        #expect(try newcomer.must("status", "--json").output.contains("\"snapshot\":{"))
        try newcomer.must("bundle", "apply", bundle)
        #expect(try newcomer.show(offline.case).texts("title") == ["Wrong table"])
        try newcomer.must("case", "step", offline.case, "apologised")
        for branch in [newcomer, till, newcomer] { try branch.must("sync") }
        #expect(try till.run("diff", till.replica, newcomer.replica).status == 0)
        try hub.stop()
    }
}
