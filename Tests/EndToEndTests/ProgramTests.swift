import Foundation
import Testing

/// What scripts rely on whatever the command: statuses, streams, where the replica is.
@Suite struct ProgramTests {
    @Test func helpVersionAndCompletionAreResults() throws {
        let place = try Workplace()
        for arguments in [["--help"], ["help", "case", "open"], ["case", "set", "--help"], ["--version"]] {
            let ending = try place.amends(arguments)
            #expect(ending.status == 0)
            #expect(!ending.output.isEmpty)
            #expect(ending.talk.isEmpty)
        }
        #expect(try place.amends(["--version"]).output.hasPrefix("amends "))
        for shell in ["bash", "zsh", "fish"] {
            let script = try place.amends(["--generate-completion-script", shell])
            #expect(script.status == 0)
            #expect(script.output.contains("amends"))
        }
        let help = try place.amends(["--help"]).output
        #expect(help.contains("Examples:"))
        #expect(!help.contains("serve"), "a command that does not work yet is absent")
    }

    @Test func whatIsNotUnderstoodIsStatusTwo() throws {
        let place = try Workplace()
        for arguments in [["frobnicate"], ["init"], ["case", "open", "--nothing"], ["case", "list", "--limit", "0"]] {
            let ending = try place.amends(arguments)
            #expect(ending.status == 2, "\(arguments)")
            #expect(ending.output.isEmpty)
            #expect(ending.talk.contains("Usage:"))
        }
    }

    /// A title in another encoding was saved as other words than the clerk's.
    @Test func anArgumentThatIsNoTextIsRefused() throws {
        let branch = try Branch(try Workplace())
        let line = #"exec "$0" case open --title "$(printf 'so\374p')" --severity 2 --by rina --replica "$1""#
        let ending = try branch.place.run("/bin/sh", ["-c", line, try Programs.path("amends"), branch.replica])
        #expect(ending.status == 2 && ending.output.isEmpty)
        #expect(ending.talk == "Error: argument 4 is not UTF-8\n")
        #expect(try branch.must("case", "list", "--json").output.contains("soup") == false)
    }

    @Test func aPlaceThatIsTakenIsSaid() throws {
        let place = try Workplace()
        let hub = try Hub(place)
        let taken = try #require(hub.address.wholeMatch(of: /http:..(.+)/)).1
        let second = try place.run(
            try Programs.path("amends-hub"), ["serve", "--data", place.file("hub"), "--listen", String(taken)])
        #expect(second.status == 1)
        #expect(second.talk.contains("cannot listen on \(taken): Address already in use"))
    }

    @Test func aChangeNeedsAPerson() throws {
        let branch = try Branch(try Workplace())
        let arguments = ["case", "open", "--title", "x", "--replica", branch.replica]
        let nobody = try branch.place.amends(arguments)
        #expect(nobody.status == 2)
        #expect(nobody.talk.contains("--by PERSON") && nobody.talk.contains("AMENDS_PERSON"))
        #expect(try branch.place.amends(arguments, environment: ["AMENDS_PERSON": ""]).status == 2)
        #expect(try branch.place.amends(arguments + ["--by", "rina"]).status == 0)
        #expect(try branch.place.amends(arguments, environment: ["AMENDS_PERSON": "budi"]).status == 0)
    }

    @Test func theReplicaIsFoundByOptionThenVariableThenDataFolder() throws {
        let place = try Workplace()
        let data = place.file("data")
        try #require(try place.amends(["init", "--name", "In XDG"], environment: ["XDG_DATA_HOME": data]).status == 0)
        try #require(try place.amends(["init", "--name", "In home"]).status == 0)
        let named = try Branch(place, named: "Named")
        let other = try Branch(place, file: "other.sqlite", named: "Other")
        func name(_ arguments: [String], _ environment: [String: String]) throws -> String? {
            try place.amends(["status", "--json"] + arguments, environment: environment).decoded(Status.self).scopes
                .first?.name
        }
        let variables = ["XDG_DATA_HOME": data, "AMENDS_REPLICA": named.replica]
        #expect(try name(["--replica", other.replica], variables) == "Other")
        #expect(try name([], variables) == "Named")
        #expect(try name([], ["XDG_DATA_HOME": data]) == "In XDG")
        #expect(try name([], [:]) == "In home")
        #expect(try name([], ["XDG_DATA_HOME": "relative"]) == "In home")
        #expect(FileManager.default.fileExists(atPath: data + "/amends/replica.sqlite"))
    }

