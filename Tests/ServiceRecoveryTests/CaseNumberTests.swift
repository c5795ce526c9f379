import Changes
import ServiceRecovery
import Testing

@Suite struct CaseNumberTests {
    private func sample() throws -> CaseNumber {
        CaseNumber(branch: try BranchCode(validating: "JKT"), mark: try DeviceMark(validating: "QXB"), sequence: 123)
    }

    @Test func aNumberIsPrintedAndReadBack() throws {
        let number = try sample()
        #expect(number.description == "JKT-QXB-000123-V")
        #expect(try CaseNumber(parsing: number.description) == number)
    }

    /// Pins the form: numbers are printed on slips, so an earlier one must stay readable. The letters were computed
    /// from the formula by another program.
    @Test func printedNumbersStayAsTheyAre() throws {
        let mark = try DeviceMark(validating: "AAA")
        let numbers = [
            CaseNumber(branch: nil, mark: mark, sequence: 1),
            CaseNumber(branch: try BranchCode(validating: "B01"), mark: mark, sequence: 999_999),
            CaseNumber(branch: try BranchCode(validating: "ZZZZZ"), mark: mark, sequence: 1_000_000),
        ]
        #expect(numbers.map(\.description) == ["P-AAA-000001-D", "B01-AAA-999999-T", "ZZZZZ-AAA-1000000-J"])
    }

    @Test func spellingDoesNotMatter() throws {
        let number = try sample()
        for text in [
            "jkt-qxb-000123-v", " JKT QXB 000123 V ", "JKTQXB000123V", "JKT–QXB–000123–V",
            "JKT\u{2011}QXB\u{2011}000123-V",
            "\u{200F}JKT-QXB-٠٠٠١٢٣-V", "JKT-QXB-۰۰۰۱۲۳-V", "JKT-QXB-123-V", "JKT-QXB-OOOI23-V",
            "J K T Q X B 0 0 0 1 2 3 V",
        ] {
            #expect(try CaseNumber(parsing: text) == number, "\(text)")
        }
        let numbered = CaseNumber(branch: try BranchCode(validating: "B01"), mark: number.mark, sequence: 5)
        #expect(try CaseNumber(parsing: numbered.description.replacing("B01", with: "bo1")) == numbered)
    }

    @Test func aProvisionalNumberHasNoBranch() throws {
        let number = CaseNumber(branch: nil, mark: try DeviceMark(validating: "QXB"), sequence: 123)
        #expect(number.isProvisional)
        #expect(number.description.hasPrefix("P-QXB-000123-"))
        #expect(try CaseNumber(parsing: number.description) == number)
        #expect(try CaseNumber(parsing: number.description.replacing("-", with: "")) == number)
    }

    @Test func theErrorSaysWhichCheckFailed() {
        #expect(throws: CaseNumberError.form("JKT")) { try CaseNumber(parsing: "JKT") }
        #expect(throws: CaseNumberError.form("")) { try CaseNumber(parsing: "") }
        #expect(throws: CaseNumberError.form("JKT/QXB")) { try CaseNumber(parsing: "JKT/QXB") }
        #expect(throws: CaseNumberError.branchCode("JK")) { try CaseNumber(parsing: "JK-QXB-000123-V") }
        #expect(throws: CaseNumberError.mark("QX1")) { try CaseNumber(parsing: "JKT-QX1-000123-V") }
        #expect(throws: CaseNumberError.sequence("000000")) { try CaseNumber(parsing: "JKT-QXB-000000-J") }
        #expect(throws: CaseNumberError.sequence("0000123")) { try CaseNumber(parsing: "JKT-QXB-0000123-V") }
        #expect(throws: CaseNumberError.sequence("1000000000000")) {
            try CaseNumber(parsing: "JKT-QXB-1000000000000-J")
        }
        #expect(throws: CaseNumberError.checkLetter("X")) { try CaseNumber(parsing: "JKT-QXB-000123-X") }
    }

    /// The whole proof of the check: from every sum, every two symbols that differ lead to different sums, alone and
    /// swapped; and a difference once made stays.
    @Test func everySlipChangesTheSum() {
        let all = 0..<CheckLetter.modulus
        for sum in all {
            for a in all {
                for b in all where a != b {
                    let once = CheckLetter.advance(sum, by: a)
                    let other = CheckLetter.advance(sum, by: b)
                    #expect(once != other)
                    #expect(CheckLetter.advance(once, by: b) != CheckLetter.advance(other, by: a))
                    #expect(CheckLetter.advance(a, by: sum) != CheckLetter.advance(b, by: sum))
                }
            }
        }
    }

    private func numbers() throws -> [CaseNumber] {
        let codes: [BranchCode?] =
            [nil] + (try ["JKT", "ABCDE", "PPPP", "B01", "P9999", "Z10"].map(BranchCode.init(validating:)))
        let sequences: [UInt64] = [1, 123, 908_172, 999_999, 1_000_000, 7_654_321_098]
        return codes.flatMap { code in
            ["QXB", "AAB", "PPP"].flatMap { mark in
                sequences.map { CaseNumber(branch: code, mark: try! DeviceMark(validating: mark), sequence: $0) }
            }
        }
    }

    /// With and without separators; without them a number has six digits.
    private func texts(_ number: CaseNumber) -> [String] {
        let unseparated = number.sequence < 1_000_000 ? [number.description.replacing("-", with: "")] : []
        return [number.description] + unseparated
    }

    @Test func noWrongSymbolLeadsToAnotherNumber() throws {
        let symbols = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
        for number in try numbers() {
            for text in texts(number) {
                let right = Array(text)
                for index in right.indices where right[index] != "-" {
                    for symbol in symbols where symbol != right[index] {
                        var wrong = right
                        wrong[index] = symbol
                        let read = try? CaseNumber(parsing: String(wrong))
                        #expect(read == nil || read == number, "\(String(wrong)) for \(text)")
                    }
                }
            }
        }
    }

    @Test func noSwapOfNeighboursLeadsToAnotherNumber() throws {
        for number in try numbers() {
            for text in texts(number) {
                let right = Array(text)
                for index in right.indices.dropLast() {
                    // The neighbour by sound: a dash is not spoken.
                    let next = right[index + 1] == "-" ? index + 2 : index + 1
                    guard right[index] != "-", right[index] != right[next] else { continue }
                    var wrong = right
                    wrong.swapAt(index, next)
                    #expect(throws: CaseNumberError.self, "\(String(wrong)) for \(text)") {
                        try CaseNumber(parsing: String(wrong))
                    }
                }
            }
        }
    }

    @Test func everyMarkIsThere() throws {
        let marks = Set((0..<DeviceMark.count).map(DeviceMark.init(index:)))
        #expect(marks.count == 12_167)
        for mark in marks { #expect(try DeviceMark(validating: mark.description) == mark) }
    }
}
