import Causality
import Changes
import Replication
import SQLiteKit

/// What takes the place of the first open segments of a scope: packed beside other transactions, put in its place by a
/// short one.
package struct Sealing {
    let scope: ScopeID
    /// The rows that are replaced or marked, as they were read; none where only spent runs are removed.
    let taken: [OpenSegment]
    /// None where each of those is long enough by itself: they are only marked.
    let built: [PackedSegment]
    /// Whether what is built stays as it is; else it is one of those that will be sealed.
    package let isFinal: Bool
    /// Which changes lie in it, or, of spent runs, lie in segments before.
    let feeds: [FeedID: ClosedRange<UInt64>]

    /// Whether segments are replaced or marked.
    package var hasSegments: Bool { !taken.isEmpty }

    /// Entries of the order that are brought together.
    package var entryCount: Int { taken.reduce(0) { $0 + $1.count } }
}

/// An open segment's row, its bytes told by their digest.
struct OpenSegment: Equatable {
    let position: UInt64
    let count: Int
    /// Whether every change's body lies in it.
    let isWhole: Bool
    let digest: [UInt8]
}

/// What lies in the open segments of a scope.
struct OpenCount: Equatable {
    var entries = 0
    /// Segments of so few entries that they are brought together before they are sealed.
    var small = 0

    func adding(_ count: Int, smallBelow limit: Int) -> OpenCount {
        OpenCount(entries: entries + count, small: small + (count < limit ? 1 : 0))
    }
}

/// Sealing what has settled: the open segments and runs of a stretch of the order become one segment.
///
/// Where exchanges bring few entries each, many small segments would be replaced at once, which takes long. So a
/// sixteenth of them is brought together into an open one first, sixteen times, and those are then sealed.
extension SQLiteTransaction {
    /// A segment of fewer entries is small, and as many of those as this are brought together.
    var smallSegment: Int { min(entriesPerSegment, Self.greatestOpenSegments) / 16 }

    /// Whether some scope may have entries enough in open segments, or too many small ones, or spent runs.
    var hasToSeal: Bool { !caches.spentRuns.isEmpty || caches.openEntries.values.contains { isDue($0) } }

    private func isDue(_ open: OpenCount) -> Bool {
        open.entries >= entriesPerSegment || open.small > 1 && open.small >= smallSegment
    }

    /// Packs the first open segments of a scope into one, where there are entries or segments enough. Writes nothing.
    func prepareSealing() throws -> Sealing? {
        if let (row, feeds) = caches.spentRuns.min(by: { $0.key < $1.key }), let scope = try scopeID(row) {
            return Sealing(scope: scope, taken: [], built: [], isFinal: false, feeds: feeds)
        }
        for row in caches.openEntries.lazy.filter({ self.isDue($0.value) }).map(\.key).sorted() {
            let open = try openSegments(of: row, limit: 2 * min(entriesPerSegment, Self.greatestOpenSegments))
            let tally = open.reduce(OpenCount()) { $0.adding($1.count, smallBelow: smallSegment) }
            caches.openEntries[row] = tally
            guard let scope = try scopeID(row) else { continue }
            if tally.entries < entriesPerSegment {
                guard isDue(tally) else { continue }
                if let small = firstSmall(of: open) { return try packed(small, of: scope, isFinal: false) }
                // None of them lies beside another.
                caches.openEntries[row]?.small = 0
                continue
            }
            var taken: [OpenSegment] = []
            var count = 0
            for segment in open where count < entriesPerSegment {
                taken.append(segment)
                count += segment.count
            }
            // A rest before a segment that is long enough by itself is not worth packing both again.
            let isLongEnough = taken.allSatisfy { $0.isWhole && 4 * $0.count >= entriesPerSegment }
            if isLongEnough, let last = taken.last, last.count >= entriesPerSegment {
                return Sealing(scope: scope, taken: taken, built: [], isFinal: true, feeds: [:])
            }
            return try packed(taken, of: scope, isFinal: true)
        }
        return nil
    }

    /// The first small segments that lie side by side.
    private func firstSmall(of open: [OpenSegment]) -> [OpenSegment]? {
        var found: [OpenSegment] = []
        for segment in open {
            if segment.count < smallSegment {
                found.append(segment)
                if found.count == smallSegment { return found }
            } else if found.count > 1 {
                return found
            } else {
                found = []
            }
        }
        return found.count > 1 ? found : nil
    }

    /// Puts what was packed in its place, where what it was packed from still stands.
    ///
    /// - Returns: whether it did; else nothing has changed.
    /// - Complexity: O(rows that it replaces).
    func seal(_ sealing: Sealing) throws -> Bool {
        guard let row = try heldScopeRow(sealing.scope) else { return false }
        if !sealing.hasSegments {
            try removeRuns(sealing, scope: row)
            return true
        }
        guard let first = sealing.taken.first, let last = sealing.taken.last,
            try openSegments(of: row, from: first.position, limit: sealing.taken.count) == sealing.taken
        else { return false }
        if sealing.built.isEmpty {
            try connection.execute(
                "UPDATE segment SET is_sealed = 1 WHERE scope = ? AND position BETWEEN ? AND ?",
                row, Int64(first.position), Int64(last.position))
            try recount(row)
            return true
        }
        try withoutOverwriting {
            for (id, sequences) in sealing.feeds.sorted(by: { $0.key < $1.key }) {
                try connection.execute(
                    "DELETE FROM stretch WHERE feed = ? AND sequence BETWEEN ? AND ?",
                    try feedRow(of: id, scope: row), Int64(sequences.lowerBound), Int64(sequences.upperBound))
            }
            try connection.execute(
                "DELETE FROM segment WHERE scope = ? AND position BETWEEN ? AND ?",
                row, Int64(first.position), Int64(last.position))
        }
        try removeRuns(sealing, scope: row)
        for segment in sealing.built { try insert(segment, scope: row, isSealed: sealing.isFinal) }
        try recount(row)
        return true
    }