    @Test func filesOfAReplicaAreTheirOwnersAlone() throws {
        let branch = try Branch(try Workplace())
        _ = try branch.open("--title", "x")
        for suffix in ["", ".key"] {
            let mode =
                try FileManager.default.attributesOfItem(atPath: branch.replica + suffix)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
        let again = try branch.run("init", "--name", "Again")
        #expect(again.status == 1)
        #expect(again.talk.contains("exists already"))
    }

    @Test(arguments: ["", " ", "\u{1B}[31mX", "two\nlines", "\u{202E}evil", String(repeating: "x", count: 257)])
    func aNameThatHarmsWhoReadsItIsRefused(name: String) throws {
        let place = try Workplace()
        let ending = try place.amends(["init", "--name", name, "--replica", place.file("a.sqlite")])
        #expect(ending.status == 2 && ending.talk.contains("a name has"), "\(ending.talk)")
        #expect(!FileManager.default.fileExists(atPath: place.file("a.sqlite.key")))
    }

    @Test func aReplicaThatIsMissingOrNewerIsRefusedWithASentence() throws {
        let branch = try Branch(try Workplace())
        let missing = try branch.run("status", "--replica", branch.place.file("none.sqlite"))
        #expect(missing.status == 1)
        #expect(missing.talk.contains("there is no replica at"))

        try branch.sql("PRAGMA user_version = 9999")
        for arguments in [["status"], ["case", "open", "--title", "x"]] {
            let ending = try branch.run(arguments)
            #expect(ending.status == 1)
            #expect(ending.talk.contains("newer version"))
        }
    }

    @Test func damageIsNamedAndNothingIsWritten() throws {
        struct Verified: Decodable {
            let ok: Bool
            let damage: [Damage]

            struct Damage: Decodable {
                let kind: String
                let table: String
                let row: String
                let reason: String
            }
        }
        let branch = try Branch(try Workplace())
        _ = try branch.open("--title", "Cold soup")
        #expect(try branch.must("verify", "--json").decoded(Verified.self).ok)
        try branch.sql("UPDATE recovery_case SET title = 'Warm soup'")
        let before = try Data(contentsOf: URL(fileURLWithPath: branch.replica))
        let ending = try branch.run("verify", "--json")
        #expect(ending.status == 5)
        let report = try ending.decoded(Verified.self)
        #expect(!report.ok)
        #expect(report.damage.contains { $0.kind == "projection" && $0.table == "recovery_case" && !$0.reason.isEmpty })
        #expect(try Data(contentsOf: URL(fileURLWithPath: branch.replica)) == before)
    }

    @Test func aReaderThatHasSeenEnoughIsNoFailure() throws {
        let branch = try Branch(try Workplace())
        // More than a pipe holds.
        for number in 1...40 { _ = try branch.open("--title", "\(number) \(String(repeating: "x", count: 2_000))") }
        let amends = try Programs.path("amends")
        let script =
            "set -o pipefail; \(amends) case list --json --replica \(branch.replica) | head -c 10; echo; echo ${PIPESTATUS[0]}"
        let ending = try branch.place.run("/bin/bash", ["-c", script])
        #expect(ending.output.hasSuffix("\n0\n"))
        #expect(ending.talk.isEmpty)

        let full = try branch.place.run(
            "/bin/bash", ["-c", "\(amends) case list --replica \(branch.replica) >/dev/full"])
        #expect(full.status == 1)
        #expect(full.talk.contains("could not be written") && !full.talk.contains("saved"))
        let saved = try branch.place.run(
            "/bin/bash",
            ["-c", "\(amends) case open --title last --by rina --replica \(branch.replica) >/dev/full"])
        #expect(saved.status == 1 && saved.talk.contains("is saved; the result could not be written"), "\(saved.talk)")
        #expect(try branch.must("case", "list", "--limit", "1").output.contains("last"))
    }

    @Test func coloursAndProgressAreForTerminals() throws {
        let branch = try Branch(try Workplace())
        _ = try branch.open("--title", "x")
        for ending in [try branch.must("case", "list"), try branch.must("status")] {
            #expect(!ending.output.contains("\u{1B}"))
            #expect(ending.talk.isEmpty)
        }
        let amends = try Programs.path("amends")
        func onTerminal(_ variables: String) throws -> String {
            // `script` gives the program a terminal.
            let command = "\(variables) \(amends) case list --replica \(branch.replica)"
            return try branch.place.run("/usr/bin/env", ["script", "-qec", command, "/dev/null"]).output
        }
        let colored = try onTerminal("TERM=xterm")
        guard colored.contains("case") else { return }
        #expect(colored.contains("\u{1B}[1m"))
        #expect(try !onTerminal("TERM=xterm NO_COLOR=1").contains("\u{1B}[1m"))
    }
}
