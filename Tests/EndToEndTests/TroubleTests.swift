import Foundation
import Testing

/// What goes wrong around the programs, and what people make of it. Each was found by somebody who tried them.
@Suite struct TroubleTests {
    /// `verify` took a hub's file for a replica's, and called a sound one damaged.
    @Test func aHubsFileIsVerifiedAsAHubs() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let till = try Branch.joined(place, hub, try hub.addBranch("Kemang"))
        _ = try hub.addBranch("Menteng")
        _ = try till.open("--title", "Cold soup")
        try till.must("sync")
        let file = try #require(try hub.databases().first)
        let running = try place.amends(["verify", "--replica", file])
        #expect(running.status == 0 && running.output.hasPrefix("sound"), "\(running.output)")
        try hub.stop()
        #expect(try place.amends(["verify", "--replica", file]).status == 0)
    }

    /// The address stood in the file alone, and no command could change it.
    @Test func aHubThatHasMovedIsFollowed() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let till = try Branch.joined(place, hub, try hub.addBranch("Kemang"))
        _ = try till.open("--title", "Cold soup")
        try hub.stop()
        let lost = try till.run("sync")
        #expect(lost.status == 4)
        let foreign = try Hub(place, folder: "foreign")
        let other = try till.run("sync", "--hub", foreign.address)
        #expect(other.status == 4 && other.talk.contains("no such chain"), "\(other.talk)")
        try foreign.stop()
        let named = "\(foreign.address)/v1/chains/00000000000000000000000000000000"
        #expect(try till.run("sync", "--hub", named).talk.contains("another chain"))
        #expect(try till.sql("SELECT CAST(value AS TEXT) FROM setting WHERE key = 'hub url'") == hub.address + "\n")
        let moved = try Hub(place, again: hub)
        #expect(moved.address != hub.address)
        #expect(try till.run("sync").status == 4)
        let again = try till.run("join", moved.address, "--code", "0000-0000-0000-0000-0000-0000-0000")
        #expect(again.status == 1 && again.talk.contains("amends sync --hub"))
        #expect(try till.must("sync", "--hub", moved.address).output.contains("1 sent"))
        try till.must("sync")
        try moved.stop()
    }

    /// Found by a trial: headquarters writes in many branches under the same numbers, and could not name what it had been shown.
    @Test func whatWasShownIsOfTheBranchOfTheCase() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let office = try Branch.joined(place, hub, try hub.addBranch("Office", "--headquarters"), file: "office.sqlite")
        var cases: [String] = []
        for name in ["Kemang", "Menteng"] {
            let till = try Branch.joined(place, hub, try hub.addBranch(name), file: "\(name).sqlite")
            cases.append(try till.open("--title", "Cold soup").case)
            try till.must("sync")
        }
        try office.must("sync")
        let saved = try cases.map {
            try office.must("case", "set", $0, "category=x", "--json").decoded(Saved.self).change
        }
        #expect(saved[0] == saved[1])
        for (number, change) in zip(cases, saved) {
            try office.must("case", "set", number, "category=y", "--shown", change)
        }
        try hub.stop()
    }

    /// Found by a trial: two people of one name were listed as one, and the choice of that name took one of them.
    @Test func twoPeopleOfOneNameAreToldApart() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let first = try Branch.joined(place, hub, try hub.addBranch("Kemang"), file: "first.sqlite")
        let other = try Branch.joined(place, hub, try hub.anotherCode("Kemang"), file: "other.sqlite")
        let number = try first.open("--title", "Cold soup").case
        for branch in [first, other] { try branch.must("sync") }
        for branch in [first, other] { try branch.must("case", "set", number, "customer=Joe") }
        for branch in [first, other, first] { try branch.must("sync") }
        let subjects = try first.show(number).fields["customer"]?.compactMap(\.subject) ?? []
        #expect(Set(subjects).count == 2)
        let listed = try first.run("conflicts").output
        for subject in subjects { #expect(listed.contains("Joe (\(subject))"), "\(listed)") }
        let vague = try first.run("resolve", number, "customer", "Joe")
        #expect(vague.status == 1 && vague.talk.contains(subjects[0]), "\(vague.talk)")
        try first.must("resolve", number, "customer", subjects[1])
        #expect(try first.show(number).fields["customer"]?.map(\.subject) == [subjects[1]])
        try hub.stop()
    }

    /// Found by a trial: whoever took a bundle of a machine that the directory did not tell of could make none.
    @Test func aBundleGoesOnFromMachineToMachine() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let first = try Branch.joined(place, hub, try hub.addBranch("Kemang"), file: "first.sqlite")
        try first.must("sync")
        let other = try Branch.joined(place, hub, try hub.anotherCode("Kemang"), file: "other.sqlite")
        let third = try Branch.joined(place, hub, try hub.anotherCode("Kemang"), file: "third.sqlite")
        let theirs = try other.open("--title", "theirs").case
        try other.must("bundle", "create", place.file("other.bundle"))
        try first.must("bundle", "apply", place.file("other.bundle"))
        let ours = try first.open("--title", "ours").case
        try first.must("bundle", "create", place.file("first.bundle"))
        try third.must("bundle", "apply", place.file("first.bundle"))
        for number in [theirs, ours] { #expect(try third.run("case", "show", number).status == 0) }
        for branch in [first, third] {
            let found = try branch.run("verify")
            #expect(found.status == 0 && !found.output.contains("not known"), "\(found.output)")
        }
        for branch in [third, other, first] { try branch.must("sync") }
        #expect(try place.amends(["diff", first.replica, third.replica]).status == 0)
        try hub.stop()
    }

    /// A file that was copied wrote beside itself, and a bundle of the copy's came to an innocent machine: `status` said that all was well.
    @Test func aScopeThatIsStuckIsSaid() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let first = try Branch.joined(place, hub, try hub.addBranch("Kemang"), file: "first.sqlite")
        let other = try Branch.joined(place, hub, try hub.anotherCode("Kemang"), file: "other.sqlite")
        try first.must("sync")
        for suffix in ["", ".key"] {
            try FileManager.default.copyItem(atPath: first.replica + suffix, toPath: place.file("copy.sqlite") + suffix)
        }
        let copy = try Branch(place, file: "copy.sqlite", named: nil)
        _ = try first.open("--title", "A")
        _ = try copy.open("--title", "B")
        let bundle = place.file("copy.bundle")
        try copy.must("bundle", "create", bundle)
        try other.must("bundle", "apply", bundle)
        try first.must("sync")
        let stuck = try other.run("sync")
        #expect(stuck.status == 4 && stuck.talk.contains("copied"))
        let status = try other.must("status").output
        #expect(status.contains("Kemang is stuck: ") && status.contains("copied"), "\(status)")
        #expect(!(try first.must("status").output.contains("stuck")))
    }

    /// Once something more was recorded, the true reason gave way to one that follows from it; and `trace` said of what the hub had
    /// lost that it was placed.
    @Test func aHubThatWasRestoredIsNamedForAsLongAsItIs() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let till = try Branch.joined(place, hub, try hub.addBranch("Kemang"))
        try till.must("sync")
        try hub.stop()
        try FileManager.default.copyItem(atPath: hub.folder, toPath: place.file("older"))
        let running = try Hub(place, again: hub)
        let lost = try till.open("--title", "A")
        try till.must("sync", "--hub", running.address)
        try running.stop()
        try FileManager.default.removeItem(atPath: hub.folder)
        try FileManager.default.moveItem(atPath: place.file("older"), toPath: hub.folder)
        let restored = try Hub(place, again: hub)
        try till.sql("UPDATE setting SET value = CAST('\(restored.address)' AS BLOB) WHERE key = 'hub url'")
        for round in 0..<3 {
            let ending = try till.run("sync")
            #expect(ending.status == 4 && ending.talk.contains("restored from a copy"), "\(round): \(ending.talk)")
            #expect(try till.must("status").output.contains("restored from a copy"))
            #expect(try till.must("trace", lost.change).output.contains("has it no more"))
            let stuck = try till.open("--title", "B\(round)")
            if round > 0 {
                let traced = try till.must("trace", stuck.change).output
                #expect(traced.contains("it is stuck") && traced.contains("restored from a copy"), "\(traced)")
            }
        }
        try restored.stop()
    }

    /// Headquarters counts its changes in each branch, and what `log` printed could not be traced.
    @Test func aChangeOfHeadquartersIsTracedByItsBranch() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let till = try Branch.joined(place, hub, try hub.addBranch("Kemang"))
        let office = try Branch.joined(place, hub, try hub.addBranch("Office", "--headquarters"), file: "office.sqlite")
        let opened = try till.open("--title", "A")
        try till.must("sync")
        try office.must("sync")
        try office.must("case", "step", opened.case, "apologised")
        let own = try office.open("--title", "B")
        let ending = try office.run("trace", own.change)
        #expect(ending.status == 1 && ending.talk.contains("--branch NAME"), "\(ending.talk)")
        #expect(try office.must("trace", own.change, "--branch", "Office").output.contains("Office"))
        #expect(try office.must("trace", own.change, "--branch", "Kemang").output.contains("Kemang"))
        #expect(try office.run("trace", own.change, "--branch", "Nowhere").talk.contains("there is no branch"))
        try hub.stop()
    }

    @Test func aHubWithoutChainsIsNotReady() throws {
        let place = try Workplace()
        try FileManager.default.createDirectory(atPath: place.file("empty"), withIntermediateDirectories: false)
        let file = try place.write("x", to: "file")
        for (data, words) in [(place.file("empty"), "there is no chain in"), (file, "is no folder")] {
            let ending = try place.run(
                try Programs.path("amends-hub"), ["serve", "--data", data, "--listen", "127.0.0.1:0"])
            #expect(ending.status == 1 && ending.talk.contains(words), "\(ending.talk)")
        }
    }

    /// Opening it made a new database of it, and nobody said which file it was.
    @Test func aHubsFileThatIsEmptyIsNotBegunAnew() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        _ = try hub.addBranch("Kemang")
        let file = try #require(try hub.databases().first)
        try hub.stop()
        try Data().write(to: URL(fileURLWithPath: file))
        for suffix in ["-wal", "-shm"] where FileManager.default.fileExists(atPath: file + suffix) {
            try FileManager.default.removeItem(atPath: file + suffix)
        }
        let ending = try place.run(
            try Programs.path("amends-hub"), ["serve", "--data", hub.folder, "--listen", "127.0.0.1:0"])
        #expect(ending.status == 1 && ending.talk.contains("is empty") && ending.talk.contains(file), "\(ending.talk)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)).isEmpty)
    }

    @Test func damageThatACommandMeetsIsDamage() throws {
        let branch = try Branch(try Workplace())
        _ = try branch.open("--title", "x")
        try branch.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        var bytes = try Data(contentsOf: URL(fileURLWithPath: branch.replica))
        bytes.replaceSubrange(4_096..., with: Data(count: bytes.count - 4_096))
        try bytes.write(to: URL(fileURLWithPath: branch.replica))
        let ending = try branch.run("case", "list")
        #expect(ending.status == 5 && ending.talk.contains("amends verify"), "\(ending.talk)")
        #expect(!ending.talk.contains("SELECT"))
    }

    /// After a slip of the pen some commands said to join again, and others to remove the file.
    @Test func aCodeThatIsRefusedIsTriedAgainWithAnother() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let till = try Branch(place, file: "till.sqlite", named: nil)
        let garbage = try till.run("join", hub.address, "--code", "garbage")
        #expect(garbage.status == 2 && garbage.talk.contains("28 letters and digits"))
        let unknown = try till.run("join", hub.address, "--code", "0000-0000-0000-0000-0000-0000-0000")
        #expect(unknown.status == 1)
        let early = try till.run("case", "open", "--title", "x")
        #expect(early.status == 1 && early.talk.contains("run `amends join` again"), "\(early.talk)")
        try till.must("join", hub.address, "--code", try hub.addBranch("Kemang"))
        #expect(try till.run("verify").status == 0)
    }

    /// A join that was cut off before the file had a name was finished without one, and `verify` asked for it.
    @Test func aJoinThatWasCutOffIsFinished() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let till = try Branch(place, named: "Kemang")
        try till.sql("DELETE FROM setting WHERE key IN ('replica name', 'home scope', 'device mark')")
        try till.sql("DELETE FROM scope")
        try till.must("join", hub.address, "--code", try hub.addBranch("Kemang"), "--name", "Till 1")
        #expect(try till.sql("SELECT CAST(value AS TEXT) FROM setting WHERE key = 'replica name'") == "Till 1\n")
        #expect(try till.run("verify").status == 0)
    }

    /// What `init` had left when it was killed was in its own way: the same command could not be given again.
    @Test(arguments: ["an empty file", "a file without a branch", "a file without a branch and its key", "a whole one"])
    func aBeginningThatWasCutOffIsFinished(left: String) throws {
        let branch = try Branch(try Workplace(), named: left == "an empty file" ? nil : "Kemang")
        let files = FileManager.default
        switch left {
        case "an empty file": try Data().write(to: URL(fileURLWithPath: branch.replica))
        case "a whole one": _ = try branch.open("--title", "x")
        default:
            try branch.sql("DELETE FROM setting WHERE key IN ('replica name', 'home scope', 'device mark')")
            try branch.sql("DELETE FROM scope")
            if left == "a file without a branch" { try files.removeItem(atPath: branch.replica + ".key") }
        }
        let key = files.contents(atPath: branch.replica + ".key")
        let ending = try branch.run("init", "--name", "Menteng")
        if left == "a whole one" {
            #expect(ending.status == 1 && ending.talk.contains("exists already"))
            #expect(try branch.must("case", "list", "--json").decoded([Listed].self).map(\.branch) == ["Kemang"])
        } else {
            #expect(ending.status == 0, "\(ending.talk)")
            _ = try branch.open("--title", "x")
            #expect(try branch.must("case", "list", "--json").decoded([Listed].self).map(\.branch) == ["Menteng"])
        }
        if let key { #expect(files.contents(atPath: branch.replica + ".key") == key) }
        #expect(try branch.run("verify").status == 0)
    }

    @Test func aChainIsNotMadeTwiceByAccident() throws {
        let place = try Workplace()
        let program = try Programs.path("amends-hub")
        let arguments = ["init", "--data", place.file("hub"), "--chain", "Corner"]
        #expect(try place.run(program, arguments).status == 0)
        let again = try place.run(program, arguments)
        #expect(again.status == 1 && again.talk.contains("a chain of that name"))
        #expect(try place.run(program, ["init", "--data", place.file("hub"), "--chain", "Other"]).status == 0)
    }

    @Test func aStatusThatThereIsNotIsSaid() throws {
        let branch = try Branch(try Workplace())
        _ = try branch.open("--title", "x")
        let slip = try branch.run("case", "list", "--status", "followed_up")
        #expect(slip.status == 2 && slip.talk.contains("followed-up"))
        #expect(try branch.must("case", "list", "--status", "closed").output == "no cases\n")
    }

    @Test func whatHasNothingToSeeIsEmpty() throws {
        let branch = try Branch(try Workplace())
        #expect(try branch.run("case", "open", "--title", "  ").status == 2)
        let opened = try branch.open("--title", "x")
        for edit in ["title=", "title=  ", "tags+="] {
            let ending = try branch.run("case", "set", opened.case, edit)
            #expect(ending.status == 2 && ending.talk.contains("must not be empty"), "\(edit): \(ending.talk)")
        }
    }

    /// The example's check letter was not that of its number.
    @Test func theNumbersInTheHelpAreNumbers() throws {
        let branch = try Branch(try Workplace())
        for command in [["case", "show"], ["case", "step"], ["case", "set"], ["resolve"], ["log"], ["explain"], []] {
            let help = try branch.must(command + ["--help"]).output
            let numbers = help.matches(of: /[A-Z]{3}-[A-Z]{3}-[0-9]{6}-[A-Z]/).map { String($0.0) }
            #expect(!numbers.isEmpty, "\(command)")
            for number in Set(numbers) {
                #expect(try branch.run("case", "show", number).talk.contains("there is no case"), "\(number)")
            }
        }
    }

    /// User and system time that the hub takes while `body` runs.
    private func processorSeconds(of hub: Hub, _ body: () throws -> Void) throws -> Double {
        func seconds() throws -> Double {
            let text = try String(contentsOfFile: "/proc/\(hub.processID)/stat", encoding: .utf8)
            // After the name, which is in parentheses.
            let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
            return (Double(fields[11]) ?? 0) / 100 + (Double(fields[12]) ?? 0) / 100
        }
        let before = try seconds()
        try body()
        return try seconds() - before
    }

    /// Without a file left the hub answered nobody, at full speed, and sometimes died.
    @Test func connectionsDoNotTakeAHubsLastFile() throws {
        let place = try Workplace()
        let hub = try Hub(place, openFiles: 160)
        let till = try Branch.joined(place, hub, try hub.addBranch("Kemang"))
        _ = try till.open("--title", "Cold soup")
        let crowd = """
            import select, socket, sys
            host, port = sys.argv[1].rsplit("/", 1)[1].rsplit(":", 1)
            crowd = []
            for _ in range(300):
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex((host, int(port)))
                crowd.append(one)
            select.select([], crowd, [], 5)
            print("there", flush=True)
            open(sys.argv[2]).read()
            """
        // It goes when this pipe, which it reads, is closed.
        let pipe = place.file("stays")
        try #require(mkfifo(pipe, 0o600) == 0)
        let came = try place.start("/usr/bin/env", ["python3", "-c", crowd, hub.address, pipe])
        #expect(try came.nextLine() == "there")
        // Those whom it has taken stay, and it waits for one to go instead of trying to take the next, again and again.
        var looks = Duration.zero
        let used = try processorSeconds(of: hub) {
            looks = try ContinuousClock().measure { for _ in 0..<60 { try till.must("status") } }
        }
        #expect(Duration.seconds(used) < looks / 2, "\(used) s of processor time in \(looks)")
        try #require(FileHandle(forWritingAtPath: pipe)).close()
        #expect(try came.wait().status == 0)
        try till.must("sync")
        try hub.stop()
        let none = try place.run(
            "/bin/sh",
            [
                "-c", #"ulimit -n 64; exec "$0" serve --data "$1" --listen 127.0.0.1:0"#,
                try Programs.path("amends-hub"), place.file("hub"),
            ])
        #expect(none.status == 1 && none.talk.contains("ulimit -n"), "\(none.talk)")
    }
}
