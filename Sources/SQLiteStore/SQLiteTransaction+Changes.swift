import Causality
import Changes
import Replication
import SQLiteKit

extension SQLiteTransaction {
    // MARK: - Writing

    package func append(_ change: Change, parts: [[UInt8]?], placement: Placement?) throws -> StoredChange {
        let number = try insert(
            change.header, hash: change.hash, body: change.carried(), isStub: false, placement: placement)
        try insert(parts, of: change.header, number: number)
        return StoredChange(
            header: change.header, operations: change.operations, hash: change.hash, placement: placement,
            order: number)
    }

    package func append(stub header: ChangeHeader, hash: Hash256, placement: Placement) throws {
        var writer = ByteWriter(reserving: 160)
        header.encode(into: &writer)
        let number = try insert(header, hash: hash, body: writer.bytes, isStub: true, placement: placement)
        try insert(header.parts.map { _ in nil }, of: header, number: number)
    }

    /// Keeps a row for each part that the header commits to, also where the part is not at hand.
    private func insert(_ parts: [[UInt8]?], of header: ChangeHeader, number: Int64) throws {
        for (index, part) in parts.enumerated() {
            try connection.execute(
                "INSERT INTO part (change, number, subject, body) VALUES (?, ?, ?, ?)",
                number, index, header.parts[index].subject.bytes, part)
        }
    }

