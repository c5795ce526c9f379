import Causality
import Changes
import Replication
import SQLiteKit

/// A change as an audit noted it when it read the log.
package struct NotedChange: Sendable {
    /// Counted from 1 in the order in which the log was read: each change after its past.
    package let number: Int64
    /// The rows of its scope and its feed.
    package let scope: Int64
    package let feed: Int64
    package let sequence: UInt64
    package let hash: Hash256
    package let stamp: HybridTimestamp
    /// As its entry gave it.
    package let placement: Placement?
    /// In its carried form; of a stub, its header.
    package let body: [UInt8]
    package let isStub: Bool
    /// Whether this version can fold it.
    package let isFoldable: Bool
    /// Personal parts that it commits to.
    package let partCount: Int

    package init(
        number: Int64, scope: Int64, feed: Int64, sequence: UInt64, hash: Hash256, stamp: HybridTimestamp,
        placement: Placement?, body: [UInt8], isStub: Bool, isFoldable: Bool, partCount: Int
    ) {
        self.number = number
        self.scope = scope
        self.feed = feed
        self.sequence = sequence
        self.hash = hash
        self.stamp = stamp
        self.placement = placement
        self.body = body
        self.isStub = isStub
        self.isFoldable = isFoldable
        self.partCount = partCount
    }
}

/// What an audit noted while it read the log once: each sound change, and the records that it names. On disk, so that
/// memory does not grow with the log; gone when it is closed.
package final class AuditNotes {
    private let connection: Connection

    /// - Parameter path: a file that does not exist: see `TemporaryDatabase`.
    package init(path: String) throws {
        connection = try Connection(path: path, access: .readWriteCreate)
        // Nothing here outlives the audit, so one transaction that is never committed holds all of it.
        try connection.execute(
            script: """
                CREATE TABLE change (
                    number INTEGER PRIMARY KEY, scope INTEGER NOT NULL, feed INTEGER NOT NULL,
                    sequence INTEGER NOT NULL, hash BLOB NOT NULL, stamp INTEGER NOT NULL,
                    position INTEGER, received INTEGER, verdict INTEGER, body BLOB NOT NULL,
                    is_stub INTEGER NOT NULL, is_foldable INTEGER NOT NULL, parts INTEGER NOT NULL,
                    UNIQUE (feed, sequence)
                ) STRICT;
                CREATE TABLE touch (
                    record BLOB NOT NULL, change INTEGER NOT NULL, PRIMARY KEY (record, change)
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE base (
                    record BLOB PRIMARY KEY, scope INTEGER NOT NULL, body BLOB NOT NULL
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE base_part (
                    feed INTEGER NOT NULL, sequence INTEGER NOT NULL, number INTEGER NOT NULL,
                    subject BLOB NOT NULL, hash BLOB NOT NULL, is_met INTEGER NOT NULL,
                    PRIMARY KEY (feed, sequence, number)
                ) STRICT, WITHOUT ROWID;
                BEGIN
                """)
    }

    package func close() { connection.close() }

    /// - Parameter records: that the change names.
    package func add(_ change: NotedChange, records: [RecordID]) throws {
        try connection.execute(
            "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            change.number, change.scope, change.feed, Int64(clamping: change.sequence), change.hash.bytes,
            Int64(bitPattern: change.stamp.rawValue), change.placement.map { Int64(clamping: $0.position) },
            change.placement?.received, change.placement.map { Int64($0.verdict.rawValue) }, change.body,
            change.isStub, change.isFoldable, change.partCount)
        for record in records {
            try connection.execute(
                "INSERT OR IGNORE INTO touch VALUES (?, ?)", record.bytes, change.number)
        }
    }

    package func change(feed: Int64, sequence: UInt64) throws -> NotedChange? {
        guard let sequence = Int64(exactly: sequence) else { return nil }
        return try connection.withStatement(
            """
            SELECT number, scope, feed, sequence, hash, stamp, position, received, verdict, body, is_stub, is_foldable,
            parts FROM change WHERE feed = ? AND sequence = ?
            """
        ) { statement in
            try statement.bind(feed, sequence)
            return try statement.step() ? try NotedChange(statement) : nil
        }
    }

    /// The sequence of a feed's change with this hash. - Complexity: O(changes of the feed).
    package func sequence(of hash: Hash256, feed: Int64) throws -> UInt64? {
        try connection.withStatement("SELECT sequence FROM change WHERE feed = ? AND hash = ? LIMIT 1") { statement in
            try statement.bind(feed, hash.bytes)
            return try statement.step() ? try statement.unsigned(0, "change") : nil
        }
    }

    /// In the order in which they were read.
    package func changes(_ visit: (NotedChange) throws -> Void) throws {
        try connection.withStatement(
            """
            SELECT number, scope, feed, sequence, hash, stamp, position, received, verdict, body, is_stub, is_foldable,
            parts FROM change ORDER BY number
            """
        ) { statement in
            while try statement.step() { try visit(try NotedChange(statement)) }
        }
    }

    /// In the order in which they were read.
    package func changes(naming record: RecordID) throws -> [NotedChange] {
        try connection.withStatement(
            """
            SELECT c.number, c.scope, c.feed, c.sequence, c.hash, c.stamp, c.position, c.received, c.verdict, c.body,
            c.is_stub, c.is_foldable, c.parts
            FROM touch r JOIN change c ON c.number = r.change WHERE r.record = ?
            ORDER BY r.change
            """
        ) { statement in
            try statement.bind(record.bytes)
            var changes: [NotedChange] = []
            while try statement.step() { changes.append(try NotedChange(statement)) }
            return changes
        }
    }

    /// The records that changes name, each with those changes' numbers one by one.
    package func touches(_ visit: (RecordID, _ change: Int64) throws -> Void) throws {
        try connection.withStatement("SELECT record, change FROM touch ORDER BY record, change") { statement in
            while try statement.step() {
                try visit(try statement.identifier(0, "touch"), try statement.int64(1))
            }
        }
    }

    package func change(number: Int64) throws -> NotedChange? {
        try connection.withStatement(
            """
            SELECT number, scope, feed, sequence, hash, stamp, position, received, verdict, body, is_stub, is_foldable,
            parts FROM change WHERE number = ?
            """
        ) { statement in
            try statement.bind(number)
            return try statement.step() ? try NotedChange(statement) : nil
        }
    }
}

