import Importing
import Testing

@Suite struct IncidentMapperTests {
    private let journey = [
        LogRow(version: 0, minute: 0, location: "?"),
        LogRow(version: 1, minute: 1, person: "P2", state: "Active", location: "A"),
        LogRow(version: 2, minute: 2, location: "?", category: "Category 2"),
        LogRow(version: 3, minute: 3, location: "B"),
        LogRow(version: 4, minute: 4, state: "Closed", location: "A"),
    ]

    // MARK: - Visits

    @Test func eachStayIsACaseOfItsOwn() throws {
        let result = try importFile(logFile(journey))
        #expect(
            result.events.map { "\($0.subject.location) \($0.subject.externalID) \(word(of: $0))" } == [
                "unknown INC1 New",
                "unknown INC1 moved to A INC1/2", "A INC1/2 Active",
                "A INC1/2 New",
                "A INC1/2 moved to B INC1/3", "B INC1/3 New",
                "B INC1/3 moved to A INC1/4", "A INC1/4 Closed",
            ])
        #expect(result.cases == ["unknown": ["moved": 1], "A": ["moved": 1, "Closed": 1], "B": ["moved": 1]])
        #expect(result.counts.imported == 5)
    }

    private func word(of event: CaseEvent) -> String {
        switch event.kind {
        case .status(let word): word
        case .moved(let to): "moved to \(to.location) \(to.externalID)"
        }
    }

    /// What a case cannot hold is no row: the ones behind it tell what it would have told.
    @Test func aRowThatIsRefusedLeavesNoTrace() throws {
        struct Refused: Error {}
        func events(without left: Int?, refusing refused: Int?) throws -> [[CaseEvent]] {
            let rows = journey.enumerated().filter { $0.offset != left }.map(\.element)
            var log = try IncidentLog(try ByteSource(bytes: logFile(rows)), zone: .utc, until: nil)
            var mapper = IncidentMapper(selection: .all, memory: InMemoryVisitMemory())
            var result: [[CaseEvent]] = []
            var number = 0
            while case .row(let row)? = try log.next() {
                do {
                    result.append(
                        try mapper.map(row, checking: { _ in if number == refused { throw Refused() } }).events)
                } catch is Refused {}
                number += 1
            }
            return result
        }
        for place in journey.indices {
            let expected = try events(without: place, refusing: nil)
            #expect(try events(without: nil, refusing: place) == expected, "row \(place)")
        }
    }

    @Test func newCaseIsLinkedToTheOneThatWasLeft() throws {
        let events = try importFile(logFile(journey)).events
        let openings = events.compactMap(\.opening)
        #expect(openings.count == 4)
        #expect(openings[0] == .reported)
        for (opening, departed) in zip(openings.dropFirst(), events.filter { word(of: $0).hasPrefix("moved") }) {
            #expect(opening == .movedFrom(departed.subject))
        }
    }

    @Test func movedStepHasTheRowsPersonAndTimeAndAKeyOfItsOwn() throws {
        let events = try importFile(logFile(journey), zone: ZoneOffset(minutes: 210)).events
        #expect(events[1].person == "P2")
        #expect(events[1].atMilliseconds == events[2].atMilliseconds)
        #expect(events[1].zone.minutes == 210)
        #expect(events[1].changes.isEmpty)
        #expect(Set(events.map(\.factKey)).count == events.count)
    }

    @Test func slashesInANumberNeverMakeTwoCasesOne() {
        let references = [("I/2", 1), ("I", 2), ("I//2", 1), ("I/", 2), ("I", 1)].map {
            CaseReference(location: "A", number: $0, visit: $1).externalID
        }
        #expect(references == ["I//2", "I/2", "I////2", "I///2", "I"])
    }

    // MARK: - Fields

    @Test func onlyWhatDiffersFromTheVisitsRowBeforeIsChanged() throws {
        let result = try importFile(
            logFile([
                LogRow(assignee: "Resolver 1"),
                LogRow(version: 1, minute: 1, assignee: "Resolver 1"),
                LogRow(version: 2, minute: 2, category: "?", priority: "1 - Critical", madeSLA: false),
                LogRow(version: 3, minute: 3, location: "B", contactType: "Email"),
            ]))
        let caller = FieldChange.customer("Caller \"9\", 1")
        #expect(
            result.events.map(\.changes) == [
                [
                    .title("Category 1"), .category("Category 1"), .severity(.moderate), .assignee("Resolver 1"),
                    caller,
                    .tagAdded("Phone"),
                ],
                [],
                [
                    .title("Incident INC1"), .category(nil), .severity(.critical), .assignee(nil),
                    .tagAdded("sla missed"),
                ],
                [],
                [.title("Category 1"), .category("Category 1"), .severity(.moderate), caller, .tagAdded("Email")],
            ])
    }

    @Test func tagsThatEndAreRemoved() throws {
        let events = try importFile(
            logFile([
                LogRow(madeSLA: false), LogRow(version: 1, minute: 1, madeSLA: true, contactType: "Email"),
            ])
        ).events
        #expect(events[1].changes == [.tagRemoved("Phone"), .tagRemoved("sla missed"), .tagAdded("Email")])
    }

    @Test func severityRisesWithPriority() {
        let words = ["1 - Critical", "2 - High", "3 - Moderate", "4 - Low", "5 - Planning"]
        #expect(words.map { Severity(priority: $0)?.rawValue } == [4, 3, 2, 1, nil])
    }

    @Test func titleStaysShort() throws {
        let event = try importFile(logFile([LogRow(category: String(repeating: "ș", count: 500))])).events[0]
        #expect(event.changes.first == .title(String(repeating: "ș", count: CaseFields.titleLimit)))
    }

    // MARK: - Laws

    @Test func spellingChangesNothing() throws {
        for seed in 0..<8 as Range<UInt64> {
            let log = randomLog(seed: seed)
            let plain = try importFile(logFile(log))
            for spelling in Spelling.all {
                let again = try importFile(logFile(log, spelling))
                #expect(again == plain)
                #expect(try importFile(gzip(logFile(log, spelling))) == plain)
            }
        }
    }

    @Test func mappingForSomeLocationsIsMappingForAllLessTheOthers() throws {
        for seed in 0..<30 as Range<UInt64> {
            let file = logFile(randomLog(seed: seed))
            let all = try importFile(file)
            var read = 0
            for selected in [["A"], ["B", "unknown"], ["C"], ["nowhere"]] as [Set<String>] {
                let some = try importFile(file, selection: .only(selected))
                #expect(some.events == all.events.filter { selected.contains($0.subject.location) })
                #expect(some.counts.read + some.counts.elsewhere == all.counts.read)
                read += some.counts.read
            }
            #expect(read == all.counts.read)
        }
    }

    @Test func groupedAndInterleavedOrderGiveTheSameCases() throws {
        for seed in 0..<30 as Range<UInt64> {
            let interleaved = randomLog(seed: seed)
            let numbers = Set(interleaved.map(\.number)).sorted()
            let grouped = numbers.flatMap { number in interleaved.filter { $0.number == number } }
            let first = try importFile(logFile(interleaved))
            let second = try importFile(logFile(grouped))
            #expect(first.cases == second.cases)
            #expect(first.counts == second.counts)
            for number in numbers {
                let belongs = { (event: CaseEvent) in event.subject.externalID.split(separator: "/")[0] == number }
                #expect(first.events.filter(belongs) == second.events.filter(belongs))
            }
        }
    }

    @Test func copiesOfRowsMoveNothing() throws {
        for seed in 0..<30 as Range<UInt64> {
            let log = randomLog(seed: seed)
            var seen: Set<LogRow> = []
            let distinct = log.filter { seen.insert($0).inserted }
            let once = try importFile(logFile(distinct))
            let twice = try importFile(logFile(log + log))
            #expect(twice.events == once.events)
            #expect(twice.counts.imported == distinct.count)
            #expect(twice.counts.unchanged == 2 * log.count - distinct.count)
            let there = try importFile(logFile(log + log), selection: .only(["A"]))
            let thereOnce = try importFile(logFile(log), selection: .only(["A"]))
            #expect(there.counts.read == 2 * thereOnce.counts.read)
            #expect(there.counts.imported == thereOnce.counts.imported)
        }
    }

    @Test func filePutEndToEndWithItselfAddsNothingButItsHeader() throws {
        let file = logFile(journey, .office)
        let result = try importFile(file + file)
        #expect(result.events == (try importFile(file).events))
        #expect(result.counts.unchanged == journey.count)
        #expect(result.rejected.map(\.fault) == [.repeatedHeader])
    }

    @Test func secondImportAddsNothing() throws {
        let file = logFile(randomLog(seed: 9))
        var facts = RecordedFacts()
        let first = try importRows(
            try IncidentLog(try ByteSource(bytes: file)), into: &facts, memory: InMemoryVisitMemory())
        let second = try importRows(
            try IncidentLog(try ByteSource(bytes: file)), into: &facts, memory: InMemoryVisitMemory())
        #expect(first.counts.imported > 0)
        #expect(second.counts.imported == 0)
        #expect(second.counts.unchanged == first.counts.read)
    }

    @Test func untilIsAsIfTheLaterRowsWereNotThere() throws {
        for seed in 0..<20 as Range<UInt64> {
            let log = randomLog(seed: seed)
            let cut = log.filter { $0.minute <= 210 }
            #expect(try importFile(logFile(log), until: "2016-03-01T03:30") == importFile(logFile(cut)))
        }
    }

    @Test func memoryOutsideTheProcessGivesTheSameEvents() throws {
        for seed in 0..<30 as Range<UInt64> {
            let file = logFile(randomLog(seed: seed))
            var facts = RecordedFacts()
            let log = try IncidentLog(try ByteSource(bytes: file))
            let encoded = try importRows(log, into: &facts, memory: EncodingVisitMemory())
            #expect(encoded == (try importFile(file)))
        }
    }
}

/// Keeps visits as bytes, as a table would.
private struct EncodingVisitMemory: VisitMemory {
    private var rows: [String: [UInt8]] = [:]

    func visits(of number: String) throws -> IncidentVisits? {
        try rows[number].map { try IncidentVisits(number: number, encoded: $0) }
    }

    mutating func remember(_ visits: IncidentVisits, of number: String) {
        rows[number] = visits.encoded()
    }
}
