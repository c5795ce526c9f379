import Causality
import Changes
import Replication
import SQLiteKit

/// Runs: changes that have no entry yet, or whose entry lies in an open segment; a row a commit and feed.
extension SQLiteTransaction {
    /// Rows read at a time.
    static let runsPerStep = 64

    /// Writes a run.
    ///
    /// - Parameter isElsewhere: of a change that a segment has taken in; the first ones of a run may be such.
    func insert(_ run: LogTail.Run, isElsewhere: (StoredChange) -> Bool) throws {
        var (changes, marks, body) = (run.changes, run.marks, run.body)
        if changes.first.map(isElsewhere) == true {
            changes = Array(changes.drop(while: isElsewhere))
            marks = RecordMarks()
            for change in changes { try marks.insert(change) }
            body = StoredRun.body(of: changes)
        }
        guard let first = changes.first else { return }
        let place = try RunPlace(feed: run.feed, sequence: first.dot.sequence)
        let number = StoredChange.number(ofOrder: first.order)
        try connection.execute(
            "INSERT INTO run (place, number, count, hash, body, digest, records) VALUES (?, ?, ?, ?, ?, ?, ?)",
            place.key, number, changes.count, first.header.previous.bytes, body, RowDigest.of(body), marks.encoded)
        // Most likely they are sent next.
        caches.containers.keep(
            StoredRun(number: number, first: first.dot.sequence, changes: changes), at: place)
    }

    /// The run's change at `dot`; nil where no run holds it.
    func run(holding dot: Dot, feed: Int64, scope: ScopeID) throws -> StoredChange? {
        if let recent = caches.containers.recentChange(dot.sequence, feed: feed) { return recent }
        let keys = RunPlace.keys(of: feed, 0, through: dot.sequence)
        let place: RunPlace? = try connection.withStatement(
            "SELECT place, count FROM run WHERE place BETWEEN ? AND ? ORDER BY place DESC LIMIT 1"
        ) { statement in
            try statement.bind(keys.lowerBound, keys.upperBound)
            guard try statement.step() else { return nil }
            let place = RunPlace(key: try statement.int64(0))
            return place.sequence + (try statement.unsigned(1, "run")) > dot.sequence ? place : nil
        }
        guard let place else { return nil }
        let run = try run(at: place, of: scope)
        caches.containers.note(run, feed: feed)
        return run.changes[Int(dot.sequence - run.first)]
    }

    func run(at place: RunPlace, of scope: ScopeID) throws -> StoredRun {
        if let cached = caches.containers.run(at: place) { return cached }
        return try connection.withStatement("SELECT number, count, hash, body FROM run WHERE place = ?") { statement in
            try statement.bind(place.key)
            guard try statement.step() else { throw missingRun(place) }
            do {
                let run = try StoredRun(
                    number: try statement.int64(0), scope: scope, feed: try feedID(place.feed), first: place.sequence,
                    count: try statement.unsigned(1, "run"), previous: try statement.hash(2, "run"),
                    body: try statement.bytes(3))
                caches.containers.keep(run, at: place)
                return run
            } catch let error as CodecError {
                throw StoredValueError(table: "run", row: "\(place.key)", reason: error.description)
            }
        }
    }

    private func missingRun(_ place: RunPlace) -> StoredValueError {
        StoredValueError(table: "run", row: "\(place.key)", reason: "the row is missing")
    }

    /// The same as it lies.
    ///
    /// - Throws: `StoredValueError` where it is not what was written.
    func runBody(at place: RunPlace) throws -> RunBody {
        try connection.withStatement("SELECT number, count, body, digest FROM run WHERE place = ?") { statement in
            try statement.bind(place.key)
            guard try statement.step() else { throw missingRun(place) }
            let body = try statement.bytes(2)
            guard RowDigest.of(body) == (try statement.bytes(3)) else {
                throw StoredValueError(
                    table: "run", row: "\(place.key)", reason: "its digest is not that of its bytes")
            }
            return RunBody(
                place: place, number: try statement.int64(0), feed: try feedID(place.feed),
                count: try statement.unsigned(1, "run"), body: body)
        }
    }

    /// Where runs lie that hold changes without an entry beyond `number`: the first ones, in the order of their numbers.
    ///
    /// Reads what is put of the feeds: a change that was appended counts once its feed has it.
    /// - Complexity: O(`limit` + log changes) for each feed with such changes.
    func waitingRuns(of row: Int64, after number: Int64, limit: Int) throws -> [RunPlace] {
        var found: [(number: Int64, place: RunPlace)] = []
        let waiting = try loadFeeds(row).values.filter { $0.placed < $0.state.sequence }
        // In an order of their own: which damage is met first must not depend on the dictionary's.
        for feed in waiting.sorted(by: { $0.rid < $1.rid }) {
            // Numbers ascend within a feed: what comes after these is of no use.
            let bound = found.count < limit ? .max : found[limit - 1].number
            found += try waitingRuns(of: feed, after: number, through: bound, limit: limit)
            found.sort { $0.number < $1.number }
            found.removeLast(max(0, found.count - limit))
        }
        return found.map(\.place)
    }

