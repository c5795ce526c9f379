import Causality
import Changes
import ServiceRecovery
import Testing

@Suite struct CaseEditTests {
    private func parse(_ text: String) throws -> CaseEdit { try CaseEdit(parsing: text, customer: Sample.rina) }

    @Test func assignmentsAreRead() throws {
        #expect(try parse("title=Cold soup") == .write(.title, "Cold soup"))
        #expect(try parse("title=a=b") == .write(.title, "a=b"))
        #expect(try parse("category=") == .write(.category, nil))
        #expect(try parse("severity=3") == .severity(.serious))
        #expect(try parse("severity=٤") == .severity(.critical))
        #expect(try parse("severity=") == .severity(nil))
        #expect(try parse("customer=Rina") == .customer(Customer(Sample.rina, name: "Rina")))
        #expect(try parse("customer=\(Sample.budi)") == .customer(Customer(Sample.budi)))
        #expect(try parse("customer=") == .customer(nil))
        #expect(try parse("tags+=late") == .add("late", to: .tags))
        #expect(try parse("tags-=late") == .remove("late", from: .tags))
        #expect(try parse("alias+=INC1=2") == .add("INC1=2", to: .alias))
    }

    @Test(arguments: [
        "a\u{0}b", "\u{301}on", "e\u{301}", "\u{E9}", "\u{202E}abc\u{202C}", "می\u{200C}خواهم", "\r\n", " ", "=",
    ]) func aValueIsKeptByteForByte(_ value: String) throws {
        #expect(try parse("category=" + value) == .write(.category, Text(value)))
        #expect(try parse("tags+=" + value) == .add(Text(value), to: .tags))
    }

    @Test func whatIsWrongIsNamed() {
        for (text, error) in [
            ("title", CaseError.notAnAssignment("title")), ("=x", .notAnAssignment("=x")), ("", .notAnAssignment("")),
            ("colour=red", .unknownField("colour")), ("Title=x", .unknownField("Title")), ("x+=y", .unknownField("x")),
            ("+=y", .unknownField("")), ("status=closed", .readOnly("status")), ("steps+=x", .readOnly("steps")),
            ("number=1", .readOnly("number")), ("moved_from=1", .readOnly("moved_from")), ("type=x", .readOnly("type")),
            ("tags=late", .set("tags")), ("tags=", .set("tags")), ("title+=x", .notASet("title")),
            ("severity=5", .severity("5")), ("severity=0", .severity("0")), ("severity=03", .severity("03")),
            ("severity=high", .severity("high")), ("tags+=", .empty("an element of tags")),
            ("team=" + String(repeating: "é", count: 257), .limit(.caseTextBytes)),
            ("customer=" + String(repeating: "x", count: 513), .limit(.caseTextBytes)),
            ("title=" + String(repeating: "x", count: 2_049), .limit(.caseTitleBytes)),
        ] {
            #expect(throws: error, "\(text)") { try parse(text) }
        }
    }

    @Test func anUnknownFieldIsAnsweredWithTheFields() {
        let words = CaseError.unknownField("colour").description
        #expect(words.contains("title, category, severity, assignee, team, tags, customer, alias"))
        #expect(!words.contains("status"))
    }

    @Test func everyRegisterCanBeResolved() throws {
        for field in CaseEdit.TextField.allCases {
            #expect(try CaseEdit(field.rawValue, "x", customer: Sample.rina) == .write(field, "x"))
        }
        #expect(throws: CaseError.readOnly("status")) { try CaseEdit("status", "closed", customer: Sample.rina) }
        #expect(throws: CaseError.set("tags")) { try CaseEdit("tags", "late", customer: Sample.rina) }
    }
}
