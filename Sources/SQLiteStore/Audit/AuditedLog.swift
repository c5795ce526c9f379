import Causality
import Changes
import Replication
import SQLiteKit

/// A row of `scope`.
package struct AuditedScope: Sendable {
    package let rid: Int64
    package let state: ScopeState
}

/// A row of `feed`.
package struct AuditedFeed: Sendable {
    package let rid: Int64
    /// The row of its scope.
    package let scope: Int64
    package let state: FeedState
    /// hash(0).
    package let start: Hash256
}

/// A row of `change`: what the columns say, the body as bytes.
package struct AuditedChange: Sendable {
    package let number: Int64
    package let scope: Int64
    package let feed: Int64
    package let sequence: UInt64
    package let hash: Hash256
    package let body: [UInt8]
    package let isStub: Bool
    /// Nil while it has no entry; a failure where its columns make no sense.
    package let placement: Result<Placement?, StoredValueError>
}

/// A row of `entry`.
package struct AuditedEntry: Sendable {
    package let scope: Int64
    package let position: UInt64
    package let body: [UInt8]
    package let history: HistoryHash
}

/// A row of `knot`.
package struct AuditedKnot: Sendable {
    package let feed: Int64
    package let sequence: UInt64
    package let others: [UInt8]
}

/// A row of `part`.
package struct AuditedPart: Sendable {
    package let number: Int64
    package let subject: [UInt8]
    package let body: [UInt8]?
}

/// The rows of the log, for whoever checks them against each other.
extension SQLiteTransaction {
    package func auditScopes(_ visit: (AuditedRow<AuditedScope>) throws -> Void) throws {
        let table = AuditedTable(name: "scope", key: [.integer(0)]) { statement in
            var state = ScopeState(
                ScopeIntroduction(
                    scope: try statement.identifier(1, "scope"), name: Text(try statement.text(2)),
                    seed: try statement.identifier(3, "scope")))
            state.position = try statement.unsigned(4, "scope")
            state.history = HistoryHash(try statement.hash(5, "scope"))
            state.receivedFloor = try statement.int64(6)
            state.foldedPosition = try statement.unsigned(7, "scope")
            return AuditedScope(rid: try statement.int64(0), state: state)
        }
        try connection.withStatement(
            """
            SELECT rid, id, name, seed, position, history, received_floor, folded_position FROM scope ORDER BY rid
            """
        ) { try audit(table, $0, visit) }
    }

    package func auditFeeds(_ visit: (AuditedRow<AuditedFeed>) throws -> Void) throws {
        let table = AuditedTable(name: "feed", key: [.integer(0)]) { statement in
            let start = try statement.hash(3, "feed")
            var state = FeedState(feed: try statement.identifier(2, "feed"), start: start)
            state.sequence = try statement.unsigned(4, "feed")
            state.hash = try statement.hash(5, "feed")
            state.seen = try statement.unsigned(6, "feed")
            return AuditedFeed(
                rid: try statement.int64(0), scope: try statement.int64(1), state: state, start: start)
        }
        try connection.withStatement(
            "SELECT rid, scope, id, start, sequence, hash, seen FROM feed ORDER BY rid"
        ) { try audit(table, $0, visit) }
    }

    // MARK: - Changes

    /// In the order in which they were applied.
    package func auditChanges(_ visit: (AuditedRow<AuditedChange>) throws -> Void) throws {
        try connection.withStatement(
            """
            SELECT number, scope, feed, sequence, hash, body, is_stub, position, received, verdict
            FROM change ORDER BY number
            """
        ) { try audit(changeTable, $0, visit) }
    }

    /// The changes that the table `touch` gives a record, in the order in which they were applied.
    package func auditChanges(
        touching record: Int64, _ visit: (AuditedRow<AuditedChange>) throws -> Void
    ) throws {
        try connection.withStatement(
            """
            SELECT c.number, c.scope, c.feed, c.sequence, c.hash, c.body, c.is_stub, c.position, c.received, c.verdict
            FROM touch t JOIN change c ON c.number = t.change WHERE t.record = ? ORDER BY t.change
            """
        ) { statement in
            try statement.bind(record)
            try audit(changeTable, statement, visit)
        }
    }

