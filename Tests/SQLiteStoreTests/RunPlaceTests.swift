import Causality
import Changes
import Inspection
import Replication
import SQLiteKit
import SQLiteStore
import StoreContract
import Testing

@Suite("Runs lie by feed and sequence, and are read in the order in which they came")
struct RunPlaceTests {
    @Test func placesAreOrderedByFeedAndSequence() throws {
        let places = [(1, 1), (1, 2), (1, 1 << 40 - 1), (2, 1), (1 << 23 - 1, 1 << 40 - 1)] as [(Int64, UInt64)]
        var last: Int64 = 0
        for (feed, sequence) in places {
            let place = try RunPlace(feed: feed, sequence: sequence)
            #expect(place.key > last && place.feed == feed && place.sequence == sequence)
            #expect(RunPlace.keys(of: feed, 0, through: .max).contains(place.key))
            #expect(!RunPlace.keys(of: feed + 1, 0, through: .max).contains(place.key))
            #expect(place.leastOfFeed == RunPlace.keys(of: feed, 0, through: 0).lowerBound)
            last = place.key
        }
    }

    /// Found in review: one flipped bit in a feed's row stopped the program at each save.
    @Test(arguments: ["sequence = 1 << 41", "rid = 1 << 30"])
    func aFeedThatStandsNowhereIsNamedWhenSomethingIsSaved(_ damage: String) throws {
        let folder = try Folder()
        let store = try folder.store()
        try Author(store).write([Samples.register("title", .text("a"))])
        try store.close()
        let connection = try Connection(path: folder.file(), access: .readWrite)
        try connection.execute(script: "PRAGMA foreign_keys = OFF; UPDATE feed SET \(damage)")
        connection.close()
        let again = try folder.store()
        #expect(throws: StoredValueError.self) { try Author(again).write([Samples.register("title", .text("b"))]) }
    }

    /// Whatever a damaged file names as a feed or a sequence, there is a range, and at worst nothing in it.
    @Test(arguments: [.min, -1, 0, 1 << 23, .max] as [Int64])
    func noFeedAndNoSequenceStopsTheProgram(_ feed: Int64) {
        for (first, last) in [(0, 0), (5, 3), (.max, .max), (0, .max)] as [(UInt64, UInt64)] {
            let keys = RunPlace.keys(of: feed, first, through: last)
            #expect(keys.lowerBound <= keys.upperBound)
        }
    }

    /// Three feeds in turn, one change a run, more runs than are read at a time.
    @Test func aBacklogOfSeveralFeedsComesInItsOrderFromWhereverItIsAsked() throws {
        let folder = try Folder()
        let store = try folder.store()
        var authors = (1...3).map { ContractAuthor(UInt8($0), in: Samples.scope) }
        let scope = Samples.scope.scope
        try store.write { try $0.put(ScopeState(Samples.scope)) }
        var dots: [Dot] = []
        for number in 0..<400 {
            // Not evenly, so that one feed ends before the others.
            let writer = number < 300 ? number % 3 : number % 2
            let change = authors[writer].change("\(number)", record: number % 5)
            dots.append(change.dot)
            try store.write { transaction in
                _ = try transaction.append(change, records: try change.recordIDs(), parts: [], placement: nil)
                try transaction.put(authors[writer].state, of: scope)
            }
        }
        for store in [store, try folder.store()] {
            let all = try store.read { try $0.unplaced(of: scope, after: 0, limit: .max) }
            #expect(all.map(\.dot) == dots)
            for step in [7, 64, 100] {
                try store.read { transaction in
                    var found: [Dot] = []
                    var after: Int64 = 0
                    while let last = try transaction.unplaced(of: scope, after: after, limit: step).last {
                        found += try transaction.unplacedCarried(of: scope, after: after, limit: step).map(\.dot)
                        after = last.order
                    }
                    #expect(found == dots)
                }
            }
            // Where reading stopped before is no bound for who asks from an earlier place.
            for from in [399, 250, 0, 150] {
                let after = from == 0 ? 0 : all[from - 1].order
                let rest = try store.read { try $0.unplaced(of: scope, after: after, limit: 1_000) }
                #expect(rest.map(\.dot) == Array(dots[from...]))
            }
        }
    }

    // MARK: - The clock