    private func insert(
        _ header: ChangeHeader, hash: Hash256, body: [UInt8], isStub: Bool, placement: Placement?
    ) throws -> Int64 {
        let scope = try scopeRow(header.scope)
        let feed = try feedRow(header.feed, scope: scope, start: header.previous)
        try connection.execute(
            """
            INSERT INTO change (scope, feed, sequence, hash, body, is_stub, position, received, verdict)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            scope, feed, Int64(header.sequence), hash.bytes, body, isStub,
            placement.map { Int64($0.position) }, placement?.received, placement.map { Int64($0.verdict.rawValue) })
        if caches.recentHeaders.count >= StoreCaches.recentHeaderLimit { caches.recentHeaders = [:] }
        caches.recentHeaders[header.dot] = header
        return connection.lastInsertedRowID
    }

    package func addParts(_ parts: [[UInt8]?], of dot: Dot, scope: ScopeID) throws {
        guard let (feed, sequence) = try storedPlace(of: dot, scope: scope) else { return }
        for (index, part) in parts.enumerated() {
            guard let part else { continue }
            try connection.execute(
                """
                UPDATE part SET body = ? WHERE body IS NULL AND number = ?
                    AND change = (SELECT number FROM change WHERE feed = ? AND sequence = ?)
                """,
                part, index, feed, sequence)
        }
    }

    package func place(_ dot: Dot, of scope: ScopeID, at placement: Placement) throws {
        guard let (feed, sequence) = try storedPlace(of: dot, scope: scope) else {
            preconditionFailure("there is no feed \(dot.feed) to place a change of")
        }
        try connection.execute(
            "UPDATE change SET position = ?, received = ?, verdict = ? WHERE feed = ? AND sequence = ?",
            Int64(placement.position), placement.received, Int64(placement.verdict.rawValue), feed, sequence)
        precondition(connection.changes == 1, "there is no change \(dot) to place")
    }

    // MARK: - Reading

    package func change(at dot: Dot, of scope: ScopeID) throws -> StoredChange? {
        guard let (feed, sequence) = try storedPlace(of: dot, scope: scope) else { return nil }
        return try connection.withStatement(
            """
            SELECT c.number, c.feed, c.sequence, c.hash, c.body, c.is_stub, c.position, c.received, c.verdict,
                coalesce(p.hash, f.start)
            FROM change c JOIN feed f ON f.rid = c.feed
                LEFT JOIN change p ON p.feed = c.feed AND p.sequence = c.sequence - 1
            WHERE c.feed = ? AND c.sequence = ?
            """
        ) { statement in
            try statement.bind(feed, sequence)
            return try statement.step() ? try stored(statement, scope: scope) : nil
        }
    }

    package func unplaced(of scope: ScopeID, after order: Int64, limit: Int) throws -> [StoredChange] {
        guard let row = try heldScopeRow(scope) else { return [] }
        return try connection.withStatement(
            """
            SELECT c.number, c.feed, c.sequence, c.hash, c.body, c.is_stub, c.position, c.received, c.verdict,
                coalesce(p.hash, f.start)
            FROM change c JOIN feed f ON f.rid = c.feed
                LEFT JOIN change p ON p.feed = c.feed AND p.sequence = c.sequence - 1
            WHERE c.scope = ? AND c.position IS NULL AND c.number > ? ORDER BY c.number LIMIT ?
            """
        ) { statement in
            try statement.bind(row, order, limit)
            return try storedChanges(statement, scope: scope)
        }
    }

    package func unplacedCount(of scope: ScopeID) throws -> Int {
        guard let row = try heldScopeRow(scope) else { return 0 }
        return try connection.withStatement(
            "SELECT count(*) FROM change WHERE scope = ? AND position IS NULL"
        ) { statement in
            try statement.bind(row)
            _ = try statement.step()
            return try statement.int(0)
        }
    }

    package func changes(touching record: RecordID, of scope: ScopeID) throws -> [StoredChange] {
        guard let row = try recordRow(record)?.rid else { return [] }
        return try connection.withStatement(
            """
            SELECT c.number, c.feed, c.sequence, c.hash, c.body, c.is_stub, c.position, c.received, c.verdict,
                coalesce(p.hash, f.start)
            FROM touch t JOIN change c ON c.number = t.change JOIN feed f ON f.rid = c.feed
                LEFT JOIN change p ON p.feed = c.feed AND p.sequence = c.sequence - 1
            WHERE t.record = ? ORDER BY c.number
            """
        ) { statement in
            try statement.bind(row)
            return try storedChanges(statement, scope: scope)
        }
    }

    package func parts(of dot: Dot, scope: ScopeID) throws -> [[UInt8]?] {
        guard let (feed, sequence) = try storedPlace(of: dot, scope: scope) else { return [] }
        return try connection.withStatement(
            """
            SELECT p.body FROM change c JOIN part p ON p.change = c.number
            WHERE c.feed = ? AND c.sequence = ? ORDER BY p.number
            """
        ) { statement in
            try statement.bind(feed, sequence)
            var parts: [[UInt8]?] = []
            while try statement.step() { parts.append(try statement.optionalBytes(0)) }
            return parts
        }
    }

    private func storedChanges(_ statement: borrowing Statement, scope: ScopeID) throws -> [StoredChange] {
        var result: [StoredChange] = []
        while try statement.step() { result.append(try stored(statement, scope: scope)) }
        return result
    }

    /// A row of: number, feed, sequence, hash, body, is_stub, position, received, verdict, hash before.
    func stored(_ statement: borrowing Statement, scope: ScopeID) throws -> StoredChange {
        let number = try statement.int64(0)
        func damage(_ reason: String) -> StoredValueError {
            StoredValueError(table: "change", row: "\(number)", reason: reason)
        }
        let sequence = try statement.int64(2)
        guard sequence > 0 else { throw damage("sequence \(sequence)") }
        let dot = Dot(feed: try feedID(try statement.int64(1)), sequence: UInt64(sequence))
        let hash = try statement.hash(3, "change")
        let body = try statement.bytes(4)
        var placement: Placement?
        if let position = try statement.optionalInt64(6) {
            guard position > 0, let received = try statement.optionalInt64(7),
                let number = try statement.optionalInt64(8), let byte = UInt8(exactly: number),
                let verdict = Verdict(rawValue: byte)
            else { throw damage("its entry is incomplete") }
            placement = Placement(position: UInt64(position), received: received, verdict: verdict)
        }
        do {
            if try statement.bool(5) {
                var reader = ByteReader(body)
                let header = try ChangeHeader(from: &reader)
                return StoredChange(header: header, operations: nil, hash: hash, placement: placement, order: number)
            }
            let (header, operations) = try Change.decode(
                carried: body, scope: scope, dot: dot, previous: try statement.hash(9, "change"))
            return StoredChange(
                header: header, operations: operations, hash: hash, placement: placement, order: number)
        } catch let error as CodecError {
            throw damage(error.description)
        }
    }

    /// Feed row and sequence of the place that `dot` names; nil where nothing can lie there. A dot may come from
    /// anybody's bytes, with a sequence that no column holds.
    private func storedPlace(of dot: Dot, scope: ScopeID) throws -> (feed: Int64, sequence: Int64)? {
        guard let sequence = Int64(exactly: dot.sequence), try self.scope(scope) != nil,
            let feed = try loadFeeds(try scopeRow(scope))[dot.feed]
        else { return nil }
        return (feed.rid, sequence)
    }

    /// - Throws: where the feed is not known.
    func feedRow(of dot: Dot, scope: ScopeID) throws -> Int64 {
        guard let feed = try loadFeeds(try scopeRow(scope))[dot.feed] else {
            throw StoredValueError(table: "feed", row: dot.description, reason: "the feed is unknown")
        }
        return feed.rid
    }

    /// The header of a change, from memory where it was appended lately.
    func header(of dot: Dot, scope: ScopeID) throws -> ChangeHeader? {
        if let header = caches.recentHeaders[dot], header.scope == scope { return header }
        return try change(at: dot, of: scope)?.header
    }
}
