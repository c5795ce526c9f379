import Causality
import Changes
import Replication
import SQLiteKit

extension SQLiteTransaction {
    // MARK: - Entries

    package func append(_ row: EntryRow, of scope: ScopeID) throws {
        caches.tail.entries[try scopeRow(scope), default: []].append(row)
    }

    package func keep(_ block: PackedEntries, from position: UInt64, of scope: ScopeID) throws {
        guard let row = caches.scopes?[scope]?.rid else { return }
        caches.tail.packed[row, default: [:]][position] = block
        // A block is a segment of its own: what it brought need not stay in memory until the page ends.
        try flushLog()
    }

    package func append(_ block: AppendedBlock, of scope: ScopeID) throws {
        try flushLog()
        let row = try scopeRow(scope)
        for stretch in block.stretches {
            _ = try feedRow(stretch.feed, scope: row, start: stretch.previous)
            try notePlaced(Dot(feed: stretch.feed, sequence: stretch.last), scope: row)
        }
        var marks = RecordMarks()
        for record in block.records { marks.insert(record) }
        try insert(PackedSegment(block, marks), scope: row)
        if block.isHeld { for stretch in block.stretches { try removeRuns(of: stretch, scope: row) } }
    }

    package func note(pushed blocks: [PushedBlocks.Block], of scope: ScopeID) {
        caches.pushed.replace(scope, by: blocks)
    }

    package func pushed(from dot: Dot, of scope: ScopeID) -> [PushedBlocks.Block] {
        caches.pushed.blocks(from: dot, of: scope)
    }

    package func entries(of scope: ScopeID, after position: UInt64, limit: Int) throws -> [EntryRow] {
        guard let row = try heldScopeRow(scope), limit > 0 else { return [] }
        try flushLog()
        var result: [EntryRow] = []
        var next = position
        while result.count < limit, let start = try segmentPosition(holding: next &+ 1, scope: row) {
            let segment = try segment(at: start, of: scope)
            guard segment.end > next else { break }
            let rows = segment.entries(after: try history(before: start, of: scope))
            result += rows.dropFirst(Int(next + 1 - start)).prefix(limit - result.count)
            next = segment.end
        }
        return result
    }

    package func history(of scope: ScopeID, at position: UInt64) throws -> HistoryHash? {
        guard let state = try self.scope(scope), let row = try heldScopeRow(scope) else { return nil }
        if position == 0 { return HistoryHash(chain: state.introduction.seed, scope: scope) }
        // Entries of this transaction may lie beyond the scope, which is put after them.
        if position == state.position { return state.history }
        if let base = try base(of: scope), position <= base.position {
            return position == base.position ? base.receipt.history : nil
        }
        if let pending = caches.tail.entries[row], let first = pending.first, position >= first.position {
            let index = position - first.position
            return index < UInt64(pending.count) ? pending[Int(index)].history : nil
        }
        guard let start = try segmentPosition(holding: position, scope: row) else { return nil }
        let segment = try segment(at: start, of: scope)
        guard position <= segment.end else { return nil }
        return segment.entries(after: try history(before: start, of: scope))[Int(position - start)].history
    }

    // MARK: - Attestations and settings

    package func put(_ attestation: Attestation) throws {
        var writer = ByteWriter(reserving: 160)
        attestation.encode(into: &writer)
        try connection.execute(
            "INSERT OR REPLACE INTO attestation (scope, replica, sequence, body) VALUES (?, ?, ?, ?)",
            attestation.scope.bytes, attestation.replica.bytes, Int64(attestation.sequence), writer.bytes)
    }

    package func attestation(
        of replica: ReplicaID, scope: ScopeID, covering sequence: UInt64
    ) throws -> Attestation? {
        guard let sequence = Int64(exactly: sequence) else { return nil }
        return try connection.withStatement(
            """
            SELECT body FROM attestation WHERE scope = ? AND replica = ? AND sequence >= ? ORDER BY sequence LIMIT 1
            """
        ) { statement in
            try statement.bind(scope.bytes, replica.bytes, sequence)
            guard try statement.step() else { return nil }
            do {
                var reader = ByteReader(try statement.bytes(0))
                let attestation = try Attestation(from: &reader)
                try reader.finish()
                return attestation
            } catch let error as CodecError {
                throw StoredValueError(table: "attestation", row: "\(replica)", reason: error.description)
            }
        }
    }
}

extension VersionVector {
    /// Count, then feed and sequence of each entry.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 8 + entries.count * 20)
        writer.write(entries.count)
        for entry in entries {
            writer.write(entry.feed)
            writer.write(entry.sequence)
        }
        return writer.bytes
    }

    package init(encoded bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        var dots: [Dot] = []
        for _ in 0..<(try reader.readCount(.foreignHeads, leastBytes: 17)) { dots.append(try Dot(from: &reader)) }
        try reader.finish()
        self.init(dots)
    }
}
