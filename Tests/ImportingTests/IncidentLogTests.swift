import Importing
import Testing

@Suite struct IncidentLogTests {
    private static let needed = "number,sys_mod_count,sys_updated_at,sys_updated_by,incident_state,location"

    private func entries(
        _ text: String, zone: ZoneOffset = .utc, until: LocalMinute? = nil
    ) throws -> [IncidentLog.Entry] {
        var log = try IncidentLog(try ByteSource(bytes: Array(text.utf8)), zone: zone, until: until)
        var entries: [IncidentLog.Entry] = []
        while let entry = try log.next() { entries.append(entry) }
        return entries
    }

    private func rows(_ text: String, zone: ZoneOffset = .utc) throws -> [IncidentRow] {
        try entries(text, zone: zone).compactMap { if case .row(let row) = $0 { row } else { nil } }
    }

    private func reasons(_ text: String) throws -> [String] {
        try entries(text).compactMap { if case .rejected(let row) = $0 { "\(row.line): \(row.reason)" } else { nil } }
    }

    @Test func aRowThatReachesFurtherThanItsLineSaysSo() throws {
        let reasons = try reasons(
            Self.needed + "\nINC1,0,\"1/3/2016 8:01\nINC2,0,1/3/2016 8:02\nINC3\"x,0,1/3/2016 8:03,P,New,L\n")
        #expect(reasons.count == 1)
        #expect(reasons[0].hasPrefix("2: ") && reasons[0].contains("reaches to line 4"), "\(reasons)")
    }

    // MARK: - Header

    @Test func columnsAreFoundByNameInAnyOrder() throws {
        let row = try rows(
            "unheard of,location,incident_state,sys_updated_by,sys_updated_at,sys_mod_count,number\n"
                + "x,L,New,P,1/3/2016 0:1,7,INC1\n")[0]
        #expect(row.number == "INC1")
        #expect(row.version == 7)
        #expect(row.updatedBy == "P")
        #expect(row.location == "L")
        #expect(row.priority == nil)
        #expect(row.line == 2)
    }

