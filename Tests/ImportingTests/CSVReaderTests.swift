import Importing
import Testing

@Suite struct CSVReaderTests {
    /// Records in every spelling that RFC 4180 and common tools allow.
    private static let torture: [(text: String, records: [ReadRecord])] = [
        ("", []),
        ("\n\r\n\r", []),
        ("a", [.row(line: 1, ["a"])]),
        ("a,b\n", [.row(line: 1, ["a", "b"])]),
        (",\n", [.row(line: 1, ["", ""])]),
        ("a,", [.row(line: 1, ["a", ""])]),
        ("\"\"\n", [.row(line: 1, [""])]),
        ("\"\",\"\"", [.row(line: 1, ["", ""])]),
        ("\"a\"\"b\",\"\"\"\"\n", [.row(line: 1, ["a\"b", "\""])]),
        ("\"a,b\"\r\nc", [.row(line: 1, ["a,b"]), .row(line: 2, ["c"])]),
        ("\"a\nb\r\nc\rd\",e\nf", [.row(line: 1, ["a\nb\r\nc\rd", "e"]), .row(line: 5, ["f"])]),
        ("\"\r\",\"\n\"\nx", [.row(line: 1, ["\r", "\n"]), .row(line: 4, ["x"])]),
        ("a\rb\r\n\nc\n", [.row(line: 1, ["a"]), .row(line: 2, ["b"]), .row(line: 4, ["c"])]),
        ("a\"b,c\"\n", [.row(line: 1, ["a\"b", "c\""])]),
        ("\u{FEFF}a,b\n", [.row(line: 1, ["a", "b"])]),
        ("\u{FEFF}\"a\"\n", [.row(line: 1, ["a"])]),
        ("\u{FEFF}", []),
        ("a\n\u{FEFF}b", [.row(line: 1, ["a"]), .row(line: 2, ["\u{FEFF}b"])]),
        ("ș,مرحبا,\u{0}\n", [.row(line: 1, ["ș", "مرحبا", "\u{0}"])]),
        (
            "\"a\"b,\"c,d\"\ne",
            [.rejected(line: 1, .textAfterClosingQuote(field: 1)), .row(line: 2, ["e"])]
        ),
        ("a\nb,\"c\nd,e\n", [.row(line: 1, ["a"]), .rejected(line: 2, .unclosedQuote(field: 2))]),
    ]

    @Test(arguments: [1, 2, 3, 7, 64 * 1024])
    func tortureReadsTheSameWhereverChunksEnd(chunkBytes: Int) throws {
        for (text, records) in Self.torture {
            #expect(try readRecords(text.utf8, chunkBytes: chunkBytes) == records, "\(text.debugDescription)")
        }
    }

    @Test func whatIsWrittenIsReadBackInEverySpelling() throws {
        let cells = ["", "a", "\"", ",", "\n", "\r\n", "x\"y", " z ", "é", "?"]
        var random = SeededGenerator(seed: 4180)
        for _ in 0..<300 {
            let rows = (0..<5).map { _ in (0..<4).map { _ in cells.randomElement(using: &random) ?? "" } }
            for spelling in Spelling.all {
                let records = try readRecords(spelling.file(rows), chunkBytes: 5)
                #expect(records.map(fields(of:)) == rows)
            }
        }
    }

    private func fields(of record: ReadRecord) -> [String]? {
        if case .row(_, let fields) = record { fields } else { nil }
    }

    @Test func fileCutInsideQuotesGivesARejectionAndOtherwiseARow() throws {
        let whole = Array("a,b\n\"c\n1\",\"d\"\"2\"\n".utf8)
        let cutsInside = [5: 1, 6: 1, 7: 1, 8: 1, 11: 2, 12: 2, 14: 2, 15: 2]
        for length in 5..<whole.count {
            let last = try readRecords(whole[..<length]).last
            if let field = cutsInside[length] {
                #expect(last == .rejected(line: 2, .unclosedQuote(field: field)), "\(length) bytes")
            } else {
                #expect(last.flatMap(fields(of:))?.first == "c\n1", "\(length) bytes")
            }
        }
    }

    // MARK: - Limits

    @Test func overlongFieldIsRejectedAndReadingGoesOn() throws {
        var limits = CSVReader.Limits()
        limits.fieldBytes = 4
        let text = "abcd,e\nabcde,f\n\"ab\ncde\"\"\",g\nh"
        #expect(
            try readRecords(text.utf8, chunkBytes: 3, limits: limits) == [
                .row(line: 1, ["abcd", "e"]),
                .rejected(line: 2, .fieldTooLong(field: 1, limitBytes: 4)),
                .rejected(line: 3, .fieldTooLong(field: 1, limitBytes: 4)),
                .row(line: 5, ["h"]),
            ])
    }

    @Test func overlongRecordIsRejectedAndReadingGoesOn() throws {
        var limits = CSVReader.Limits()
        limits.recordBytes = 4
        #expect(
            try readRecords("ab,cd\nab,cd,e\nf\n".utf8, limits: limits) == [
                .row(line: 1, ["ab", "cd"]), .rejected(line: 2, .recordTooLong(limitBytes: 4)), .row(line: 3, ["f"]),
            ])
    }

    @Test func recordOfTooManyFieldsIsRejectedAndReadingGoesOn() throws {
        var limits = CSVReader.Limits()
        limits.fields = 3
        #expect(
            try readRecords("a,b,c\na,b,c,\"d\n\",e\nf\n".utf8, limits: limits) == [
                .row(line: 1, ["a", "b", "c"]), .rejected(line: 2, .tooManyFields(limit: 3)), .row(line: 4, ["f"]),
            ])
    }

    @Test func invalidUTF8RejectsItsRowOnly() throws {
        // The two halves of one letter in two fields are not a letter.
        let bytes = Array("a\nb,".utf8) + [0xC3, 0x2C, 0xA9, 0x0A] + Array("é\n".utf8)
        #expect(
            try readRecords(bytes) == [
                .row(line: 1, ["a"]), .rejected(line: 2, .invalidUTF8(field: 2)), .row(line: 3, ["é"]),
            ])
    }

    @Test func arbitraryBytesNeverTrap() throws {
        var random = SeededGenerator(seed: 77)
        let alphabet: [UInt8] = Array("a,\"\r\n".utf8) + [0xC3, 0xA9, 0xEF, 0xBB, 0xBF, 0]
        for _ in 0..<2_000 {
            let bytes = (0..<40).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            let whole = try readRecords(bytes)
            #expect(try readRecords(bytes, chunkBytes: 1) == whole)
        }
    }
}