    private func waitingRuns(
        of feed: StoreCaches.CachedFeed, after number: Int64, through bound: Int64, limit: Int
    ) throws -> [(number: Int64, place: RunPlace)] {
        // The run that holds the first of them may begin before it.
        let first = feed.placed + 1
        var keys = RunPlace.keys(
            of: feed.rid, first - min(first, UInt64(LogTail.changesPerRun)), through: feed.state.sequence)
        if number > 0 { keys = try keysOfRuns(in: keys, notBefore: number) }
        return try connection.withStatement(
            "SELECT place, number, count FROM run WHERE place BETWEEN ? AND ? ORDER BY place"
        ) { statement in
            try statement.bind(keys.lowerBound, keys.upperBound)
            var found: [(number: Int64, place: RunPlace)] = []
            while found.count < limit, try statement.step() {
                let place = RunPlace(key: try statement.int64(0))
                let (start, count) = (try statement.int64(1), try statement.unsigned(2, "run"))
                if start > bound { break }
                guard place.sequence &+ count > first, start &+ Int64(clamping: count) > number &+ 1 else { continue }
                if number <= 0, found.isEmpty, place.sequence > first { break }
                found.append((start, place))
            }
            guard number > 0 || !found.isEmpty || bound < .max else {
                throw StoredValueError(
                    table: "feed", row: "\(feed.rid)", reason: "no run holds its change \(first), which has no entry")
            }
            return found
        }
    }

    /// Leaves out of a feed's runs those before the last one that begins at `number` or less.
    private func keysOfRuns(in keys: ClosedRange<Int64>, notBefore number: Int64) throws -> ClosedRange<Int64> {
        try connection.withStatement(
            "SELECT place, number FROM run WHERE place BETWEEN ? AND ? ORDER BY place LIMIT 1"
        ) { statement in
            var (low, high) = (keys.lowerBound, keys.upperBound)
            while low < high {
                let middle = low + (high - low + 1) / 2
                try statement.bind(middle, high)
                if try statement.step(), try statement.int64(1) <= number {
                    low = try statement.int64(0)
                } else {
                    high = middle - 1
                }
                statement.reset()
            }
            return low...keys.upperBound
        }
    }

    /// Removes the runs of changes that lie in a whole segment now, `stretch` of a feed: also the one that begins before it,
    /// where all of it lies in such segments.
    func removeRuns(of stretch: DecodedSegment.Stretch, scope row: Int64) throws {
        let feed = try feedRow(of: stretch.feed, scope: row)
        let last = Int64(stretch.last)
        var first = Int64(stretch.first)
        let earlier = RunPlace.keys(of: feed, 0, through: stretch.first - 1)
        let before: (first: Int64, end: Int64)? = try connection.withStatement(
            "SELECT place, count FROM run WHERE place BETWEEN ? AND ? ORDER BY place DESC LIMIT 1"
        ) { statement in
            try statement.bind(earlier.lowerBound, earlier.upperBound)
            guard try statement.step() else { return nil }
            let start = Int64(RunPlace(key: try statement.int64(0)).sequence)
            return (start, start &+ (try statement.int64(1)))
        }
        if let before, before.end > first, before.end - 1 <= last,
            try isWhole(before.first, first - 1, feed: feed, scope: row)
        {
            first = before.first
        }
        try withoutOverwriting {
            let keys = RunPlace.keys(of: feed, UInt64(first), through: stretch.last)
            try connection.execute(
                "DELETE FROM run WHERE place BETWEEN ?1 AND ?2 AND place + count - 1 <= ?2", keys.lowerBound,
                keys.upperBound)
        }
        caches.containers.removeAll()
    }

    /// Whether changes of a feed that have their places all lie in whole segments.
    private func isWhole(_ first: Int64, _ last: Int64, feed: Int64, scope row: Int64) throws -> Bool {
        try connection.withStatement(
            """
            SELECT count(*), coalesce(min(s.is_whole), 0) FROM stretch t
            JOIN segment s ON s.scope = ?1 AND s.position = t.position
            WHERE t.feed = ?2 AND t.sequence <= ?4 AND t.sequence + t.count > ?3
            """
        ) { statement in
            try statement.bind(row, feed, first, last)
            _ = try statement.step()
            return try statement.int64(0) > 0 && statement.bool(1)
        }
    }

    /// Runs of a scope that may touch a record.
    func runs(marking record: RecordID, scope row: Int64) throws -> [RunPlace] {
        let feeds = Set(try loadFeeds(row).values.map(\.rid))
        return try lastRuns().filter { feeds.contains($0.place.feed) }.flatMap { last in
            try connection.withStatement("SELECT place, records FROM run WHERE place BETWEEN ? AND ?") { statement in
                try statement.bind(last.place.leastOfFeed, last.place.key)
                return try marked(statement, "run", record).map { RunPlace(key: $0) }
            }
        }
    }

    /// Of each feed that has runs, the last one, and the number of its last change.
    ///
    /// - Complexity: O(such feeds): most feeds of a hub have none.
    func lastRuns() throws -> [(place: RunPlace, number: Int64)] {
        try connection.withStatement(
            "SELECT place, number + count - 1 FROM run WHERE place < ? ORDER BY place DESC LIMIT 1"
        ) { statement in
            var found: [(place: RunPlace, number: Int64)] = []
            var bound = Int64.max
            while true {
                try statement.bind(bound)
                guard try statement.step() else { return found }
                let place = RunPlace(key: try statement.int64(0))
                found.append((place, try statement.int64(1)))
                bound = place.leastOfFeed
                statement.reset()
            }
        }
    }

    /// The keys of rows (key, marks) that may touch a record.
    func marked(_ statement: borrowing Statement, _ table: String, _ record: RecordID) throws -> [Int64] {
        var keys: [Int64] = []
        while try statement.step() {
            let key = try statement.int64(0)
            do {
                if try RecordMarks.mayHold(record, try statement.bytes(1)) { keys.append(key) }
            } catch let error as CodecError {
                throw StoredValueError(table: table, row: "\(key)", reason: error.description)
            }
        }
        return keys
    }
}

/// The first 8 bytes of a row's SHA-256: damage is named where it lies, also where what follows would still decode.
enum RowDigest {
    static func of(_ body: [UInt8]) -> [UInt8] { Array(Hash256.sha256(body).bytes.prefix(8)) }
}