    package func auditChange(feed: Int64, sequence: UInt64) throws -> AuditedRow<AuditedChange>? {
        guard let sequence = Int64(exactly: sequence) else { return nil }
        return try connection.withStatement(
            """
            SELECT number, scope, feed, sequence, hash, body, is_stub, position, received, verdict
            FROM change WHERE feed = ? AND sequence = ?
            """
        ) { statement in
            try statement.bind(feed, sequence)
            return try auditOne(changeTable, statement)
        }
    }

    private var changeTable: AuditedTable<AuditedChange> {
        AuditedTable(name: "change", key: [.integer(0)]) { statement in
            AuditedChange(
                number: try statement.int64(0), scope: try statement.int64(1), feed: try statement.int64(2),
                sequence: try statement.unsigned(3, "change"), hash: try statement.hash(4, "change"),
                body: try statement.bytes(5), isStub: try statement.bool(6), placement: try statement.placement())
        }
    }

    // MARK: - What hangs on a change

    package func auditParts(of change: Int64, _ visit: (AuditedRow<AuditedPart>) throws -> Void) throws {
        let table = AuditedTable(name: "part", key: [.integer(0), .integer(1)]) { statement in
            AuditedPart(
                number: try statement.int64(1), subject: try statement.bytes(2), body: try statement.optionalBytes(3))
        }
        try connection.withStatement(
            "SELECT change, number, subject, body FROM part WHERE change = ? ORDER BY number"
        ) { statement in
            try statement.bind(change)
            try audit(table, statement, visit)
        }
    }

    package func auditKnots(_ visit: (AuditedRow<AuditedKnot>) throws -> Void) throws {
        try connection.withStatement("SELECT feed, sequence, others FROM knot ORDER BY feed, sequence") {
            try audit(knotTable, $0, visit)
        }
    }

    package func auditKnot(feed: Int64, sequence: UInt64) throws -> AuditedRow<AuditedKnot>? {
        guard let sequence = Int64(exactly: sequence) else { return nil }
        return try connection.withStatement(
            "SELECT feed, sequence, others FROM knot WHERE feed = ? AND sequence = ?"
        ) { statement in
            try statement.bind(feed, sequence)
            return try auditOne(knotTable, statement)
        }
    }

    private var knotTable: AuditedTable<AuditedKnot> {
        AuditedTable(name: "knot", key: [.integer(0), .integer(1)]) { statement in
            AuditedKnot(
                feed: try statement.int64(0), sequence: try statement.unsigned(1, "knot"),
                others: try statement.bytes(2))
        }
    }

    // MARK: - The order

    package func auditEntries(
        of scope: Int64, _ visit: (AuditedRow<AuditedEntry>) throws -> Void
    ) throws {
        try connection.withStatement(
            "SELECT scope, position, body, history FROM entry WHERE scope = ? ORDER BY position"
        ) { statement in
            try statement.bind(scope)
            try audit(entryTable, statement, visit)
        }
    }

    package func auditEntry(of scope: Int64, at position: UInt64) throws -> AuditedRow<AuditedEntry>? {
        guard let position = Int64(exactly: position) else { return nil }
        return try connection.withStatement(
            "SELECT scope, position, body, history FROM entry WHERE scope = ? AND position = ?"
        ) { statement in
            try statement.bind(scope, position)
            return try auditOne(entryTable, statement)
        }
    }

    private var entryTable: AuditedTable<AuditedEntry> {
        AuditedTable(name: "entry", key: [.integer(0), .integer(1)]) { statement in
            AuditedEntry(
                scope: try statement.int64(0), position: try statement.unsigned(1, "entry"),
                body: try statement.bytes(2), history: HistoryHash(try statement.hash(3, "entry")))
        }
    }
}

extension Statement {
    /// Position, received and verdict in columns 7 to 9.
    fileprivate func placement() throws -> Result<Placement?, StoredValueError> {
        func unreadable(_ reason: String) -> Result<Placement?, StoredValueError> {
            .failure(StoredValueError(table: "change", row: "-", reason: reason))
        }
        switch (try optionalInt64(7), try optionalInt64(8), try optionalInt64(9)) {
        case (nil, nil, nil): return .success(nil)
        case (let position?, let received?, let number?):
            guard position > 0, let verdict = UInt8(exactly: number).flatMap(Verdict.init(rawValue:)) else {
                return unreadable("position \(position) with verdict \(number) is no place in the order")
            }
            return .success(Placement(position: UInt64(position), received: received, verdict: verdict))
        default: return unreadable("position, received and verdict come together")
        }
    }
}
