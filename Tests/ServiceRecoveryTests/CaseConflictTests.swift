import Causality
import Changes
import ServiceRecovery
import Testing

@Suite struct CaseConflictTests {
    private let schema = CaseSchema.schema.recordTypes[0]

    private func shown(_ view: RecordView, _ field: Text) -> Value? {
        view.state.winner(field, schema.field(field)?.reading ?? .latest)?.value
    }

    private func distinct(_ view: RecordView, _ field: Text) -> Int {
        view.state.slot(FieldTarget(field: field, kind: .register))?.distinct.count ?? 0
    }

    /// Two branches edit one case without hearing of each other.
    private func divided(_ one: [CaseEdit], _ other: [CaseEdit]) throws -> (History, RecordOrigin, RecordID) {
        var history = History()
        let opened = history.commit(
            try CaseDrafts.open(NewCase("Cold soup", first: Sample.step(.recorded)), by: Sample.author()))
        let record = RecordOrigin.here(index: 0).seen(from: opened.hash.short)
        history.commit(try CaseDrafts.edit(one, of: record, by: Sample.author()), by: 1, at: 3_000)
        history.commit(
            try CaseDrafts.edit(other, of: record, by: Sample.author("ani")), by: 2, at: 2_000, seen: [opened])
        return (history, record, try history.record(of: opened))
    }

    @Test func severityIsReadOnTheSafeSideUntilSomeoneChooses() throws {
        var (history, record, id) = try divided([.severity(.minor)], [.severity(.critical)])
        #expect(shown(try history.view(id), "severity") == .integer(4))
        #expect(distinct(try history.view(id), "severity") == 2)
        history.commit(
            try CaseDrafts.resolve("severity", "2", customer: Sample.rina, of: record, by: Sample.author()), by: 1,
            seen: history.changes)
        #expect(shown(try history.view(id), "severity") == .integer(2))
        #expect(distinct(try history.view(id), "severity") == 1)
    }

    @Test func bothAssigneesAreKeptAndResolved() throws {
        var (history, record, id) = try divided([.write(.assignee, "ani")], [.write(.assignee, "budi")])
        #expect(distinct(try history.view(id), "assignee") == 2)
        history.commit(
            try CaseDrafts.resolve("assignee", "budi", customer: Sample.rina, of: record, by: Sample.author()), by: 3,
            seen: history.changes)
        #expect(distinct(try history.view(id), "assignee") == 1)
        #expect(shown(try history.view(id), "assignee") == .text("budi"))
    }

    /// A person answers a page that showed one of two values: the other stays.
    @Test func aWriteThatWasShownAnOlderVersionReplacesOnlyThat() throws {
        var (history, record, id) = try divided([.write(.assignee, "ani")], [.write(.assignee, "budi")])
        let shownChanges = [history.changes[1].reference, history.changes[0].reference]
        let draft = try CaseDrafts.edit(
            [.write(.assignee, "sari")], of: record, shown: shownChanges + shownChanges, by: Sample.author())
        #expect(draft.operations.operations[0].shown == [history.changes[0].reference, history.changes[1].reference])
        history.commit(draft, by: 3, seen: history.changes)
        let survivors = try history.view(id).state.slot(FieldTarget(field: "assignee", kind: .register))?.survivors
        #expect(survivors?.map(\.value) == [.text("budi"), .text("sari")])
    }

    @Test func anAddedTagOutlivesAConcurrentRemove() throws {
        var history = History()
        let opened = history.commit(
            try CaseDrafts.open(
                NewCase("Cold soup", edits: [.add("late", to: .tags)], first: Sample.step(.recorded)),
                by: Sample.author()))
        let record = RecordOrigin.here(index: 0).seen(from: opened.hash.short)
        history.commit(try CaseDrafts.edit([.remove("late", from: .tags)], of: record, by: Sample.author()))
        let id = try history.record(of: opened)
        #expect(try history.view(id).state.elements("tags") == [])
        history.commit(
            try CaseDrafts.edit([.add("late", to: .tags)], of: record, by: Sample.author("ani")), by: 2, seen: [opened])
        #expect(try history.view(id).state.elements("tags") == [.text("late")])
    }

    @Test func aClearedFieldIsGone() throws {
        var (history, record, id) = try divided([.write(.category, "food")], [.severity(.minor)])
        history.commit(
            try CaseDrafts.edit([.write(.category, nil), .severity(nil)], of: record, by: Sample.author()),
            seen: history.changes)
        #expect(shown(try history.view(id), "category") == nil)
        #expect(shown(try history.view(id), "severity") == nil)
    }

    /// Fields, elements and values of a newer version are folded, kept and do not disturb what is known.
    @Test func whatThisVersionDoesNotKnowSurvives() throws {
        var (history, record, id) = try divided([.write(.category, "food")], [.severity(.minor)])
        let newer = [
            FieldOperation(
                record: 0, target: FieldTarget(field: "mood", kind: .register), value: .unknown(tag: 99, bytes: [1, 2])),
            FieldOperation(
                record: 0, target: FieldTarget(field: "watchers", kind: .set, element: .text("ani")), value: .null),
            FieldOperation(
                record: 0, target: FieldTarget(field: "steps", kind: .log),
                value: .fields([("kind", .text("sang")), ("song", .text("la")), ("at", .integer(1))])),
        ]
        let draft = ChangeDraft(
            person: "ani", zoneMinutes: 0, schema: "recovery/9",
            operations: Operations(records: [record], operations: newer))
        #expect(try CaseSchema.schema.violation(of: EncodedOperations(draft.operations.encoded())) == nil)
        history.commit(draft, by: 4, at: 9_000, seen: history.changes)
        let view = try history.view(id)
        let stored = try RecordState(view.state.encoded())
        #expect(stored == view.state)
        #expect(stored.winner("mood", .latest)?.value == .unknown(tag: 99, bytes: [1, 2]))
        #expect(stored.elements("watchers") == [.text("ani")])
        #expect(view.log.last?.value["song"] == .text("la"))
        #expect(Sample.status(view) == "noticed")
        #expect(shown(view, "category") == .text("food"))
    }
}
