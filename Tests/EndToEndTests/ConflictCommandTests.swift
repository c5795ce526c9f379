import Foundation
import Testing

/// People who write without having seen each other.
@Suite struct ConflictCommandTests {
    @Test func aWriteThatWasShownAnOlderVersionReplacesOnlyThat() throws {
        let branch = try Branch(try Workplace())
        let opened = try branch.open("--title", "Cold soup", "--category", "kitchen")
        let page = try #require(try branch.show(opened.case).fields["category"]?.first?.change)
        try branch.must("case", "set", opened.case, "category=drinks")
        #expect(try branch.run("conflicts").status == 0)

        // The page still shows `kitchen`; what it saves does not touch `drinks`.
        try branch.must("case", "set", opened.case, "category=service", "--shown", page, "--by", "budi")
        let shown = try branch.show(opened.case)
        #expect(shown.conflicts == ["category"])
        #expect(shown.texts("category") == ["service", "drinks"], "the one that counts comes first")

        let listed = try branch.run("conflicts", "--json")
        #expect(listed.status == 3)
        let conflict = try #require(try listed.decoded([Conflict].self).first)
        #expect(conflict.case == opened.case)
        #expect(conflict.field == "category")
        #expect(conflict.values.map(\.person) == ["budi", "rina"])
        #expect(conflict.values.map(\.branch) == ["Kemang", "Kemang"])
        #expect(conflict.values.allSatisfy { $0.at.hasSuffix("+07:00") })
        #expect(try branch.must("status", "--json").decoded(Status.self).conflicts == 1)

        try branch.must("resolve", opened.case, "category", "drinks")
        #expect(try branch.show(opened.case).texts("category") == ["drinks"])
        #expect(try branch.must("conflicts", "--json").output == "[]\n")
    }

    @Test func twoNamesOfOneCustomerAreNoConflict() throws {
        let branch = try Branch(try Workplace())
        let opened = try branch.open("--title", "Cold soup", "--customer", "Ana Popescu")
        let first = try #require(try branch.show(opened.case).fields["customer"]?.first)
        try branch.must("case", "set", opened.case, "customer=\(try #require(first.subject))")
        try branch.must("case", "set", opened.case, "customer=Ana Popescu", "--shown", first.change)
        #expect(try branch.run("conflicts").status == 0)
        // Found by a trial: the list said that there was something to choose.
        #expect(try branch.must("case", "list", "--json").decoded([Listed].self).map(\.conflicts) == [0])
        #expect(!(try branch.must("explain", opened.case, "customer").output.contains("to choose")))

        try branch.must("case", "set", opened.case, "customer=Dan Ionescu", "--shown", first.change)
        #expect(try branch.run("conflicts").status == 3)
        try branch.must("resolve", opened.case, "customer", "Ana Popescu")
        #expect(try branch.show(opened.case).fields["customer"]?.map(\.subject) == [first.subject])
    }

    /// Found by a trial: it made a person disagree with themselves.
    @Test func aVersionOfAnotherCaseIsRefused() throws {
        let branch = try Branch(try Workplace())
        let other = try branch.open("--title", "Warm beer")
        let change = try #require(try branch.show(other.case).fields["title"]?.first?.change)
        let opened = try branch.open("--title", "Cold soup", "--category", "kitchen")
        let ending = try branch.run("case", "set", opened.case, "category=drinks", "--shown", change)
        #expect(ending.status == 1)
        #expect(ending.talk.contains("wrote nothing of"))
        #expect(try branch.show(opened.case).texts("category") == ["kitchen"])
    }

    @Test func aVersionThatIsNotHereIsNamed() throws {
        let branch = try Branch(try Workplace())
        let opened = try branch.open("--title", "Cold soup")
        let ending = try branch.run(
            "case", "set", opened.case, "title=x", "--shown", "00000000000000000000000000000000:1")
        #expect(ending.status == 1)
        #expect(ending.talk.contains("there is no change"))
        #expect(try branch.show(opened.case).texts("title") == ["Cold soup"])
    }
}
