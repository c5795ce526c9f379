import Causality
import Changes
import Replication
import SQLiteKit

/// Writing the log: what a transaction added, and the sealing of what has settled.
extension SQLiteTransaction {
    /// Writes what this transaction has added to the log, but for a change whose entry is still to come.
    func flushLog() throws {
        guard !caches.tail.runs.isEmpty || !caches.tail.entries.isEmpty else { return }
        let written = try writeLog(caches.tail)
        caches.tail.removeAll(writtenWithEntry: written)
    }

    /// - Returns: what has been written with its entry.
    private func writeLog(_ tail: LogTail) throws -> Set<LogTail.Place> {
        var written: Set<LogTail.Place> = []
        for (scope, rows) in tail.entries.sorted(by: { $0.key < $1.key }) {
            try insert(rows, of: scope, tail, &written)
        }
        // A change that was appended and got its entry in this very transaction lies in the segment.
        for run in tail.runs {
            try insert(run) { written.contains(LogTail.Place(scope: run.scope, dot: $0.dot)) }
        }
        return written
    }

    private func insert(
        _ rows: [EntryRow], of scope: Int64, _ tail: LogTail, _ written: inout Set<LogTail.Place>
    ) throws {
        guard let first = rows.first, let id = try scopeID(scope) else { return }
        var builder = SegmentBuilder(position: first.position, packed: tail.packed[scope]?[first.position])
        for row in rows {
            var change: StoredChange?
            var isInline = true
            if case .change(let reference, _, _) = row.entry {
                let place = LogTail.Place(scope: scope, dot: reference.dot)
                isInline = tail.changes[place] != nil
                change = try tail.changes[place] ?? self.change(at: reference.dot, of: id)
                written.insert(place)
            }
            let packed = tail.packed[scope]?[row.position]
            let isAtBlock = packed != nil && builder.count > 0
            if isAtBlock || builder.count >= entriesPerSegment && !builder.isPacked {
                try insert(builder, scope: scope)
                builder = SegmentBuilder(position: row.position, packed: packed)
            }
            if try !builder.append(row, change, isInline: isInline) {
                try insert(builder, scope: scope)
                builder = SegmentBuilder(position: row.position)
                let hasRoom = try builder.append(row, change, isInline: isInline)
                precondition(hasRoom, "an empty segment takes any entry")
            }
        }
        try insert(builder, scope: scope)
    }

