import Testing

/// A case from its first word to its last, as a clerk works on it.
@Suite struct CaseCommandTests {
    @Test func aCaseIsOpenedWorkedOnAndShown() throws {
        let branch = try Branch(try Workplace())
        let opened = try branch.open(
            "--title", "Cold soup, table 4", "--category", "kitchen", "--severity", "2", "--tag", "soup", "--tag",
            "soup")
        #expect(opened.case.hasPrefix("P-"), "provisional before joining")
        try branch.must("case", "step", opened.case, "apologised")
        let step = try branch.must(
            "case", "step", opened.case, "agreed", "--note", "New soup", "--at", "2026-07-31T14:05", "--zone", "+03:30",
            "--json"
        ).decoded(Saved.self)
        #expect(step.status == "agreed")
        try branch.must("case", "set", opened.case, "severity=3", "assignee=budi", "tags+=refund", "tags-=soup")

        let shown = try branch.show(opened.case)
        #expect(shown.status == "agreed")
        #expect(shown.branch == "Kemang")
        #expect(shown.texts("title") == ["Cold soup, table 4"])
        #expect(shown.fields["severity"]?.map(\.value) == [.number(3)])
        #expect(shown.texts("assignee") == ["budi"])
        #expect(shown.texts("tags") == ["refund"])
        #expect(shown.fields["title"]?.first?.change == opened.change)
        #expect(shown.steps.map(\.kind) == ["recorded", "apologised", "agreed"])
        #expect(shown.steps.last?.at == "2026-07-31T14:05:00.000+03:30")
        #expect(shown.steps.last?.note == "New soup")
        #expect(shown.steps.allSatisfy { $0.person == "rina" && $0.branch == "Kemang" })
        #expect(shown.conflicts == [])
    }

    @Test func aCaseIsFoundBySpellingOfItsNumberAndByItsID() throws {
        let branch = try Branch(try Workplace())
        let opened = try branch.open("--title", "Wrong size")
        let spoken = opened.case.lowercased().split(separator: "-").joined(separator: " ")
        let id = try branch.show(spoken).id
        #expect(try branch.show(String(id.prefix(6))).case == opened.case)
        #expect(try branch.show(id.uppercased()).case == opened.case)
        #expect(try branch.run("case", "show", String(id.prefix(5))).status == 1)

        let mistyped = try branch.run("case", "show", opened.case.replacing("000001", with: "000002"))
        #expect(mistyped.status == 1)
        #expect(mistyped.talk.contains("check letter"))
        let unknown = try branch.run("case", "show", "INC1")
        #expect(unknown.status == 1)
        #expect(unknown.talk.contains("there is no case “INC1”"))
    }

    /// Anybody may add an alias, and the number on a customer's slip was of no use any more.
    @Test func anotherCasesAliasDoesNotHideANumber() throws {
        let branch = try Branch(try Workplace())
        let (first, second) = (try branch.open("--title", "one"), try branch.open("--title", "two"))
        try branch.must("case", "set", second.case, "alias+=\(first.case)", "alias+=SLIP-7")
        #expect(try branch.show(first.case).texts("title") == ["one"])
        #expect(try branch.show("SLIP-7").case == second.case)
    }

    @Test func aSetIsExplainedElementByElement() throws {
        struct Explained: Decodable {
            let element: String?
            let reason: String
            let winner: Winner?

            struct Winner: Decodable { let value: String? }
        }
        let branch = try Branch(try Workplace())
        let opened = try branch.open("--title", "one", "--tag", "urgent")
        func explained() throws -> [Explained] {
            try branch.must("explain", opened.case, "tags", "--json").decoded([Explained].self)
        }
        #expect(try explained().map(\.winner?.value) == ["urgent"])
        try branch.must("case", "set", opened.case, "tags-=urgent")
        let gone = try explained()
        #expect(gone.map(\.element) == ["urgent"])
        #expect(gone.allSatisfy { $0.winner == nil })
        #expect(try branch.must("explain", opened.case, "tags").output.contains("urgent is not in it"))
    }

    @Test(arguments: [
        "e\u{301}clair", "\u{E9}clair", "شكوى\u{200F} عن الحساب", "پروندهٔ هم‌گام", "\u{202E}abc", "tab\tand\nline",
    ])
    func textsComeBackByteForByte(title: String) throws {
        let branch = try Branch(try Workplace())
        let opened = try branch.open("--title", title, "--tag", title)
        let shown = try branch.show(opened.case)
        #expect(shown.texts("title").map { $0.map { Array(($0 ?? "").utf8) } } == [Array(title.utf8)])
        #expect(shown.texts("tags").map { $0.map { Array(($0 ?? "").utf8) } } == [Array(title.utf8)])
    }