    /// What is removed here stands in the new segment too, and overwriting it would write several times its pages.
    func withoutOverwriting(_ body: () throws -> Void) throws {
        try connection.setOverwriting(.usedPages)
        do {
            try body()
            try connection.setOverwriting(.everywhere)
        } catch {
            try connection.setOverwriting(.everywhere)
            throw error
        }
    }

    /// Runs that are removed while the write lock is held.
    private static let runsPerHold = 128

    /// Removes runs whose changes all lie in segments that are whole, as many as one hold may: a run that stays says
    /// nothing that the segment does not say, and the next sealing takes it.
    ///
    /// Segments before one that is only brought together may be open and need their runs; before one that is final all
    /// are sealed.
    private func removeRuns(_ sealing: Sealing, scope row: Int64) throws {
        var rest = Self.runsPerHold
        var spent: [FeedID: ClosedRange<UInt64>] = [:]
        try withoutOverwriting {
            for (id, sequences) in sealing.feeds.sorted(by: { $0.key < $1.key }) {
                let least = sealing.isFinal ? 1 : sequences.lowerBound
                let keys = RunPlace.keys(
                    of: try feedRow(of: id, scope: row), least, through: sequences.upperBound)
                try connection.execute(
                    """
                    DELETE FROM run WHERE place IN (
                        SELECT place FROM run WHERE place BETWEEN ?1 AND ?2 AND place + count - 1 <= ?2
                        ORDER BY place LIMIT ?3)
                    """,
                    keys.lowerBound, keys.upperBound, rest)
                rest -= connection.changes
                if rest == 0 { spent[id] = least...sequences.upperBound }
            }
        }
        caches.containers.removeAll()
        caches.spentRuns[row] = spent.isEmpty ? nil : spent
    }

    private func recount(_ row: Int64) throws {
        caches.openEntries[row] = nil
        caches.openEntries[row] = try openCount(of: row)
    }

    /// Open segments that are read at a time, at most.
    private static let greatestOpenSegments = 4_096

    /// Before the transaction's own are written.
    func openCount(of row: Int64) throws -> OpenCount {
        if let known = caches.openEntries[row] { return known }
        return try connection.withStatement(
            """
            SELECT coalesce(sum(count), 0), coalesce(sum(count < ?2), 0) FROM segment
            WHERE scope = ?1 AND is_sealed = 0
            """
        ) { statement in
            try statement.bind(row, smallSegment)
            _ = try statement.step()
            return OpenCount(entries: try statement.int(0), small: try statement.int(1))
        }
    }

    private func openSegments(of row: Int64, from position: UInt64 = 0, limit: Int) throws -> [OpenSegment] {
        try connection.withStatement(
            """
            SELECT position, count, is_whole, digest FROM segment
            WHERE scope = ? AND is_sealed = 0 AND position >= ? ORDER BY position LIMIT ?
            """
        ) { statement in
            try statement.bind(row, Int64(clamping: position), limit)
            var found: [OpenSegment] = []
            while try statement.step() {
                found.append(
                    OpenSegment(
                        position: try statement.unsigned(0, "segment"), count: try statement.int(1),
                        isWhole: try statement.bool(2), digest: try statement.bytes(3)))
            }
            return found
        }
    }

    private func packed(_ taken: [OpenSegment], of scope: ScopeID, isFinal: Bool) throws -> Sealing? {
        guard let first = taken.first?.position else { return nil }
        var builder = SegmentBuilder(position: first)
        var history = try history(before: first, of: scope)
        var built: [PackedSegment] = []
        var feeds: [FeedID: ClosedRange<UInt64>] = [:]
        for open in taken {
            let segment = try segment(at: open.position, of: scope)
            for (entry, item) in zip(segment.entries(after: history), segment.items) {
                history = entry.history
                if let dot = item.change?.dot {
                    feeds[dot.feed] = (feeds[dot.feed]?.lowerBound ?? dot.sequence)...dot.sequence
                }
                if try builder.append(entry, item.change, nil, isInline: true) { continue }
                if let full = PackedSegment(builder) { built.append(full) }
                builder = SegmentBuilder(position: entry.position)
                let hasRoom = try builder.append(entry, item.change, nil, isInline: true)
                precondition(hasRoom, "an empty segment takes any entry")
            }
        }
        if let rest = PackedSegment(builder) { built.append(rest) }
        return Sealing(scope: scope, taken: taken, built: built, isFinal: isFinal, feeds: feeds)
    }
}
