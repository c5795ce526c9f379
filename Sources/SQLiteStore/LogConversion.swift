import Causality
import Changes
import Replication
import SQLiteKit

/// Brings a log of format 1, a row for each change and each entry, into runs and segments.
///
/// Runs inside the migrator's transaction: all of it or nothing. Memory stays flat: a segment at a time.
struct LogConversion {
    private let connection: Connection
    private let transaction: SQLiteTransaction

    init(of connection: Connection) {
        self.connection = connection
        transaction = SQLiteTransaction(projections: Projections([]), entriesPerSegment: LogConversion.step)
    }

    /// Entries or changes that are held in memory.
    private static let step = 1_024

    func run() throws {
        try connection.execute(script: StoreFormat.runsAndSegments)
        try connection.execute(
            """
            INSERT INTO part (feed, sequence, number, subject, body)
            SELECT c.feed, c.sequence, p.number, p.subject, p.body
            FROM old_part p JOIN change c ON c.number = p.change
            """)
        try transaction.begin(connection)
        for scope in try transaction.scopes() {
            let row = try transaction.scopeRow(scope.id)
            try convertOrder(of: scope.id, row)
            try convertUnplaced(of: scope.id, row)
        }
        try transaction.flush()
        try connection.execute(script: "DROP TABLE touch; DROP TABLE entry; DROP TABLE old_part; DROP TABLE change")
    }

    /// Each entry with the change that it places.
    private func convertOrder(of scope: ScopeID, _ row: Int64) throws {
        try connection.withStatement(
            "SELECT position, body, history FROM entry WHERE scope = ? ORDER BY position"
        ) { statement in
            try statement.bind(row)
            var count = 0
            while try statement.step() {
                let position = try statement.unsigned(0, "entry")
                let entry = try entry(try statement.bytes(1), at: position)
                switch entry {
                case .change(let reference, let received, let verdict):
                    try append(
                        reference.dot, of: scope, row,
                        placement: Placement(position: position, received: received, verdict: verdict))
                case .verdict(let dot, let verdict): try note(verdict, on: dot, row)
                case .lost, .clock: break
                }
                let history = HistoryHash(try statement.hash(2, "entry"))
                try transaction.append(EntryRow(position: position, entry: entry, history: history), of: scope)
                count += 1
                if count % LogConversion.step == 0 { try transaction.flushLog() }
            }
            try transaction.flushLog()
        }
    }

    private func convertUnplaced(of scope: ScopeID, _ row: Int64) throws {
        try connection.withStatement(
            """
            SELECT f.id, c.sequence FROM change c JOIN feed f ON f.rid = c.feed
            WHERE c.scope = ? AND c.position IS NULL ORDER BY c.number
            """
        ) { statement in
            try statement.bind(row)
            var count = 0
            while try statement.step() {
                let dot = Dot(
                    feed: try statement.identifier(0, "feed"), sequence: try statement.unsigned(1, "change"))
                try append(dot, of: scope, row, placement: nil)
                count += 1
                if count % LogConversion.step == 0 { try transaction.flushLog() }
            }
            try transaction.flushLog()
        }
    }

    private func entry(_ bytes: [UInt8], at position: UInt64) throws -> Entry {
        do {
            var reader = ByteReader(bytes)
            let entry = try Entry(from: &reader)
            try reader.finish()
            return entry
        } catch {
            throw StoredValueError(table: "entry", row: "\(position)", reason: error.description)
        }
    }

    private func note(_ verdict: Verdict, on dot: Dot, _ row: Int64) throws {
        guard let feed = try transaction.cachedFeed(dot.feed, scope: row) else {
            throw StoredValueError(table: "feed", row: "\(dot)", reason: "the feed is unknown")
        }
        try connection.execute(
            "INSERT OR REPLACE INTO verdict (feed, sequence, verdict) VALUES (?, ?, ?)",
            feed.rid, Int64(dot.sequence), Int64(verdict.rawValue))
    }

    private func append(_ dot: Dot, of scope: ScopeID, _ row: Int64, placement: Placement?) throws {
        guard let feed = try transaction.cachedFeed(dot.feed, scope: row) else {
            throw StoredValueError(table: "feed", row: "\(dot)", reason: "the feed is unknown")
        }
        try connection.withStatement(
            """
            SELECT c.hash, c.body, c.is_stub, coalesce(p.hash, f.start)
            FROM change c JOIN feed f ON f.rid = c.feed
                LEFT JOIN change p ON p.feed = c.feed AND p.sequence = c.sequence - 1
            WHERE c.feed = ? AND c.sequence = ?
            """
        ) { statement in
            try statement.bind(feed.rid, Int64(dot.sequence))
            guard try statement.step() else {
                throw StoredValueError(table: "change", row: "\(dot)", reason: "the row is missing")
            }
            let hash = try statement.hash(0, "change")
            let body = try statement.bytes(1)
            do {
                if try statement.bool(2) {
                    var reader = ByteReader(body)
                    let header = try ChangeHeader(from: &reader)
                    try reader.finish()
                    _ = try transaction.append(header, operations: nil, hash: hash, records: [], placement: placement)
                } else {
                    let (header, operations) = try Change.decode(
                        carried: body, scope: scope, dot: dot, previous: try statement.hash(3, "change"))
                    let records = try EncodedOperations.recordIDs(operations, in: scope, change: hash.short)
                    _ = try transaction.append(
                        header, operations: operations, hash: hash, records: records, placement: placement)
                }
            } catch let error as CodecError {
                throw StoredValueError(table: "change", row: "\(dot)", reason: error.description)
            }
        }
    }
}
