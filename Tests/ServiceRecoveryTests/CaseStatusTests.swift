import Causality
import Changes
import ServiceRecovery
import Testing

@Suite struct CaseStatusTests {
    @Test(arguments: [
        ([], "noticed"),
        (["note", "apologised"], "noticed"),
        (["recorded"], "noticed"),
        (["recorded", "acknowledged"], "acknowledged"),
        (["recorded", "agreed", "fixed", "comp_issued", "note"], "fixed"),
        (["fixed", "followed_up"], "followed-up"),
        (["fixed", "closed"], "closed"),
        (["fixed", "closed", "reopened"], "noticed"),
        (["closed", "reopened", "agreed"], "agreed"),
        (["recorded", "withdrawn"], "withdrawn"),
        (["fixed", "moved"], "moved"),
        (["moved", "fixed", "closed", "note"], "moved"),
        (["moved", "reopened"], "noticed"),
        (["moved", "reopened", "fixed"], "fixed"),
        (["fixed", "from a newer version"], "fixed"),
    ]) func statusFollowsFromTheSteps(_ kinds: [String], _ status: String) {
        #expect(CaseStatus.derived(from: kinds.map { Sample.read(Text($0)) }) == Text(status))
    }

    @Test func anotherSystemsWordIsTheStatus() {
        #expect(CaseStatus.derived(from: [Sample.read("imported", status: "Active")]) == "Active")
        #expect(CaseStatus.derived(from: [Sample.read("recorded", status: "New"), Sample.read("note")]) == "New")
        #expect(CaseStatus.derived(from: [Sample.read("imported", status: "New"), Sample.read("fixed")]) == "fixed")
        let gone = [Sample.read("moved", status: "Active"), Sample.read("imported", status: "Closed")]
        #expect(CaseStatus.derived(from: gone) == "moved")
        #expect(CaseStatus.derived(from: gone + [Sample.read("reopened", status: "Open")]) == "Open")
        #expect(CaseStatus.derived(from: [Sample.read("fixed", status: "")]) == "fixed")
    }

    /// Found in review: one machine had imported all rows but one, the other all of them, and what they came to together was the row
    /// between.
    @Test func rowsThatTwoMachinesImportedInOtherOrdersGiveTheLatestStatus() {
        func row(_ version: Int64, _ status: Text, minute: Int64, fact: UInt64) -> Step {
            Step(
                .fields([
                    ("kind", .text("imported")), ("status", .text(status)), ("version", .integer(version)),
                    ("at", .time(Moment(milliseconds: minute * 60_000, zoneMinutes: 0))),
                    ("fact", .bytes(FactID(high: 0, low: fact).bytes)),
                ]))
        }
        let (new, active, closed) = (
            row(0, "New", minute: 1, fact: 1), row(1, "Active", minute: 2, fact: 2),
            row(2, "Closed", minute: 2, fact: 3)
        )
        #expect(CaseStatus.derived(from: Step.distinct([new, closed, new, active, closed])) == "Closed")
        #expect(CaseStatus.derived(from: Step.distinct([closed, active, new])) == "Closed")
        #expect(CaseStatus.derived(from: [new, closed, row(1, "Active", minute: 3, fact: 4)]) == "Active")
        #expect(CaseStatus.derived(from: [new, closed, Sample.read("reopened")]) == "noticed")
    }

    @Test func entriesOfNewerVersionsAreRead() {
        let odd: [Value] = [
            .null, .integer(3), .fields([Value.Field]()), .unknown(tag: 40, bytes: [1]),
            .fields([("kind", .integer(1)), ("at", .text("noon")), ("status", .boolean(true)), ("fact", .bytes([1]))]),
        ]
        for entry in odd {
            let step = Step(entry)
            #expect(step.at == nil && step.status == nil && step.fact == nil)
            #expect(step.columnValues.count == 6)
            #expect(CaseStatus.derived(from: [Sample.read("fixed"), step]) == "fixed")
        }
    }

    private static let kinds: [StepKind] = [
        .acknowledged, .agreed, .fixed, .followedUp, .closed, .reopened, .withdrawn, .moved, .note, .imported,
    ]