    private func places(_ folder: Folder) throws -> (feeds: Int, settings: Int) {
        let connection = try Connection(path: folder.file(), access: .readOnly)
        defer { connection.close() }
        func count(_ sql: String) throws -> Int {
            try connection.withStatement(dynamic: sql) {
                _ = try $0.step()
                return try $0.int(0)
            }
        }
        return (
            try count("SELECT count(*) FROM feed WHERE clock IS NOT NULL"),
            try count("SELECT count(*) FROM setting WHERE key = 'clock'")
        )
    }

    @Test func theClockLiesInOnePlaceAndIsTheOneThatWasWrittenLast() throws {
        let folder = try Folder()
        let store = try folder.store()
        func clock() throws -> HybridLogicalClock { try folder.store().read { try $0.clock() } }
        let first = HybridLogicalClock(greatestUnplaced: HybridTimestamp(milliseconds: 9_000))
        try store.write { try $0.put(first) }
        #expect(try places(folder) == (0, 1))
        #expect(try clock() == first)
        let author = try Author(store)
        try author.write([Samples.register("title", .text("a"))])
        let second = try store.read { try $0.clock() }
        #expect(try places(folder) == (1, 0))
        #expect(try clock() == second && second != first)
        // Another feed, and a clock that was put back: not the greatest counts.
        try Author(store, number: 2).write([Samples.register("title", .text("b"))])
        #expect(try places(folder) == (1, 0))
        try store.write { try $0.put(first) }
        #expect(try places(folder) == (0, 1))
        #expect(try clock() == first)
        try author.write([Samples.register("title", .text("c"))])
        let last = try store.read { try $0.clock() }
        // It does not go with the feeds.
        try store.write { try $0.drop(Samples.scope.scope) }
        #expect(try places(folder) == (0, 1))
        #expect(try clock() == last)
    }

    // MARK: - Files of the format before

    /// Brings a file back to format 5.
    private static let downgrade = """
        PRAGMA foreign_keys = OFF;
        BEGIN;
        ALTER TABLE run RENAME TO new_run;
        CREATE TABLE run (
            number INTEGER PRIMARY KEY, scope INTEGER NOT NULL REFERENCES scope, feed INTEGER NOT NULL REFERENCES feed,
            sequence INTEGER NOT NULL, count INTEGER NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL,
            digest BLOB NOT NULL, records BLOB NOT NULL, UNIQUE (feed, sequence)
        ) STRICT;
        CREATE INDEX run_scope ON run (scope, number);
        INSERT INTO run
        SELECT number, f.scope, f.rid, place & 1099511627775, count, r.hash, body, digest, records
        FROM new_run r JOIN feed f ON f.rid = place >> 40;
        DROP TABLE new_run;
        INSERT INTO setting SELECT 'clock', clock FROM feed WHERE clock IS NOT NULL;
        ALTER TABLE feed DROP COLUMN clock;
        ALTER TABLE feed DROP COLUMN differences;
        DELETE FROM migration WHERE position > 5;
        PRAGMA user_version = 5;
        COMMIT;
        """

    @Test func aFileOfFormat5ComesAlongWithItsRunsAndItsClock() throws {
        let folder = try Folder()
        let store = try folder.store()
        for number in 1...3 as ClosedRange<UInt8> {
            let author = try Author(store, number: number)
            for text in ["a", "b"] { try author.write([Samples.register("title", .text("\(text)\(number)"))]) }
        }
        let changes = try store.read { try $0.unplaced(of: Samples.scope.scope, after: 0, limit: .max) }
        let clock = try store.read { try $0.clock() }
        let sums = try store.read { try $0.fingerprint(of: Samples.scope.scope) }
        try store.close()
        let before = try Verifier().verify(path: folder.file(), schemas: Samples.schemas).damage
        let connection = try Connection(path: folder.file(), access: .readWrite)
        try connection.execute(script: RunPlaceTests.downgrade)
        for (bucket, sum) in sums.buckets.enumerated() where sum != 0 {
            try connection.execute(
                "INSERT OR REPLACE INTO fingerprint SELECT rid, ?, ? FROM scope", bucket, sum.bytes)
        }
        connection.close()
        let migrated = try folder.store()
        #expect(changes.count == 6)
        #expect(try migrated.read { try $0.unplaced(of: Samples.scope.scope, after: 0, limit: .max) } == changes)
        #expect(try migrated.read { try $0.clock() } == clock)
        // Three who write into one file leave something to be named: the same before and after.
        #expect(try Verifier().verify(path: folder.file(), schemas: Samples.schemas).damage == before)
        let next = try Author(migrated, number: 2).write([Samples.register("title", .text("c"))])
        #expect(next.dot.sequence == 3 && next.order > changes.map(\.order).max() ?? 0)
    }
}