    /// - Parameter isSealed: whether the segment stays as it is; unless given, where it is whole and long enough.
    private func insert(_ builder: SegmentBuilder, scope: Int64, isSealed: Bool? = nil) throws {
        guard let history = builder.history else { return }
        let body = builder.body
        let open = try openEntries(of: scope)
        // Open ones stay together at the end of the order: what is sealed later is what comes first.
        let isSealed = isSealed ?? (builder.isWhole && builder.count >= entriesPerSegment && open == 0)
        try connection.execute(
            """
            INSERT INTO segment (scope, position, count, is_whole, is_sealed, history, body, digest, records)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            scope, Int64(builder.position), builder.count, builder.isWhole, isSealed, history.hash.bytes, body,
            RowDigest.of(body),
            builder.records)
        if !isSealed { caches.openEntries[scope] = open + builder.count }
        let feeds = try loadFeeds(scope)
        for stretch in builder.stretches {
            guard let feed = feeds[stretch.feed] else { preconditionFailure("a placed change has a feed") }
            try connection.execute(
                "INSERT INTO stretch (feed, sequence, count, position, hash) VALUES (?, ?, ?, ?, ?)",
                feed.rid, Int64(stretch.first), Int64(stretch.count), Int64(builder.position), stretch.previous.bytes)
        }
    }

    // MARK: - Sealing

    /// Whether some scope may have entries enough in open segments.
    var hasToSeal: Bool { caches.openEntries.values.contains { $0 >= entriesPerSegment } }

    /// Brings the first open segments of a scope together into one that is sealed, where there are entries enough.
    ///
    /// - Returns: whether there was anything to do.
    func sealOne() throws -> Bool {
        for (row, known) in caches.openEntries.sorted(by: { $0.key < $1.key }) where known >= entriesPerSegment {
            let open = try openSegments(of: row)
            let total = open.reduce(0) { $0 + $1.count }
            caches.openEntries[row] = total
            guard total >= entriesPerSegment, let scope = try scopeID(row) else { continue }
            var taken: [OpenSegment] = []
            var count = 0
            for segment in open where count < entriesPerSegment {
                taken.append(segment)
                count += segment.count
            }
            // A rest before a segment that is long enough by itself is not worth packing both again.
            let isLongEnough = taken.allSatisfy { $0.isWhole && 4 * $0.count >= entriesPerSegment }
            if isLongEnough, let last = taken.last, last.count >= entriesPerSegment {
                try markSealed(taken.map(\.position), row)
            } else {
                try seal(taken.map(\.position), of: scope, row)
            }
            caches.openEntries[row] = total - count
            return true
        }
        return false
    }

    /// Open segments that are read at a time, at most.
    private static let greatestOpenSegments = 4_096

    /// Before the transaction's own are written.
    private func openEntries(of row: Int64) throws -> Int {
        if let known = caches.openEntries[row] { return known }
        return try connection.withStatement(
            "SELECT coalesce(sum(count), 0) FROM segment WHERE scope = ? AND is_sealed = 0"
        ) { statement in
            try statement.bind(row)
            _ = try statement.step()
            return try statement.int(0)
        }
    }

    private struct OpenSegment {
        let position: UInt64
        let count: Int
        /// Whether every change's body lies in it.
        let isWhole: Bool
    }

    private func openSegments(of row: Int64) throws -> [OpenSegment] {
        try connection.withStatement(
            """
            SELECT position, count, is_whole FROM segment WHERE scope = ? AND is_sealed = 0 ORDER BY position LIMIT ?
            """
        ) { statement in
            try statement.bind(row, 2 * min(entriesPerSegment, SQLiteTransaction.greatestOpenSegments))
            var found: [OpenSegment] = []
            while try statement.step() {
                found.append(
                    OpenSegment(
                        position: try statement.unsigned(0, "segment"), count: try statement.int(1),
                        isWhole: try statement.bool(2)))
            }
            return found
        }
    }

    private func markSealed(_ positions: [UInt64], _ row: Int64) throws {
        for position in positions {
            try connection.execute(
                "UPDATE segment SET is_sealed = 1 WHERE scope = ? AND position = ?", row, Int64(position))
        }
    }

    private func seal(_ positions: [UInt64], of scope: ScopeID, _ row: Int64) throws {
        guard let first = positions.first else { return }
        var builder = SegmentBuilder(position: first)
        var history = try history(before: first, of: scope)
        var sealed: [SegmentBuilder] = []
        var heads: [FeedID: UInt64] = [:]
        for position in positions {
            let segment = try segment(at: position, of: scope)
            for (entry, item) in zip(segment.entries(after: history), segment.items) {
                history = entry.history
                if let dot = item.change?.dot { heads[dot.feed] = dot.sequence }
                if try builder.append(entry, item.change, isInline: true) { continue }
                sealed.append(builder)
                builder = SegmentBuilder(position: entry.position)
                let hasRoom = try builder.append(entry, item.change, isInline: true)
                precondition(hasRoom, "an empty segment takes any entry")
            }
        }
        sealed.append(builder)
        let feeds = try loadFeeds(row)
        for position in positions {
            try connection.execute(
                """
                DELETE FROM stretch WHERE position = ? AND feed IN (SELECT rid FROM feed WHERE scope = ?)
                """, Int64(position), row)
            try connection.execute("DELETE FROM segment WHERE scope = ? AND position = ?", row, Int64(position))
        }
        for builder in sealed { try insert(builder, scope: row, isSealed: true) }
        for (feed, head) in heads.sorted(by: { $0.key < $1.key }) {
            guard let rid = feeds[feed]?.rid else { continue }
            try connection.execute(
                "DELETE FROM run WHERE feed = ? AND sequence + count - 1 <= ?", rid, Int64(head))
        }
        caches.containers.removeAll()
    }
}