extension NotedChange {
    fileprivate init(_ statement: borrowing Statement) throws {
        var placement: Placement?
        if !statement.isNull(6), let verdict = Verdict(rawValue: UInt8(truncatingIfNeeded: try statement.int64(8))) {
            placement = Placement(
                position: try statement.unsigned(6, "change"), received: try statement.int64(7),
                verdict: verdict)
        }
        self.init(
            number: try statement.int64(0), scope: try statement.int64(1), feed: try statement.int64(2),
            sequence: try statement.unsigned(3, "change"), hash: try statement.hash(4, "change"),
            stamp: HybridTimestamp(rawValue: UInt64(bitPattern: try statement.int64(5))), placement: placement,
            body: try statement.bytes(9), isStub: try statement.bool(10), isFoldable: try statement.bool(11),
            partCount: try statement.int(12))
    }
}

/// What a base says of a record, as an audit noted it.
package struct NotedBase: Sendable {
    /// The row of its scope.
    package let scope: Int64
    package let record: SnapshotRecord
    /// Of every dot that the record names.
    package let headings: [Dot: SnapshotHeading]
}

extension AuditNotes {
    /// Notes a chunk of a base.
    ///
    /// - Parameter feed: the row of a feed; nil where it is not known.
    package func add(_ block: SnapshotBlock, scope: Int64, id: ScopeID, feed: (FeedID) -> Int64?) throws {
        for record in block.records {
            let alone = SnapshotBlock(records: [record], headings: block.headings(of: record), parts: [])
            try connection.execute(
                "INSERT OR REPLACE INTO base VALUES (?, ?, ?)", record.id(in: id).bytes, scope, alone.encoded())
        }
        for part in block.parts {
            guard let feed = feed(part.dot.feed) else { continue }
            try connection.execute(
                "INSERT OR IGNORE INTO base_part VALUES (?, ?, ?, ?, ?, 0)", feed, Int64(clamping: part.dot.sequence),
                part.number, part.commitment.subject.bytes, part.commitment.commitment.bytes)
        }
    }

    package func base(of record: RecordID) throws -> NotedBase? {
        try connection.withStatement("SELECT scope, body FROM base WHERE record = ?") { statement in
            try statement.bind(record.bytes)
            guard try statement.step() else { return nil }
            let block = try SnapshotBlock(try statement.bytes(1))
            guard let record = block.records.first else { return nil }
            return NotedBase(scope: try statement.int64(0), record: record, headings: block.headings(of: record))
        }
    }

    /// Every record of a base, by id.
    package func bases(_ visit: (RecordID) throws -> Void) throws {
        try connection.withStatement("SELECT record FROM base ORDER BY record") { statement in
            while try statement.step() { try visit(try statement.identifier(0, "base")) }
        }
    }

    /// What a base commits to at this place, which has a row.
    package func meetBasePart(feed: Int64, _ sequence: UInt64, _ number: Int64) throws -> PartCommitment? {
        let sequence = Int64(clamping: sequence)
        let found: PartCommitment? = try connection.withStatement(
            "SELECT subject, hash FROM base_part WHERE feed = ? AND sequence = ? AND number = ?"
        ) { statement in
            try statement.bind(feed, sequence, number)
            guard try statement.step() else { return nil }
            return PartCommitment(
                subject: try statement.identifier(0, "base_part"), commitment: try statement.hash(1, "base_part"))
        }
        if found != nil {
            try connection.execute(
                "UPDATE base_part SET is_met = 1 WHERE feed = ? AND sequence = ? AND number = ?", feed, sequence, number
            )
        }
        return found
    }

    /// The places at which a base commits to a part that has no row.
    package func unmetBaseParts() throws -> [String] {
        try connection.withStatement(
            "SELECT feed, sequence, number FROM base_part WHERE is_met = 0 ORDER BY feed, sequence, number"
        ) { statement in
            var rows: [String] = []
            while try statement.step() {
                rows.append("\(try statement.int64(0)):\(try statement.int64(1)):\(try statement.int64(2))")
            }
            return rows
        }
    }
}