    /// Three branches add steps to one case without hearing of each other; one has heard of another.
    @Test func everyOrderOfArrivalGivesTheSameStatus() throws {
        for first in Self.kinds {
            for second in Self.kinds {
                var history = History()
                let author = try Sample.author()
                let opened = history.commit(
                    try CaseDrafts.open(NewCase("Cold soup", first: Sample.step(.recorded)), by: author))
                let record = RecordOrigin.here(index: 0).seen(from: opened.hash.short)
                func add(_ kind: StepKind, by feed: UInt64, at time: Int64, seen: [Change]) throws -> Change {
                    history.commit(
                        try CaseDrafts.step(Sample.step(kind, at: time), of: record, by: author), by: feed, at: time,
                        seen: seen)
                }
                // The second branch's clock is behind what it has seen; the third's is the same as the first's.
                _ = try add(first, by: 1, at: 2_000, seen: [])
                let behind = try add(second, by: 2, at: 10, seen: [opened])
                _ = try add(.agreed, by: 3, at: 2_000, seen: [opened, behind])
                _ = try add(.fixed, by: 2, at: 2_000, seen: [])
                let id = try history.record(of: opened)
                let expected = Sample.derived(try history.view(id))
                for order in history.everyOrder() {
                    #expect(Sample.derived(try history.view(id, in: order)) == expected)
                }
            }
        }
    }

    @Test func randomHistoriesGiveOneState() throws {
        var random = SplitMix64(seed: 4)
        let author = try Sample.author()
        for _ in 0..<200 {
            var history = History()
            let opened = history.commit(
                try CaseDrafts.open(NewCase("Cold soup", first: Sample.step(.recorded)), by: author))
            let record = RecordOrigin.here(index: 0).seen(from: opened.hash.short)
            for _ in 0..<10 {
                let kind = Self.kinds[random.below(Self.kinds.count)]
                let edits: [CaseEdit] = [.severity(CaseSeverity.allCases[random.below(4)]), .add("late", to: .tags)]
                let seen = [opened] + history.changes.filter { _ in random.below(3) == 0 }
                history.commit(
                    try CaseDrafts.step(
                        Sample.step(kind, status: random.below(4) == 0 ? "Active" : nil), edits: edits, of: record,
                        by: author),
                    by: UInt64(1 + random.below(3)), at: Int64(random.below(5_000)), seen: seen)
            }
            let id = try history.record(of: opened)
            let one = try history.view(id)
            for _ in 0..<5 {
                let other = try history.view(id, in: history.someOrder(using: &random))
                #expect(other.state == one.state && other.log == one.log)
                #expect(Sample.derived(other) == Sample.derived(one))
            }
        }
    }

    /// Two replicas import the same log; the one that is slower has not come as far.
    @Test func aFactThatIsImportedTwiceCountsOnce() throws {
        var history = History()
        let author = try Sample.author()
        let origin = RecordOrigin.external(source: "incident-log", id: "INC1")
        func row(_ number: UInt8, _ status: Text) -> NewStep {
            NewStep(.imported, at: Sample.moment, status: status, fact: FactID(ofKey: [number]))
        }
        for (replica, statuses) in [(1, ["New", "Active", "Closed"]), (2, ["New", "Active"])] as [(UInt64, [Text])] {
            for (index, status) in statuses.enumerated() {
                let step = row(UInt8(index), status)
                let draft =
                    index == 0
                    ? try CaseDrafts.open(NewCase("INC1", origin: origin, first: step), by: author)
                    : try CaseDrafts.step(step, of: origin, by: author)
                history.commit(draft, by: replica, at: Int64(replica) * 1_000 + Int64(index))
            }
        }
        let view = try history.view(history.record(of: history.changes[0]))
        #expect(view.log.count == 5)
        #expect(Sample.status(view) == "Closed")
        #expect(Sample.derived(view)[3] == .integer(3))
    }

    @Test func theTimesOfACaseAreThoseOfItsSteps() throws {
        var history = History()
        let author = try Sample.author()
        let opened = history.commit(
            try CaseDrafts.open(NewCase("Cold soup", first: Sample.step(.recorded, at: 500)), by: author))
        let record = RecordOrigin.here(index: 0).seen(from: opened.hash.short)
        for time in [900, 100] as [Int64] {
            history.commit(try CaseDrafts.step(Sample.step(.note, at: time), of: record, by: author))
        }
        let view = try history.view(history.record(of: opened))
        #expect(Sample.derived(view) == [.text("noticed"), .integer(100), .integer(900), .integer(3)])
        let empty = RecordView(id: view.id, state: RecordState(), log: [])
        #expect(Sample.derived(empty) == [.text("noticed"), .null, .null, .integer(0)])
    }
}
