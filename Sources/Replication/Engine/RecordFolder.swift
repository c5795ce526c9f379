import Causality
import Changes

/// Folds changes into records: one change forward, or a record again from its base.
package struct RecordFolder<Transaction: ReplicaTransaction> {
    private let transaction: Transaction

    package init(_ transaction: Transaction) { self.transaction = transaction }

    /// Folds one change into every record that it touches: all of it, or, where this version cannot, none of it;
    /// then it is quarantined by name and the rest goes on.
    ///
    /// The change is stored, its past is folded, and it has not been folded.
    package func fold(_ change: StoredChange) throws {
        guard change.isFolded, let bytes = change.operations else { return }
        try fold(try Operations(bytes), of: change)
    }

    /// The same for a change whose operations were read already.
    package func fold(_ operations: Operations, of change: StoredChange) throws {
        guard change.isFolded else { return }
        let scope = change.header.scope
        if let error = operations.foldError {
            try transaction.quarantine(change.dot, of: scope, reason: error.description)
            return
        }
        let ids = operations.recordIDs(in: scope, change: change.hash.short)
        let past = try transaction.past(of: change.dot, scope: scope)
        if let only = ids.first, ids.count == 1 {
            try apply(operations.operations, to: only, from: operations.records[0], of: change, past: past)
            return
        }
        // Each record is visited once, also in a change that writes to thousands.
        var byRecord: [[FieldOperation]] = Array(repeating: [], count: ids.count)
        for operation in operations.operations { byRecord[operation.record].append(operation) }
        for (index, id) in ids.enumerated() {
            try apply(byRecord[index], to: id, from: operations.records[index], of: change, past: past)
        }
    }

    /// Tries again what an older version could not fold, and takes out of quarantine what this one can.
    ///
    /// - Returns: how many changes were folded.
    @discardableResult
    package func retryQuarantined(of scope: ScopeID) throws -> Int {
        var folded = 0
        for (dot, _) in try transaction.quarantined(of: scope) {
            guard let change = try transaction.change(at: dot, of: scope), let bytes = change.operations,
                try Operations(bytes).foldError == nil
            else { continue }
            try transaction.removeQuarantine(dot, of: scope)
            try refoldRecords(touchedBy: change)
            folded += 1
        }
        return folded
    }

    /// Gives a stored change its place in the order, or a later verdict. Where that moves its effective time or sets
    /// it aside, the records that it touches are folded again.
    @discardableResult
    package func place(_ change: StoredChange, at placement: Placement) throws -> StoredChange {
        let placed = change.placed(placement)
        try transaction.place(change.dot, of: change.header.scope, at: placement)
        if placed.effective != change.effective || placed.isFolded != change.isFolded {
            try refoldRecords(touchedBy: placed)
        }
        return placed
    }

    /// Keeps the personal parts of a known change that were not held before.
    package func addParts(_ parts: [[UInt8]?], of change: StoredChange) throws {
        guard parts.contains(where: { $0 != nil }) else { return }
        let held = try transaction.parts(of: change.dot, scope: change.header.scope)
        guard zip(held, parts).contains(where: { $0 == nil && $1 != nil }) else { return }
        try transaction.addParts(parts, of: change.dot, scope: change.header.scope)
        try refoldRecords(touchedBy: change)
    }

    /// Folds a record again, from what the scope's base holds of it and its changes: after a verdict, a moved effective
    /// time, an upgrade.
    ///
    /// - Parameter origin: where it comes from, for a record that nothing foldable had touched.
    package func refold(_ id: RecordID, of scope: ScopeID, origin: RecordOrigin) throws {
        let base = try transaction.baseRecord(id, of: scope)
        let origin = try base?.origin ?? transaction.record(id, of: scope)?.origin ?? origin
        let changes = try transaction.changes(touching: id, of: scope)
        try transaction.clear(id, of: scope)
        if let base {
            try transaction.put(StoredRecord(id: id, scope: scope, origin: base.origin, state: base.state))
            for row in base.log { try transaction.append(row, of: id, scope: scope) }
        }
        for change in changes where change.isFolded {
            guard let bytes = change.operations else { continue }
            let operations = try Operations(bytes)
            guard operations.foldError == nil else { continue }
            let ids = operations.recordIDs(in: scope, change: change.hash.short)
            guard let index = ids.firstIndex(of: id) else { continue }
            let past = try transaction.past(of: change.dot, scope: scope)
            try apply(
                operations.operations.filter { $0.record == index }, to: id, from: origin, of: change, past: past)
        }
    }

    /// Folds every record again that a change touches.
    package func refoldRecords(touchedBy change: StoredChange) throws {
        guard let bytes = change.operations else { return }
        let operations = try Operations(bytes)
        let ids = operations.recordIDs(in: change.header.scope, change: change.hash.short)
        for (id, origin) in zip(ids, operations.records) {
            try refold(id, of: change.header.scope, origin: origin.seen(from: change.hash.short))
        }
    }

    /// Applies what a change does to one record.
    private func apply(
        _ operations: [FieldOperation], to id: RecordID, from origin: RecordOrigin, of change: StoredChange, past: Past
    ) throws {
        let scope = change.header.scope
        let effective = change.effective
        var rows: [LogRow] = []
        try transaction.update(id, of: scope, from: origin.seen(from: change.hash.short)) { state in
            for operation in operations {
                let row = try state.apply(operation, dot: change.dot, effective: effective, past: past) {
                    try transaction.greatestLogKey(of: id, scope: scope, within: past)
                }
                if let row { rows.append(row) }
            }
        }
        for row in rows { try transaction.append(row, of: id, scope: scope) }
    }
}

extension Operations {
    /// Why this version cannot fold them; nil when it can.
    ///
    /// Told from the bytes alone: a change is folded whole or not at all, whatever state it meets, and the same way
    /// each time that one of its records is folded again.
    package var foldError: FoldError? {
        for operation in operations {
            guard operation.target.kind.isKnown else { return .unknownKind(operation.target.kind) }
            let isDefined = operation.action == .put || operation.action == .remove && operation.target.kind.isReplacing
            guard isDefined else { return .unknownAction(operation.action) }
        }
        return nil
    }
}

extension ChangeLog {
    /// The clock as it was saved.
    package func clock() throws -> HybridLogicalClock {
        guard let bytes = try setting(.clock) else { return HybridLogicalClock() }
        var reader = ByteReader(bytes)
        let effective = HybridTimestamp(rawValue: try reader.readInteger())
        let unplaced = HybridTimestamp(rawValue: try reader.readInteger())
        let issued = HybridTimestamp(rawValue: try reader.readInteger())
        try reader.finish()
        return HybridLogicalClock(greatestEffective: effective, greatestUnplaced: unplaced, lastIssued: issued)
    }

    package func put(_ clock: HybridLogicalClock) throws {
        var writer = ByteWriter(reserving: 30)
        writer.write(clock.greatestEffective.rawValue)
        writer.write(clock.greatestUnplaced.rawValue)
        writer.write(clock.lastIssued.rawValue)
        try put(writer.bytes, for: .clock)
    }
}
