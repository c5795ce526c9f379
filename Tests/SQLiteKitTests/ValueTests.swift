import SQLiteKit
import Testing

@Suite struct ValueTests {
    let scratch: Scratch
    let connection: Connection

    init() throws {
        scratch = try Scratch()
        connection = try Connection(path: scratch.database, access: .readWriteCreate)
        try connection.execute("CREATE TABLE value (id INTEGER PRIMARY KEY, content ANY) STRICT")
    }

    private func store(_ value: some Bindable) throws {
        try connection.execute("INSERT INTO value (content) VALUES (?)", value)
    }

    private func load<T>(_ read: (borrowing Statement) throws -> T) throws -> T {
        try connection.withStatement("SELECT content FROM value ORDER BY id DESC LIMIT 1") { statement throws in
            #expect(try statement.step())
            return try read(statement)
        }
    }

    @Test(arguments: [
        "", "plain", "before\u{0}after", "\u{0}", "\u{200F}\u{202E}راست\u{202C}\u{200E}",
        "e\u{301}", "\u{E9}", "\u{FEFF}mark", "می\u{200C}خواهم", "👩🏽‍🚀", String(repeating: "ß", count: 10_000),
    ])
    func textComesBackByteForByte(_ text: String) throws {
        try store(text)
        let loaded = try load { try $0.text(0) }
        #expect(Array(loaded.utf8) == Array(text.utf8))
        let storedBytes = try connection.integer(
            "SELECT length(CAST(content AS BLOB)) FROM value ORDER BY id DESC LIMIT 1")
        #expect(storedBytes == Int64(text.utf8.count))
    }

    @Test func aSubstringOfALongerTextIsBoundAlone() throws {
        let whole = "ohne Umlaut, naïve"
        try store(String(whole.dropFirst(5).prefix(6)))
        #expect(try load { try $0.text(0) } == "Umlaut")
    }

    @Test func normalFormsStayDifferentKeys() throws {
        try connection.execute("CREATE TABLE keyed (name TEXT NOT NULL PRIMARY KEY) STRICT")
        try connection.execute("INSERT INTO keyed VALUES (?)", "e\u{301}")
        try connection.execute("INSERT INTO keyed VALUES (?)", "\u{E9}")
        #expect(try connection.integer("SELECT count(*) FROM keyed") == 2)
    }

    @Test func invalidTextIsRefusedNotRepaired() throws {
        try connection.execute("INSERT INTO value (content) VALUES (CAST(x'61FF62' AS TEXT))")
        let failure = #expect(throws: SQLiteError.self) { try load { try $0.text(0) } }
        #expect(failure?.isMismatch == true)
        #expect(failure?.description.contains("column content holds text that is not valid UTF-8") == true)
    }

    @Test(arguments: [Int64.min, -1, 0, 1, 1 << 53 + 1, .max])
    func integersComeBack(_ value: Int64) throws {
        try store(value)
        #expect(try load { try $0.int64(0) } == value)
    }

    @Test func truthsComeBackAndNothingElsePassesForOne() throws {
        try store(true)
        #expect(try load { try $0.bool(0) })
        try store(2)
        #expect(throws: SQLiteError.self) { try load { try $0.bool(0) } }
    }

    @Test(arguments: [[], [0], [UInt8](0...255)])
    func bytesComeBackAndNoneAreNotNull(_ bytes: [UInt8]) throws {
        try store(bytes)
        #expect(try load { try $0.bytes(0) } == bytes)
        #expect(try load { try $0.withBytes(0) { span in span.byteCount } } == bytes.count)
        #expect(try load { $0.columnType(0) } == .blob)
        try connection.withStatement("INSERT INTO value (content) VALUES (?)") { statement throws in
            try statement.bind(bytes.span.bytes, at: 1)
            try statement.run()
        }
        #expect(try load { try $0.bytes(0) } == bytes)
    }

    @Test func absenceIsNullAndOnlyNull() throws {
        try store(String?.none)
        #expect(try load { $0.isNull(0) })
        #expect(try load { try $0.optionalText(0) } == nil)
        #expect(try load { try $0.optionalInt64(0) } == nil)
        #expect(try load { try $0.optionalBytes(0) } == nil)
        try store(String?.some(""))
        #expect(try load { try $0.optionalText(0) } == "")
    }

    @Test func aValueOfAnotherKindIsNotConverted() throws {
        try store("12")
        #expect(throws: SQLiteError.self) { try load { try $0.int64(0) } }
        #expect(throws: SQLiteError.self) { try load { try $0.bytes(0) } }
        try store(Int64?.none)
        #expect(throws: SQLiteError.self) { try load { try $0.int64(0) } }
        #expect(throws: SQLiteError.self) { try load { try $0.text(0) } }
    }

    @Test func literalsAreBoundWhereTheyLie() throws {
        try connection.withStatement("INSERT INTO value (content) VALUES (?)") { statement throws in
            try statement.bind(literal: "open\u{0}case", at: 1)
            try statement.run()
        }
        #expect(try load { try $0.text(0) } == "open\u{0}case")
    }
}
