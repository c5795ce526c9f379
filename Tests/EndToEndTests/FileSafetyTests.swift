import Foundation
import Testing

/// What a slip of the hand, a foreign key or a damaged file must not cost.
@Suite struct FileSafetyTests {
    @Test func aBundleTakesThePlaceOfNothingButABundle() throws {
        let place = try Workplace()
        let branch = try Branch(place)
        _ = try branch.open("--title", "Cold soup")
        let note = try place.write("a letter", to: "letter.txt")
        for target in [branch.replica, branch.replica + ".key", branch.replica + ".lock", note, place.directory] {
            let before = try? Data(contentsOf: URL(fileURLWithPath: target))
            let ending = try branch.run("bundle", "create", target)
            #expect(ending.status == 1, "\(target)")
            #expect(ending.talk.contains("name another"), "\(ending.talk)")
            #expect(before == (try? Data(contentsOf: URL(fileURLWithPath: target))))
        }
        // By another way to the folder, and where there is no such file yet.
        let other = place.file("other")
        try FileManager.default.createSymbolicLink(atPath: other, withDestinationPath: place.directory)
        let log = try branch.run("bundle", "create", other + "/branch.sqlite-journal")
        #expect(log.status == 1 && log.talk.contains("a file of the replica itself"), "\(log.talk)")
        #expect(try branch.must("case", "list").output.contains("Cold soup"))
    }

    /// A machine would write as the other one, and begin with a number that is given.
    @Test func theKeyOfAnotherReplicaIsRefused() throws {
        let place = try Workplace()
        let (ana, ben) = (try Branch(place, file: "a.sqlite"), try Branch(place, file: "b.sqlite"))
        let first = try ana.open("--title", "first")
        let key = URL(fileURLWithPath: ana.replica + ".key")
        let own = try Data(contentsOf: key)
        try Data(contentsOf: URL(fileURLWithPath: ben.replica + ".key")).write(to: key)
        let ending = try ana.run("case", "open", "--title", "second")
        #expect(ending.status == 1)
        #expect(ending.talk.contains("the key of another replica"))
        try own.write(to: key)
        #expect(try ana.open("--title", "second").case != first.case)
        #expect(try ana.run("verify").status == 0)
    }

    /// Found by a trial: until its first change a file took the key of any replica, and refused its own from then on.
    @Test func aNewFileKnowsItsKey() throws {
        let place = try Workplace()
        let (ana, ben) = (try Branch(place, file: "a.sqlite"), try Branch(place, file: "b.sqlite"))
        let key = URL(fileURLWithPath: ana.replica + ".key")
        let own = try Data(contentsOf: key)
        try Data(contentsOf: URL(fileURLWithPath: ben.replica + ".key")).write(to: key)
        let ending = try ana.run("case", "open", "--title", "first")
        #expect(ending.status == 1 && ending.talk.contains("the key of another replica"))
        try own.write(to: key)
        _ = try ana.open("--title", "first")
    }

