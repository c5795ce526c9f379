import Causality
import Changes
import Replication
import SQLiteKit

extension SQLiteTransaction {
    package func record(_ id: RecordID, of scope: ScopeID) throws -> StoredRecord? {
        try recordRow(id, of: scope)?.stored(projections.fieldNames)
    }

    package func records(of scope: ScopeID, after id: RecordID?, limit: Int) throws -> [StoredRecord] {
        try recordIDs(of: scope, after: id, limit: limit).compactMap { try record($0, of: scope) }
    }

    /// Of records that are folded, sorted.
    func recordIDs(of scope: ScopeID, after id: RecordID?, limit: Int) throws -> [RecordID] {
        guard let row = try heldScopeRow(scope) else { return [] }
        try flushRecords()
        return try connection.withStatement(
            """
            SELECT id FROM record WHERE scope = ?1 AND substr(id, 1, 4) >= substr(?2, 1, 4) AND id > ?2
                AND length(origin) > 0
            ORDER BY substr(id, 1, 4), id LIMIT ?3
            """
        ) { statement in
            // Before all ids; of an empty blob `substr` would make NULL.
            try statement.bind(row, id?.bytes ?? [0], limit)
            var ids: [RecordID] = []
            while try statement.step() { ids.append(try statement.identifier(0, "record")) }
            return ids
        }
    }

    package func put(_ state: EncodedState, origin: RecordOrigin, of id: RecordID, scope: ScopeID) throws {
        let cached = try recordRow(id, of: scope) ?? newRecord(id, scope: scope)
        mark(dirty: cached)
        caches.lag.mustEnd = true
        cached.origin = origin
        cached.state = FoldingState(state)
        caches.records.resize(cached)
    }

    /// New ones are written at once, and take no place in the cache.
    package func put(_ chunk: UnpackedChunk, of scope: ScopeID) throws {
        caches.lag.mustEnd = true
        var new: [CachedRecord] = []
        new.reserveCapacity(min(chunk.records.count, SQLiteTransaction.recordsPerFlush))
        let records = chunk.block.records.span
        for (id, index) in chunk.records {
            if try recordRow(id, of: scope) != nil {
                try put(records[index], of: id, scope: scope)
                continue
            }
            let cached = try unkeptRecord(id, scope: scope)
            cached.origin = records[index].origin
            cached.state = FoldingState(records[index].encoded)
            cached.log = records[index].log
            cached.unsavedLog = records[index].log
            new.append(cached)
            if new.count == SQLiteTransaction.recordsPerFlush {
                try flush(new)
                new.removeAll(keepingCapacity: true)
            }
        }
        try flush(new)
    }

    package func apply(
        _ operations: EncodedOperations, on record: Int, of step: FoldStep, to id: RecordID, of scope: ScopeID
    ) throws -> [LogRow] {
        let cached = try recordRow(id, of: scope) ?? newRecord(id, scope: scope)
        if caches.records.isFull(windowBytes) { try makeRoom(beside: cached) }
        mark(dirty: cached)
        if cached.origin == nil {
            cached.origin = try operations.origin(record).seen(from: step.hash)
            share(&cached.origin)
        }
        defer { caches.records.resize(cached) }
        return try cached.state.apply(
            operations, on: record, dot: step.dot, effective: step.effective, past: step.past, in: &foldMemory
        ) {
            try greatestLogKey(of: id, scope: scope, within: step.past)
        }
    }

    package func clear(_ id: RecordID, of scope: ScopeID) throws {
        // Also of a record that has no row yet: it is folded again from changes of any number.
        caches.lag.mustEnd = true
        guard let cached = try recordRow(id, of: scope) else { return }
        mark(dirty: cached)
        try connection.execute("DELETE FROM log_row WHERE record = ?", cached.rid)
        cached.log = []
        cached.unsavedLog = []
        cached.unprojectedLog = nil
        cached.origin = nil
        cached.state = FoldingState()
    }

    /// The record will be written when the transaction ends; called before it changes.
    func mark(dirty cached: CachedRecord) {
        guard !cached.isDirty else { return }
        cached.isDirty = true
        // What it adds to the fingerprint is not stored, and was not needed before.
        if cached.savedDigest == nil {
            cached.savedDigest = cached.state.digest(of: cached.id, projections.fieldNames, in: &canonicalState)
        }
        caches.waiting.append(cached)
    }

    /// A page may touch any number of records, and memory must not follow: those that were not used for longest are set aside.
    ///
    /// - Parameter current: stays in memory, however large it is.
    private func makeRoom(beside current: CachedRecord) throws {
        // Whatever comes between, it is used next.
        defer { caches.records.keepOn(current) }
        var others: [CachedRecord] = []
        while let record = caches.records.takeOldest(beyond: keptWindowBytes) {
            guard record.isDirty, record !== current else { continue }
            if !setAside(record) { others.append(record) }
        }
        if setAsideBytes.bytes.capacity > SQLiteTransaction.keptBytes {
            setAsideBytes = ByteWriter()
            setAsideStates = CompactWriter()
        }
        // Before any is written: one that was set aside lies in the file alone.
        caches.waiting.forgetOthers()
        if others.isEmpty { return }
        if caches.lag.isHeld, !caches.lag.mustEnd {
            // What lags is written with them, so that this transaction leaves all rows where one mark says.
            try flushRecords()
            return caches.records.trim()
        }
        try flush(others)
        caches.waiting.forgetOthers()
    }

