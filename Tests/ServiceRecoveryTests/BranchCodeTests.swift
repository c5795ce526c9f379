import Changes
import ServiceRecovery
import Testing

@Suite struct BranchCodeTests {
    private func derive(_ name: String, taken: Set<Text> = []) -> String {
        BranchCode.derive(fromName: name, taken: taken).description
    }

    @Test func aCodeRemindsOfTheName() {
        #expect(derive("Jakarta") == "JAK")
        #expect(derive("Bandung Raya Utara") == "BRU")
        #expect(derive("Store 7") == "S07")
        #expect(derive("Location 143") == "C143")
        #expect(derive("Timișoara") == "TMS")
        #expect(derive("Timis\u{326}oara") == "TMS")
        #expect(derive("Ștefan") == "STE")
    }

    @Test func anotherScriptGivesNumbers() throws {
        #expect(derive("فرع الرياض") == "B01")
        #expect(derive("شعبهٔ ۷") == "B07")
        #expect(derive("") == "B01")
        #expect(derive("Lil Oil") == "B01")
        #expect(derive("فرع", taken: ["B01"]) == "B02")
    }

    @Test func codesAreUniqueAndReadableHoweverManyShareAName() throws {
        for name in ["Jakarta", "Location 143", "فرع", "Store 123456789012345678901234567890"] {
            var taken: Set<Text> = []
            for _ in 0..<400 {
                let code = BranchCode.derive(fromName: name, taken: taken)
                #expect(code == BranchCode.derive(fromName: name, taken: taken))
                #expect(taken.insert(code.text).inserted)
                #expect(try BranchCode(validating: code.description) == code)
            }
        }
    }

    @Test(arguments: ["", "P", "JK", "JKTABC", "JLT", "JK7", "7KT", "J7K", "jkt", "B", "B1", "B12345", "B0O", "ЖКТ"])
    func anythingElseIsRefused(_ text: String) {
        #expect(throws: CaseNumberError.branchCode(text)) { try BranchCode(validating: text) }
    }
}