    /// Found by a trial: by a link the file was read, and not written, for its key lies beside the file.
    @Test func aLinkToAFileIsTheFile() throws {
        let place = try Workplace()
        let branch = try Branch(place)
        let link = place.file("link.sqlite")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: branch.replica)
        let ending = try place.amends(
            ["case", "open", "--title", "Cold soup"], environment: ["AMENDS_REPLICA": link, "AMENDS_PERSON": "rina"])
        #expect(ending.status == 0, "\(ending.talk)")
        #expect(try branch.must("case", "list").output.contains("Cold soup"))
    }

    @Test func anEmptyFileIsNoReplicaAndStaysEmpty() throws {
        let branch = try Branch(try Workplace())
        try Data().write(to: URL(fileURLWithPath: branch.replica))
        for arguments in [["case", "list"], ["verify"], ["case", "open", "--title", "x"], ["status"]] {
            let ending = try branch.run(arguments)
            #expect(ending.status == 1, "\(arguments)")
            #expect(ending.talk.contains("is empty"), "\(arguments): \(ending.talk)")
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: branch.replica)).isEmpty)
    }

    /// As of a variable that is not set.
    @Test(arguments: [["init", "--name", "x"], ["verify"], ["status"]])
    func anEmptyPathIsNotUnderstood(arguments: [String]) throws {
        let ending = try Workplace().amends(arguments + ["--replica", ""])
        #expect(ending.status == 2)
        #expect(ending.talk.contains("names no file"))
    }

    /// A number in the file that no feed comes to ended the program without a word.
    @Test(arguments: [
        "UPDATE feed SET placed = sequence + 1", "UPDATE feed SET sequence = 9223372036854775807",
        "UPDATE scope SET position = 9223372036854775807",
    ])
    func aDamagedNumberIsNamed(damage: String) throws {
        let branch = try Branch(try Workplace())
        _ = try branch.open("--title", "Cold soup")
        try branch.sql(damage)
        for arguments in [["status"], ["case", "open", "--title", "x"]] {
            let ending = try branch.run(arguments)
            #expect(ending.talk.contains("damage in table"), "\(arguments): \(ending.status) \(ending.talk)")
        }
        #expect(try branch.run("verify").status == 5)
    }

    @Test func valuesMayBeginWithAMinus() throws {
        let branch = try Branch(try Workplace())
        let opened = try branch.open("--title", "-5 EUR on the bill", "--at", "2026-07-31T14:05", "--zone", "-05:00")
        try branch.must("case", "step", opened.case, "note", "--note", "-5 EUR agreed", "--zone", "-03:00")
        let shown = try branch.show(opened.case)
        #expect(shown.texts("title") == ["-5 EUR on the bill"])
        #expect(shown.steps.first?.at == "2026-07-31T14:05:00.000-05:00")
        #expect(shown.steps.last?.note == "-5 EUR agreed")
    }

    @Test func resolvingSaysWhatIsLeft() throws {
        let branch = try Branch(try Workplace())
        let opened = try branch.open("--title", "Cold soup", "--category", "kitchen")
        let page = try #require(try branch.show(opened.case).fields["category"]?.first?.change)
        let other = try branch.open("--title", "Another").change
        try branch.must("case", "set", opened.case, "category=drinks")
        try branch.must("case", "set", opened.case, "category=service", "--shown", page)
        #expect(try branch.run("resolve", opened.case, "category", "drinks", "--shown", "").status == 2)
        let foreign = try branch.run("resolve", opened.case, "category", "drinks", "--shown", other)
        #expect(foreign.status == 1)
        #expect(foreign.talk.contains("wrote nothing of"))
        let seen = try #require(try branch.show(opened.case).fields["category"]?.first?.change)
        let partly = try branch.must("resolve", opened.case, "category", "bar", "--shown", seen)
        #expect(partly.output.contains("2 values of category are still to choose from"))
        #expect(try branch.must("resolve", opened.case, "category", "bar").output.contains("is settled"))
        #expect(try branch.run("conflicts").status == 0)
    }

    /// A copy of the database alone was empty after a clean stop, and one damaged row kept a hub from all its chains.
    @Test func aHubStopsWithAnEmptyLogAndServesBesideADamagedCertificate() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let till = try Branch(place, file: "till.sqlite", named: nil)
        try till.must("join", hub.address, "--code", try hub.addBranch("Kemang"))
        _ = try till.open("--title", "Cold soup")
        try till.must("sync")
        try hub.stop()
        let folder = place.file("hub")
        let chain = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).first)
        let database = "\(folder)/\(chain)/hub.sqlite"
        #expect(!FileManager.default.fileExists(atPath: database + "-wal"))
        let script = """
            import sqlite3, sys
            file = sqlite3.connect(sys.argv[1], isolation_level=None)
            print(file.execute("UPDATE certificate SET body = x'00'").rowcount)
            """
        let damaged = try place.run("/usr/bin/env", ["python3", "-c", script, database])
        #expect(damaged.output == "1\n")
        let again = try place.start(
            try Programs.path("amends-hub"), ["serve", "--data", folder, "--listen", "127.0.0.1:0"])
        #expect(try again.nextLine().hasPrefix("listening on"))
        again.terminate()
        #expect(try again.wait().status == 0)
    }
}