    @Test func headerThatCannotServeIsNamed() {
        #expect(throws: IncidentLogError.empty) { try entries("") }
        #expect(throws: IncidentLogError.missingColumn("sys_updated_by")) {
            try entries("number,sys_mod_count,sys_updated_at,incident_state,location\n")
        }
        #expect(throws: IncidentLogError.repeatedColumn("priority")) {
            try entries(Self.needed + ",priority,priority\n")
        }
        #expect(throws: IncidentLogError.unreadableHeader(line: 1, .unclosedQuote(field: 1))) {
            try entries("\"number")
        }
        let sentence = IncidentLogError.missingColumn("location").description
        #expect(sentence.hasPrefix("The file has no column “location”: ") && sentence.contains("sys_mod_count"))
    }

    // MARK: - Values

    @Test func questionMarkAndNothingAreMissing() throws {
        let found = try rows(
            Self.needed + ",opened_by,made_sla,opened_at\nN,0,1/3/2016 0:1,P,New,?,,?,\nN,1,1/3/2016 0:1,P,New,,??,,?\n"
        )
        #expect(found.map(\.location) == [nil, nil])
        #expect(found.map(\.openedBy) == [nil, "??"])
        #expect(found.map(\.madeSLA) == [nil, nil])
        #expect(found.map(\.openedAtMilliseconds) == [nil, nil])
    }

    @Test(arguments: ["1/3/2016 0:1", "01/03/2016 00:01", "1-3-2016 0:01", "01/3/2016 0:1"])
    func datesOfEverySpellingAreOneMinute(text: String) throws {
        let row = try rows(Self.needed + "\nN,0,\(text),P,New,L\n", zone: ZoneOffset(minutes: 60))[0]
        #expect(row.updatedAtMilliseconds == 1_456_786_860_000)
        #expect(row.zone.minutes == 60)
    }

    @Test(arguments: [
        "29/2/2015 1:1", "31/4/2016 1:1", "0/1/2016 1:1", "1/13/2016 1:1", "1/1/16 1:1", "1/1/2016", "1/1/2016 24:0",
        "1/1/2016 1:60", "1/1-2016 1:1", "1/1/2016  1:1", "1/1/2016 1:1:1", "001/1/2016 1:1", "x", "+1/1/2016 1:1",
        "1/1/1/2016 1:1", " 1/1/2016 1:1", "1/1/2016 :1", "//2016 1:1",
    ])
    func impossibleDatesRejectTheirRow(text: String) throws {
        #expect(
            try reasons(Self.needed + "\nN,0,\(text),P,New,L\n")
                == ["2: sys_updated_at is not a date and time d/m/yyyy h:m: \"\(text)\"."])
    }

    @Test func booleansOfEverySpellingAreEqual() throws {
        let spellings = ["true", "TRUE", "True", "1", "yes", "YES", "false", "FALSE", "0", "no"]
        let lines = spellings.enumerated().map { "N,\($0),1/3/2016 0:1,P,New,L,\($1)" }
        let found = try rows(Self.needed + ",made_sla\n" + lines.joined(separator: "\n"))
        #expect(found.map(\.madeSLA) == Array(repeating: true, count: 6) + Array(repeating: false, count: 4))
    }

    @Test func lineEndsWithinATextAreEqual() throws {
        let found = try rows(
            Self.needed
                + ",category\nN,0,1/3/2016 0:1,P,New,L,\"a\r\nb\rc\nd\"\nN,1,1/3/2016 0:1,P,New,L,\"a\nb\nc\nd\"")
        #expect(found.map(\.category) == ["a\nb\nc\nd", "a\nb\nc\nd"])
    }

    @Test func noRowKnowsItsFuture() throws {
        let header = Self.needed + ",resolved_by,resolved_at,closed_at,closed_code\n"
        let outcome = "R,2/3/2016 0:0,2/3/2016 0:0,code 6"
        let found = try rows(
            header
                + ["New", "Resolved", "Closed", "Active"].enumerated()
                .map { "N,\($0),2/3/2016 0:0,P,\($1),L,\(outcome)\n" }.joined())
        #expect(found.map { $0.resolvedBy != nil } == [false, true, true, false])
        #expect(found.map { $0.resolvedAtMilliseconds != nil } == [false, true, true, false])
        #expect(found.map { $0.closedAtMilliseconds != nil } == [false, false, true, false])
        #expect(found.map { $0.closedCode != nil } == [false, false, true, false])

        // The log has 350 rows that are Resolved, with the time of a later resolution.
        let early = try rows(header + "N,0,1/3/2016 23:59,P,Closed,L,\(outcome)\n")[0]
        #expect(early.resolvedBy == nil && early.resolvedAtMilliseconds == nil)
        #expect(early.closedCode == nil && early.closedAtMilliseconds == nil)
    }

    // MARK: - Rejections

    @Test func eachRejectionHasLineAndReasonAndTheRestIsRead() throws {
        let text =
            Self.needed + ",reopen_count,made_sla\n" + "N,0,1/3/2016 0:1,P,New,L,0,1\n" + "N,0,1/3/2016 0:1,P,New,L\n"
            + "?,0,1/3/2016 0:1,P,New,L,0,1\n" + "N,-1,1/3/2016 0:1,P,New,L,0,1\n" + "N,0,1/3/2016 0:1,,New,L,0,1\n"
            + "N,0,1/3/2016 0:1,P,?,L,0,1\n" + "N,0,1/3/2016 0:1,P,New,L,0,perhaps\n"
            + "N,0,1/3/2016 0:1,P,New,L,\(String(repeating: "9", count: 50)),1\n" + Self.needed
            + ",reopen_count,made_sla\n"
            + "N,0,1/3/2016 0:1,P,New,\"L\nL\"x,0,1\n" + "N,1,1/3/2016 0:1,P,New,L,0,1\n" + "N,2,1/3/2016 0:1,P,\"New,L"
        #expect(
            try reasons(text) == [
                "3: The row has 6 fields, the header 8.",
                "4: number is missing.",
                "5: sys_mod_count is not a whole number from 0 on: \"-1\".",
                "6: sys_updated_by is missing.",
                "7: incident_state is missing.",
                "8: made_sla is neither true nor false: \"perhaps\".",
                "9: reopen_count is not a whole number from 0 on: \"\(String(repeating: "9", count: 40))…\".",
                "10: The line of column names stands here again.",
                "11: Text follows the closing quote of field 6. The row reaches to line 12: a quotation mark may be missing.",
                "14: The file ends inside the quoted field 5.",
            ])
        #expect(try rows(text).map(\.line) == [2, 13])
    }

    @Test func fileCutInsideAQuotedFieldGivesARejectionNotARow() throws {
        let file = logFile([LogRow(), LogRow(version: 1, minute: 1)], .office)
        let whole = try importFile(file)
        #expect(whole.counts.imported == 2)
        // Five bytes less end the file behind a comma: a row whose last field is empty, as far as anyone can tell.
        for missing in Array(3...4) + Array(6...60) {
            let cut = try importFile(file.dropLast(missing))
            #expect(cut.counts.imported == 1)
            #expect(cut.rejected.map(\.line) == [3])
            #expect(cut.rejected.map(\.isCutShort) == [true])
            #expect(cut.counts.read == 2)
        }
    }

    @Test func rowsAfterUntilAreNotReadWhateverElseIsWrongWithThem() throws {
        let text =
            Self.needed + "\nN,0,1/3/2016 0:1,P,New,L\nN,x,1/3/2016 0:3,?,?,L\nN,1,1/3/2016 0:2,P,Active,L\n"
        let found = try entries(text, until: LocalMinute(iso: "2016-03-01T00:02"))
        #expect(found.count == 2)
        #expect(try reasons(text).count == 1)
    }

    @Test func truncatedGzipThrowsAfterTheRowsBeforeTheCut() throws {
        let rows = (0..<5_000).map { LogRow(number: "INC\($0)", minute: $0) }
        let file = gzip(logFile(rows))
        var log = try IncidentLog(try ByteSource(bytes: file.dropLast(file.count / 2)))
        var count = 0
        #expect(throws: ByteSourceError.self) {
            while try log.next() != nil { count += 1 }
        }
        #expect((1_000..<4_000).contains(count))
    }
}
