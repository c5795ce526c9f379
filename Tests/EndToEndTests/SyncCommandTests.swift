import Foundation
import Testing

/// Branches, a hub and headquarters, each a process of its own.
@Suite(.serialized) struct SyncCommandTests {
    private struct Exchange: Decodable {
        let sent: Int
        let received: Int
        let applied: Int
        let quarantined: Int
        let roundTrips: Int
        let waiting: Int
    }

    private struct Verified: Decodable {
        let ok: Bool
    }

    private struct Difference: Decodable {
        let equal: Bool
        let onlyA: [String]
        let onlyB: [String]
    }

    private struct Explained: Decodable {
        let winner: Claim
        let over: [Claim]
        let reason: String

        struct Claim: Decodable {
            let value: Scalar
            let person: String
        }
    }

    private struct Logged: Decodable {
        let change: String
        let position: Int?
        let person: String
        let branch: String
        let recordedAt: String
        let effectiveAt: String
        let operations: [Operation]

        struct Operation: Decodable {
            let field: String
            let action: String
        }
    }

    private struct Traced: Decodable {
        let stage: String
        let receivedBy: [Receiver]

        struct Receiver: Decodable {
            let branch: String
        }
    }

    private func join(_ branch: Branch, _ hub: Hub, _ code: String) throws {
        try branch.must("join", hub.address, "--code", code, "--name", branch.person)
    }

    private func sync(_ branches: Branch...) throws {
        for branch in branches { try branch.must("sync") }
    }

    @Test func twoTillsAndHeadquartersAgreeAfterAConflict() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let till = try Branch(place, file: "till.sqlite", named: "Kemang", person: "rina")
        let offline = try till.open("--title", "Cold soup", "--category", "kitchen", "--customer", "Ana")
        try join(till, hub, try hub.addBranch("Kemang"))
        let other = try Branch(place, file: "other.sqlite", named: nil, person: "budi")
        try join(other, hub, try hub.anotherCode("Kemang"))
        let chief = try Branch(place, file: "hq.sqlite", named: nil, person: "chief")
        try join(chief, hub, try hub.addBranch("Office", "--headquarters"))
        try sync(till, other, chief)

        // The provisional number stays as an alias of the lasting one, everywhere.
        let number = try chief.show(offline.case).case
        #expect(!number.hasPrefix("P-"))
        #expect(try chief.show(number).branch == "Kemang")
        #expect(try chief.show(number).texts("customer") == ["Ana"])

        try till.must("case", "set", number, "category=drinks")
        try other.must("case", "set", number, "category=service")
        try chief.must("case", "set", number, "severity=4")
        try sync(till, other, chief, till, other)
        for replica in [till, other, chief] {
            let conflict = try #require(try replica.run("conflicts", "--json").decoded([Conflict].self).first)
            #expect(conflict.case == number && conflict.field == "category")
            #expect(Set(conflict.values.map(\.value.text)) == ["drinks", "service"])
            #expect(Set(conflict.values.map(\.person)) == ["rina", "budi"])
            #expect(Set(conflict.values.map(\.branch)) == ["Kemang"])
            #expect(try replica.show(number).fields["severity"]?.map(\.value) == [.number(4)])
        }
        let explained = try chief.must("explain", number, "category", "--json").decoded(Explained.self)
        #expect(explained.winner.person == "budi" && explained.over.map(\.person).contains("rina"))
        #expect(!explained.reason.isEmpty)
        #expect(try chief.must("explain", number, "--json").decoded(Explained.self).winner.value == .text("noticed"))

        try chief.must("resolve", number, "category", "drinks")
        try sync(chief, till, other)
        try expectAgreement([till, other, chief])
        for replica in [till, other, chief] {
            #expect(try replica.run("conflicts").status == 0)
            #expect(try replica.show(number).texts("category") == ["drinks"])
            #expect(try replica.must("verify", "--json").decoded(Verified.self).ok)
        }

