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
        let operations = try EncodedOperations(bytes)
        let ids = operations.recordIDs(in: change.header.scope, change: change.hash.short)
        try fold(operations, into: ids, of: change)
    }

    /// The same for a change whose operations were read already.
    ///
    /// - Parameter ids: of the change's records, in their order.
    package func fold(_ operations: EncodedOperations, into ids: [RecordID], of change: StoredChange) throws {
        guard change.isFolded else { return }
        try fold(operations, into: ids[...], of: change.header.scope, by: try step(of: change))
    }

    /// The same for a change of which no more is known than what folding takes.
    func fold(
        _ operations: EncodedOperations, into ids: ArraySlice<RecordID>, of scope: ScopeID, by step: FoldStep
    ) throws {
        if let error = operations.foldError {
            try transaction.quarantine(step.dot, of: scope, reason: error.description)
            return
        }
        for (index, id) in ids.enumerated() { try apply(operations, on: index, of: step, to: id, of: scope) }
    }

    private func step(of change: StoredChange) throws -> FoldStep {
        FoldStep(
            dot: change.dot, hash: change.hash.short, effective: change.effective,
            past: try transaction.past(of: change.dot, scope: change.header.scope))
    }

    /// Tries again what an older version could not fold, and takes out of quarantine what this one can.
    ///
    /// - Returns: how many changes were folded.
    @discardableResult
    package func retryQuarantined(of scope: ScopeID) throws -> Int {
        var folded = 0
        for (dot, _) in try transaction.quarantined(of: scope) {
            guard let change = try transaction.change(at: dot, of: scope), let bytes = change.operations,
                try EncodedOperations(bytes).foldError == nil
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
    package func refold(_ id: RecordID, of scope: ScopeID) throws {
        let base = try transaction.baseRecord(id, of: scope)
        let changes = try transaction.changes(touching: id, of: scope)
        try transaction.clear(id, of: scope)
        if let base { try transaction.put(base, of: id, scope: scope) }
        for change in changes where change.isFolded {
            guard let bytes = change.operations else { continue }
            let operations = try EncodedOperations(bytes)
            guard operations.foldError == nil else { continue }
            let ids = operations.recordIDs(in: scope, change: change.hash.short)
            guard let index = ids.firstIndex(of: id) else { continue }
            try apply(operations, on: index, of: try step(of: change), to: id, of: scope)
        }
    }

    /// Folds every record again that a change touches.
    package func refoldRecords(touchedBy change: StoredChange) throws {
        guard let bytes = change.operations else { return }
        let operations = try EncodedOperations(bytes)
        let scope = change.header.scope
        for id in operations.recordIDs(in: scope, change: change.hash.short) { try refold(id, of: scope) }
    }

    /// Applies what a change does to one record.
    private func apply(
        _ operations: EncodedOperations, on record: Int, of step: FoldStep, to id: RecordID, of scope: ScopeID
    ) throws {
        for row in try transaction.apply(operations, on: record, of: step, to: id, of: scope) {
            try transaction.append(row, of: id, scope: scope)
        }
    }
}

/// As the setting `clock` holds it.
extension HybridLogicalClock {
    package init(_ bytes: [UInt8]) throws(CodecError) {
        var reader = ByteReader(bytes)
        let effective = HybridTimestamp(rawValue: try reader.readInteger())
        let unplaced = HybridTimestamp(rawValue: try reader.readInteger())
        let issued = HybridTimestamp(rawValue: try reader.readInteger())
        try reader.finish()
        self.init(greatestEffective: effective, greatestUnplaced: unplaced, lastIssued: issued)
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 30)
        writer.write(greatestEffective.rawValue)
        writer.write(greatestUnplaced.rawValue)
        writer.write(lastIssued.rawValue)
        return writer.bytes
    }
}

extension ChangeLog {
    package func clock() throws -> HybridLogicalClock {
        try setting(.clock).map { try HybridLogicalClock($0) } ?? HybridLogicalClock()
    }

    package func put(_ clock: HybridLogicalClock) throws { try put(clock.encoded(), for: .clock) }
}