    @Test func aTerminalDoesNotObeyWhatACaseHolds() throws {
        let branch = try Branch(try Workplace())
        let opened = try branch.open("--title", "soup\u{1B}[2J\nP-AAA-000009-X  forged row")
        for ending in [try branch.must("case", "show", opened.case), try branch.must("case", "list")] {
            #expect(!ending.output.contains("\u{1B}"))
            #expect(ending.output.contains("soup␛[2J␊P-AAA"))
        }
    }

    @Test func aCustomersNameIsAPersonalPart() throws {
        let branch = try Branch(try Workplace())
        let opened = try branch.open("--title", "Cold soup", "--customer", "Ana Popescu")
        try branch.must("case", "step", opened.case, "note", "--note", "She was very kind about it")
        let customer = try #require(try branch.show(opened.case).fields["customer"]?.first)
        #expect(customer.value == .text("Ana Popescu"))
        let subject = try #require(customer.subject)

        // The same name is the same person; another name is another one.
        try branch.must("case", "set", opened.case, "customer=Ana Popescu")
        #expect(try branch.show(opened.case).fields["customer"]?.map(\.subject) == [subject])
        try branch.must("case", "set", opened.case, "customer=Dan Ionescu")
        #expect(try branch.show(opened.case).fields["customer"]?.map(\.subject) != [subject])
        #expect(try branch.show(opened.case).steps.last?.note == "She was very kind about it")

        // The tables that anyone can query hold neither the name nor the words.
        let tables = try branch.sql("SELECT * FROM recovery_case") + branch.sql("SELECT * FROM recovery_case_steps")
        #expect(tables.contains("Cold soup"))
        #expect(!tables.contains("Ana"))
        #expect(!tables.contains("kind about"))
    }

    @Test func listsAreFiltered() throws {
        let branch = try Branch(try Workplace())
        let first = try branch.open("--title", "one")
        _ = try branch.open("--title", "two", "--severity", "4")
        try branch.must("case", "step", first.case, "fixed")
        let all = try branch.must("case", "list", "--json").decoded([Listed].self)
        #expect(all.map(\.title) == ["one", "two"], "the case that changed last comes first")
        #expect(all.map(\.severity) == [nil, 4])
        #expect(
            try branch.must("case", "list", "--status", "noticed", "--json").decoded([Listed].self).map(\.title) == [
                "two"
            ])
        #expect(
            try branch.must("case", "list", "--branch", "Kemang", "--limit", "1", "--json").decoded([Listed].self).count
                == 1)
        #expect(try branch.run("case", "list", "--branch", "Nowhere").status == 1)
        #expect(try branch.must("case", "list", "--status", "closed", "--json").output == "[]\n")
    }

    @Test func whatIsNotUnderstoodChangesNothing() throws {
        let branch = try Branch(try Workplace())
        let opened = try branch.open("--title", "one")
        for (arguments, status, words) in [
            (["case", "set", opened.case, "status=closed"], 2, "not typed in"),
            (["case", "set", opened.case, "colour=red"], 2, "no field “colour”"),
            (["case", "set", opened.case, "severity=9"], 2, "no severity"),
            (["case", "set", opened.case, "title=a", "title=b"], 2, "once"),
            (["case", "step", opened.case, "danced"], 2, "there are noticed, recorded, "),
            (["case", "open", "--title", ""], 2, "empty"),
            (["case", "open", "--title", "\u{200B}"], 2, "empty"),
            (["case", "open", "--title", "--severity=4"], 2, "the text is missing"),
            (["case", "step", opened.case, "note", "--note", "--json"], 2, "the text is missing"),
            (["case", "open", "--title", "two", "--by", ""], 2, "names nobody"),
            (["case", "open"], 2, "--title"),
            (["case", "step", opened.case, "fixed", "--at", "yesterday"], 2, "yesterday"),
            (["resolve", opened.case, "title", "x"], 1, "nobody disagrees"),
        ] as [([String], Int32, String)] {
            let ending = try branch.run(arguments)
            #expect(ending.status == status, "\(arguments)")
            #expect(ending.talk.contains(words), "\(arguments): \(ending.talk)")
            #expect(ending.output.isEmpty)
        }
        #expect(try branch.must("status", "--json").decoded(Status.self).waiting == 1)
    }
}
