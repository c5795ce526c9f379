import Causality
import Changes
import ServiceRecovery
import Testing

@Suite struct CaseTransactionTests {
    private func survives(_ draft: ChangeDraft) throws {
        #expect(try Operations(draft.operations.encoded()) == draft.operations)
    }

    @Test func anOpenedCaseHasItsFields() throws {
        let draft = try CaseDrafts.open(
            NewCase(
                title: "Cold soup", category: "food", severity: .serious, assignee: "ani", team: "kitchen",
                tags: ["late", "table 4"], customer: Customer(Sample.rina, name: "Rina"), number: "P-QXB-000001-A",
                at: Sample.moment, note: .plain("sent back")),
            by: Sample.author())
        try survives(draft)
        #expect(draft.schema == "recovery/1" && draft.person == "sari" && draft.zoneMinutes == 420)
        #expect(draft.parts == [ChangeDraft.Part(subject: Sample.rina, items: [.text("Rina")])])
        var history = History()
        let opened = history.commit(draft)
        let view = try history.view(history.record(of: opened))
        #expect(view.type == "case")
        func shown(_ field: Text) -> Value? { view.state.winner(field, .latest)?.value }
        #expect(shown("title") == .text("Cold soup") && shown("category") == .text("food"))
        #expect(
            shown("severity") == .integer(3) && shown("assignee") == .text("ani") && shown("team") == .text("kitchen"))
        #expect(shown("number") == .text("P-QXB-000001-A") && shown("moved_from") == nil)
        #expect(view.state.elements("tags") == [.text("late"), .text("table 4")])
        let customer = try #require(shown("customer"))
        #expect(Customer.subject(of: customer) == Sample.rina)
        #expect(Customer.name(of: customer) == PartReference(part: 0, item: 0))
        #expect(Customer.subject(of: .subject(Sample.rina)) == Sample.rina)
        #expect(Customer.subject(of: .text("Rina")) == nil && Customer.name(of: .subject(Sample.rina)) == nil)
        let steps = view.rows(of: "steps").map { Step($0.value) }
        #expect(steps.map(\.kind) == [.recorded] && steps[0].at == Sample.moment && steps[0].note == .text("sent back"))
    }

    /// An outside row: the fields that it changes and its step are one change.
    @Test func aRowIsOneChange() throws {
        let author = try Sample.author()
        let origin = RecordOrigin.external(source: "incident-log", id: "INC0000047")
        var history = History()
        let opened = history.commit(
            try CaseDrafts.open(
                NewCase(
                    "Category 40", origin: origin, edits: [.write(.team, "Group 70")],
                    first: Sample.step(.imported, status: "New")),
                by: author))
        let draft = try CaseDrafts.step(
            Sample.step(.imported, status: "Active"), edits: [.write(.team, "Group 24"), .add("phone", to: .tags)],
            of: origin, by: author)
        try survives(draft)
        history.commit(draft)
        let view = try history.view(history.record(of: opened))
        #expect(Sample.status(view) == "Active")
        #expect(view.state.winner("team", .latest)?.value == .text("Group 24"))
        #expect(view.state.elements("tags") == [.text("phone")])
        #expect(history.changes.count == 2)
    }

    @Test func partsAreSortedAndStillNamed() throws {
        var transaction = CaseTransaction(by: try Sample.author())
        let record = try transaction.open(
            NewCase("Cold soup", edits: [.customer(Customer(Sample.rina, name: "Rina"))], first: Sample.step(.recorded))
        )
        let other = try transaction.open(
            NewCase(
                "Wrong table", edits: [.customer(Customer(Sample.budi, name: "Budi"))],
                first: NewStep(.recorded, at: Sample.moment, note: .personal("I waited", of: Sample.rina))))
        #expect(record == .here(index: 0) && other == .here(index: 1))
        let draft = transaction.draft()
        try survives(draft)
        #expect(draft.parts.map(\.subject) == [Sample.budi, Sample.rina])
        let references = draft.operations.operations.compactMap { operation -> Value? in
            let value = operation.value["name"] ?? operation.value["note"]
            guard case .personal(let reference)? = value else { return nil }
            return draft.parts[reference.part].items[reference.item]
        }
        #expect(references == [.text("Rina"), .text("Budi"), .text("I waited")])
    }

    @Test func aChangeWritesAPlaceOnce() throws {
        let author = try Sample.author()
        let record = RecordOrigin.external(source: "s", id: "1")
        var transaction = CaseTransaction(by: author)
        try transaction.append(Sample.step(.note), to: record)
        try transaction.apply([.write(.title, "a"), .add("x", to: .tags), .add("y", to: .tags)], to: record)
        let before = transaction.draft()
        #expect(throws: CaseError.writtenTwice("steps")) { try transaction.append(Sample.step(.fixed), to: record) }
        #expect(throws: CaseError.writtenTwice("title")) {
            try transaction.apply([.write(.team, "t"), .write(.title, "b")], to: record)
        }
        #expect(throws: CaseError.writtenTwice("tags")) {
            try transaction.apply([.remove("x", from: .tags)], to: record)
        }
        #expect(transaction.draft() == before)
        try transaction.append(Sample.step(.fixed), to: .external(source: "s", id: "2"))
        try survives(transaction.draft())
    }

    @Test func whatCannotBeWrittenChangesNothing() throws {
        var transaction = CaseTransaction(by: try Sample.author())
        let long = Text(String(repeating: "x", count: 513))
        for (new, error) in [
            (NewCase("", first: Sample.step(.recorded)), CaseError.empty("title")),
            (NewCase("t", edits: [.write(.team, long)], first: Sample.step(.recorded)), .limit(.caseTextBytes)),
            (NewCase("t", first: Sample.step(.recorded, status: long)), .limit(.caseTextBytes)),
            (NewCase("t", first: NewStep(.recorded, at: Sample.moment, note: .plain(""))), .empty("the note")),
            (
                NewCase("t", origin: .external(source: "s", id: ""), first: Sample.step(.recorded)),
                .empty("the outside id")
            ),
            (NewCase("t", origin: .external(source: "s", id: long), first: Sample.step(.recorded)), .limit(.nameBytes)),
        ] {
            #expect(throws: error) { try transaction.open(new) }
            #expect(transaction.isEmpty && transaction.draft().operations.records.isEmpty)
        }
        #expect(throws: CaseError.empty("the person")) { try Author(person: "", zoneMinutes: 0) }
        #expect(throws: CaseError.limit(.nameBytes)) { try Author(person: long, zoneMinutes: 0) }
    }

    @Test func aLargeTransactionIsRefusedBeforeItIsTooLarge() throws {
        var transaction = CaseTransaction(by: try Sample.author())
        let record = RecordOrigin.external(source: "s", id: "1")
        try transaction.apply((0..<10_000).map { .add(Text("tag \($0)"), to: .tags) }, to: record)
        #expect(throws: CaseError.limit(.operationsPerChange)) {
            try transaction.apply([.write(.title, "a")], to: record)
        }
        try survives(transaction.draft())
    }
}