    /// Memory that is kept for the next record that is set aside.
    private static let keptBytes = 1 << 16

    /// - Returns: false where it stays.
    private func setAside(_ record: CachedRecord) -> Bool {
        guard record.canBeSetAside, !caches.waiting.isFull(window) else { return false }
        setAsideBytes.removeAll()
        record.write(into: &setAsideBytes, projections.fieldNames, in: &setAsideStates)
        return caches.waiting.setAside(record, as: setAsideBytes.bytes, beside: connection.path)
    }

    /// A record that was set aside.
    func takeBack(_ id: RecordID) throws -> CachedRecord? {
        guard let (rid, bytes) = try caches.waiting.takeBack(id) else { return nil }
        let record = try CachedRecord(id: id, rid: rid, setAside: bytes)
        share(&record.origin)
        record.isDirty = true
        caches.waiting.append(record)
        caches.records.keep(record)
        return record
    }

    /// The name of a system is in memory once: most records come from one.
    private func share(_ origin: inout RecordOrigin?) {
        guard case .external(let source, let id) = origin else { return }
        if let last = caches.lastOriginSource, last == source {
            origin = .external(source: last, id: id)
        } else {
            caches.lastOriginSource = source
        }
    }

    /// Writes every record that has changed, once, with its share of the fingerprint and the tables that show it.
    func flushRecords() throws {
        if caches.waiting.isEmpty { return }
        let waiting = caches.waiting
        try waiting.visitByRow(
            step: SQLiteTransaction.recordsPerFlush, stepBytes: SQLiteTransaction.bytesPerFlush
        ) { try flush($0) }
        caches.waiting.removeAll()
    }

    private func flush(_ records: [CachedRecord]) throws {
        caches.lag.mustEnd = true
        for first in stride(from: 0, to: records.count, by: SQLiteTransaction.recordsPerFlush) {
            let some = records[first..<min(first + SQLiteTransaction.recordsPerFlush, records.count)]
            var drafts = try drafts(of: some)
            for cached in some { try write(cached, drafts.take(background)) }
        }
    }

    /// Records of which it is noted at a time what their drafts are made of.
    private static let recordsPerFlush = 1_024
    /// The same in bytes, of those that were set aside.
    private static let bytesPerFlush = 1 << 19

    private func drafts(of records: ArraySlice<CachedRecord>) throws -> RowDrafts {
        var sources: [RowDrafts.Source] = []
        sources.reserveCapacity(records.count)
        var feedRows: [Int64] = []
        for cached in records {
            cached.state.settle()
            let first = feedRows.count
            let scope = try scopeRow(cached.scope)
            var areKnown = true
            try cached.state.forEachFeed { feed in
                // One that nothing names any more only keeps its place.
                if let row = try feed.map({ try cachedFeed($0, scope: scope)?.rid }) ?? 0 {
                    feedRows.append(row)
                } else {
                    areKnown = false
                }
            }
            sources.append(
                RowDrafts.Source(
                    id: cached.id, state: cached.state, feedRows: areKnown ? first..<feedRows.count : nil))
        }
        return RowDrafts(sources, feedRows: feedRows, &drafter)
    }

    private func write(_ cached: CachedRecord, _ draft: RowDraft) throws {
        let hasOrigin = cached.hasOrigin
        let projected = hasOrigin ? draft.type.map { projections.types[$0] } : nil
        if cached.projected != projected?.number { try unproject(cached) }
        let isFirst = cached.projected == nil
        cached.projected = projected?.number
        let digest = hasOrigin ? draft.digest : 0
        // Values stand once: where tables show them, there.
        let inline = projected == nil && hasOrigin ? cached.state.encoded(projections.fieldNames).bytes : []
        try writeRow(of: cached, keepingState: inline, conflicts: draft.conflicts)
        try insertLog(of: cached)
        if let projected { try project(cached, draft, as: projected, isFirst: isFirst) }
        try count(digest, of: cached.id, insteadOf: cached.savedDigest ?? 0, scope: try scopeRow(cached.scope))
        cached.savedDigest = digest
        cached.isDirty = false
        cached.unprojectedLog = []
        caches.records.resize(cached)
    }
}

extension RecordState {
    /// What the register `type` shows.
    var type: Text? { winner(Schema.typeField, .latest)?.value.text }

    /// Registers in which more than one value stands.
    package var conflictCount: Int {
        slots.count { $0.target.kind == .register && $0.survivors.count > 1 && $0.distinct.count > 1 }
    }
}
