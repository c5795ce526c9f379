import SQLiteKit
import Testing

@Suite struct StatementTests {
    struct Interruption: Error {}

    let scratch: Scratch
    let connection: Connection

    init() throws {
        scratch = try Scratch()
        connection = try Connection(path: scratch.database, access: .readWriteCreate)
        try connection.execute(
            "CREATE TABLE pair (id INTEGER PRIMARY KEY, a TEXT, b INTEGER CHECK (b <> 13), UNIQUE (a)) STRICT")
        for (a, b) in [("x", 1), ("y", 2), ("z", 3)] {
            try connection.execute("INSERT INTO pair (a, b) VALUES (?, ?)", a, b)
        }
    }

    private func countAbove(_ limit: Int?, leavingEarly: Bool) throws -> Int {
        try connection.withStatement("SELECT a FROM pair WHERE b > ?1 OR ?1 IS NULL ORDER BY id") { statement throws in
            if let limit { try statement.bind(limit) }
            var count = 0
            while try statement.step() {
                if leavingEarly { throw Interruption() }
                count += 1
            }
            return count
        }
    }

    @Test func aStatementIsCleanAfterItsBodyThrew() throws {
        #expect(throws: Interruption.self) { try countAbove(2, leavingEarly: true) }
        // With the value 2 still bound there would be one row, and without the reset none or an error.
        #expect(try countAbove(nil, leavingEarly: false) == 3)
        // A statement left between its rows would keep a read transaction open, and refuse this.
        try connection.walCheckpoint(.truncate)
    }

    /// The names in order, each followed by what `inside` gives at it.
    private func names(inside: (String) throws -> [String]) throws -> [String] {
        try connection.withStatement("SELECT a FROM pair ORDER BY id") { statement throws in
            var names: [String] = []
            while try statement.step() {
                let name = try statement.text(0)
                names += [name] + (try inside(name))
            }
            return names
        }
    }

    @Test func theSameStatementNestsInItself() throws {
        let nested = try names { name in name == "x" ? try names { _ in [] } : [] }
        #expect(nested == ["x", "x", "y", "z", "y", "z"])
        #expect(try names { _ in [] } == ["x", "y", "z"])
    }

    @Test func aStatementRunsAgainWithOtherValues() throws {
        try connection.withStatement("INSERT INTO pair (a, b) VALUES (?, ?)") { statement throws in
            for number in 10..<13 {
                try statement.bind("n\(number)", number)
                try statement.run()
            }
        }
        #expect(try connection.integer("SELECT sum(b) FROM pair") == 1 + 2 + 3 + 10 + 11 + 12)
        #expect(connection.lastInsertedRowID == 6)
        try connection.execute("DELETE FROM pair WHERE b >= ?", 10)
        #expect(connection.changes == 3)
    }

    @Test func aFailedStatementCanBeRunAgain() throws {
        try connection.withStatement("INSERT INTO pair (a, b) VALUES (?, ?)") { statement throws in
            try statement.bind("x", 4)
            let failure = #expect(throws: SQLiteError.self) { try statement.run() }
            #expect(failure?.isConstraint == true)
            #expect(failure?.code == 2067)
            #expect(failure?.sql == "INSERT INTO pair (a, b) VALUES (?, ?)")
            try statement.bind("w", 4)
            try statement.run()
        }
        #expect(try connection.integer("SELECT count(*) FROM pair") == 4)
    }

    @Test func manyLiteralsKeepTheirOwnStatements() throws {
        let literals: [StaticString] = [
            "SELECT 0", "SELECT 1", "SELECT 2", "SELECT 3", "SELECT 4", "SELECT 5", "SELECT 6", "SELECT 7", "SELECT 8",
            "SELECT 9", "SELECT 10", "SELECT 11", "SELECT 12", "SELECT 13", "SELECT 14", "SELECT 15", "SELECT 16",
            "SELECT 17", "SELECT 18", "SELECT 19", "SELECT 20", "SELECT 21", "SELECT 22", "SELECT 23", "SELECT 24",
            "SELECT 25", "SELECT 26", "SELECT 27", "SELECT 28", "SELECT 29", "SELECT 30", "SELECT 31", "SELECT 32",
            "SELECT 33", "SELECT 34", "SELECT 35", "SELECT 36", "SELECT 37", "SELECT 38", "SELECT 39", "SELECT 40",
        ]
        for _ in 0..<2 {
            let found = try literals.map { literal in
                try connection.withStatement(literal) { try $0.step() ? try $0.int(0) : nil }
            }
            #expect(found == Array(0...40))
        }
    }

    @Test func moreDynamicStatementsThanTheCacheHoldsAllWork() throws {
        for round in 0..<2 {
            for number in 0..<200 {
                let sum = try connection.withStatement(dynamic: "SELECT \(number) + ?") { statement throws in
                    try statement.bind(round)
                    return try statement.step() ? try statement.int(0) : nil
                }
                #expect(sum == number + round)
            }
        }
    }

    @Test func aLentDynamicStatementOutlivesTheCacheTurningOver() throws {
        try connection.withStatement(dynamic: "SELECT a FROM pair ORDER BY id") { outer throws in
            #expect(try outer.step())
            for number in 0..<200 {
                try connection.withStatement(dynamic: "SELECT \(number)") { inner throws in
                    #expect(try inner.step())
                }
            }
            #expect(try outer.text(0) == "x")
            #expect(try outer.step())
            #expect(try outer.text(0) == "y")
        }
    }

    @Test func dynamicStatementsThatDifferOnlyInNormalFormAreTwo() throws {
        func bytes(_ literal: String) throws -> Int64? {
            try connection.withStatement(dynamic: "SELECT length(CAST('\(literal)' AS BLOB))") { statement throws in
                try statement.step() ? try statement.int64(0) : nil
            }
        }
        #expect(try bytes("e\u{301}") == 3)
        #expect(try bytes("\u{E9}") == 2)
    }

    @Test func anOwnedStatementKeepsItsConnectionOpen() throws {
        func make() throws -> Statement {
            try Connection(path: scratch.database, access: .readOnly).prepare("SELECT count(*) FROM pair")
        }
        let statement = try make()
        #expect(try statement.step())
        #expect(try statement.int(0) == 3)
        #expect(statement.columnCount == 1)
        #expect(statement.columnName(0) == "count(*)")
    }

    @Test(arguments: ["SELECT 1; SELECT 2", "", "-- nothing", "SELECT 1\u{0}; DROP TABLE pair"])
    func anythingButOneStatementIsRefused(_ sql: String) throws {
        let failure = #expect(throws: SQLiteError.self) { _ = try connection.prepare(sql).parameterCount }
        #expect(failure?.message == "exactly one statement is needed here")
    }

    @Test func aStatementMayEndInASemicolonAndALine() throws {
        #expect(try connection.integer("SELECT 1;\n") == 1)
    }

    @Test func aMisspeltColumnIsAnErrorAndNotAString() throws {
        #expect(throws: SQLiteError.self) { try connection.integer("SELECT count(*) FROM pair WHERE \"nmae\" = 1") }
    }
}