        let log = try chief.must("log", number, "--json").decoded([Logged].self)
        #expect(log.first?.change == offline.change)
        #expect(log.allSatisfy { $0.position != nil && !$0.operations.isEmpty })
        #expect(Set(log.map(\.branch)) == ["Kemang", "Office"])
        let trace = try till.must("trace", offline.change, "--json").decoded(Traced.self)
        #expect(trace.stage == "received")
        #expect(Set(trace.receivedBy.map(\.branch)) == ["Kemang", "Office"])
    }

    /// Every pair with the same scope shows the same position, history hash and fingerprint.
    private func expectAgreement(_ branches: [Branch]) throws {
        let scopes = try branches.map { try $0.must("status", "--json").decoded(Status.self).scopes }
        for (index, own) in scopes.enumerated() {
            for other in scopes[(index + 1)...] {
                for scope in own {
                    guard let twin = other.first(where: { $0.scope == scope.scope }) else { continue }
                    #expect(scope.position == twin.position && scope.historyHash == twin.historyHash)
                    #expect(scope.fingerprint == twin.fingerprint)
                }
            }
        }
        for other in branches.dropFirst() {
            let difference = try branches[0].must("diff", branches[0].replica, other.replica, "--json")
            #expect(try difference.decoded(Difference.self).equal)
        }
    }

    @Test func aReplicaIsComparedWithTheHub() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let branch = try Branch(place, named: nil)
        try join(branch, hub, try hub.addBranch("Kemang"))
        try sync(branch)
        #expect(try branch.run("diff", branch.replica, hub.address).status == 0)
        _ = try branch.open("--title", "Cold soup")
        #expect(try branch.run("diff", branch.replica, hub.address).status == 4, "a change waits")
        #expect(try branch.run("diff", hub.address, branch.replica).status == 4)
        #expect(try branch.run("diff", hub.address, hub.address).status == 2)
        try sync(branch)
        #expect(try branch.run("diff", hub.address, branch.replica).status == 0)
        let other = try Branch(place, file: "alone.sqlite", named: "Alone")
        #expect(try branch.run("diff", branch.replica, other.replica).status == 4, "nothing in common is not equal")
    }

    @Test func aBundleIsSyncByFile() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let till = try Branch(place, file: "till.sqlite", named: nil, person: "rina")
        try join(till, hub, try hub.addBranch("Kemang"))
        let other = try Branch(place, file: "other.sqlite", named: nil, person: "budi")
        try join(other, hub, try hub.anotherCode("Kemang"))
        try sync(till, other)

        let opened = try till.open("--title", "Cold soup", "--customer", "Ana")
        let bundle = place.file("kemang.bundle")
        let made = try till.must("bundle", "create", bundle, "--json").output
        #expect(made.contains("\"scope\":\"Kemang\"") && made.contains("\"unplaced\":1"), "\(made)")
        let mode = try FileManager.default.attributesOfItem(atPath: bundle)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        try other.must("bundle", "apply", bundle)
        try other.must("case", "step", opened.case, "apologised")
        let stranger = try Branch(place, file: "stranger.sqlite", named: nil, person: "sari")
        try join(stranger, hub, try hub.addBranch("Menteng"))
        try sync(stranger)
        let left = try stranger.must("bundle", "apply", bundle, "--json")
        #expect(left.output.contains("\"leftOut\":[\"Kemang\"],\"refused\":[]"), "\(left.output)")
        #expect(left.talk.contains("left out") && left.talk.contains("Kemang"))
        // Who carries pushes first; the hub agrees later with whom it came from.
        try sync(other, till)
        #expect(try till.show(opened.case).steps.map(\.person) == ["rina", "budi"])
        try expectAgreement([till, other])

        let forged = try place.write("not a bundle", to: "forged.bundle")
        #expect(try other.run("bundle", "apply", forged).status == 1)
        let whole = try Data(contentsOf: URL(fileURLWithPath: bundle))
        try whole.dropLast(100).write(to: URL(fileURLWithPath: forged))
        let cut = try other.run("bundle", "apply", forged)
        #expect(
            cut.status == 1 && cut.talk.contains("forged.bundle") && cut.talk.contains("copy it again"), "\(cut.talk)")
        let folder = try other.run("bundle", "apply", place.directory)
        #expect(folder.status == 1 && folder.talk.contains("a folder"))
    }

    @Test func aHubThatIsAwayKeepsNobodyFromWorking() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let branch = try Branch(place, named: nil)
        try join(branch, hub, try hub.addBranch("Kemang"))
        try sync(branch)
        try hub.stop()
        let opened = try branch.open("--title", "Cold soup")
        let ending = try branch.run("sync", "--json")
        #expect(ending.status == 4)
        let exchange = try ending.decoded(Exchange.self)
        #expect(exchange.sent == 0 && exchange.waiting == 1)
        #expect(
            ending.talk
                == "The hub at \(hub.address) cannot be reached: connection refused. Nothing was lost; 1 change waits. "
                + "Try again later.\n")
        #expect(try branch.must("status", "--json").decoded(Status.self).waiting == 1)
        #expect(try branch.must("trace", opened.change, "--offline", "--json").decoded(Traced.self).stage != "received")
    }

    @Test func aWatchIsWokenFromBothSidesAndEndsWhenAsked() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let till = try Branch(place, file: "till.sqlite", named: nil, person: "rina")
        try join(till, hub, try hub.addBranch("Kemang"))
        let other = try Branch(place, file: "other.sqlite", named: nil, person: "budi")
        try join(other, hub, try hub.anotherCode("Kemang"))
        let watch = try place.start(
            try Programs.path("amends"), ["sync", "--watch", "--json", "--replica", other.replica, "--log-json"])
        let opened = try till.open("--title", "Cold soup")
        try sync(till)
        // Other rounds may come first, as those that bring the directory.
        while try other.run("case", "show", opened.case).status != 0 { #expect(try round(of: watch).applied > 0) }
        try other.must("case", "step", opened.case, "apologised")
        while try round(of: watch).sent == 0 {}
        try sync(till)
        #expect(try till.show(opened.case).steps.count == 2)
        watch.terminate()
        #expect(try watch.wait().status == 0)
    }

    /// The next round that the watch reports.
    private func round(of watch: RunningProgram) throws -> Exchange {
        try JSONDecoder().decode(Exchange.self, from: Data(try watch.nextLine().utf8))
    }

    @Test func whoHasNotJoinedOrHasAUsedCodeIsTold() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let branch = try Branch(place)
        let alone = try branch.run("sync")
        #expect(alone.status == 1)
        #expect(alone.talk.contains("has not joined a chain"))
        let code = try hub.addBranch("Kemang")
        try join(branch, hub, code)
        let other = try Branch(place, file: "other.sqlite", named: nil)
        let refused = try other.run("join", hub.address, "--code", code)
        #expect(refused.status == 1)
        #expect(refused.talk.contains("used"))
        #expect(try other.run("join", "not a url", "--code", code).status == 2)
    }
}
