import Causality
import Changes
import Replication
import SQLiteStore

/// Every record folded again from its changes, apart from what is stored, and compared with that: state, log, tables
/// and fingerprint.
final class RecordAudit {
    private let transaction: SQLiteTransaction
    private let world: AuditedWorld
    private let findings: Findings
    private var fingerprints: [Int64: Fingerprint] = [:]
    private var showsTables = false
    private var countsConflicts = false

    init(transaction: SQLiteTransaction, world: AuditedWorld, findings: Findings) {
        self.transaction = transaction
        self.world = world
        self.findings = findings
    }

    func run() throws {
        try findings.section("setting") {
            showsTables = try transaction.hasCurrentProjections()
            countsConflicts = try transaction.hasCurrentConflicts()
        }
        try findings.section("quarantine") { try checkUnfoldable() }
        try findings.section("quarantine") { try transaction.auditQuarantine(checkQuarantine) }
        try findings.section("record") { try transaction.auditRecords(check) }
        try findings.section("record") { try checkMissing() }
        try findings.section("fingerprint") { try checkFingerprints() }
        guard showsTables else { return }
        try findings.section("projection") {
            try transaction.auditProjectedStrangers { rid, error in
                if !world.damagedRecords.contains(rid) { findings.add(.projection, error) }
            }
        }
    }

    // MARK: - One record

    private func check(_ row: AuditedRow<AuditedRecord>) throws {
        findings.count(\.records)
        guard let stored = try? row.content.get(),
            world.scopes[stored.scope] != nil || world.damagedRecords.contains(stored.rid)
        else { return }
        let (id, base, changes) = try changes(of: stored)
        let isSound = !world.mayLackChanges(of: stored.id) && !world.mayLackChanges(of: id ?? stored.id)
        if id == nil, isSound { damaged(stored, "no change names it") }
        let home = base?.scope ?? changes.first.flatMap { world.scopeRows[$0.header.scope] }
        guard let id, isSound, let scope = home else {
            findings.report.basis.unfoldedRecords += 1
            world.damagedRecords.insert(stored.rid)
            return count(try storedState(stored), of: stored.id, in: stored.scope)
        }
        let folded = try fold(stored, as: id, from: base, changes, in: scope)
        findings.report.basis.foldedRecords += 1
        if base != nil { findings.report.basis.baseRecords += 1 }
        if stored.scope != scope { damaged(stored, "its changes lie in another scope") }
        try compare(stored, with: folded)
        count(folded.stateBytes, of: id, in: scope)
        try findings.section("log_row") { try compareLog(stored.rid, with: folded, scope: scope) }
        guard showsTables, let record = folded.record else { return }
        let feeds = world.feedRows[scope] ?? [:]
        let (rows, damage) = try transaction.auditProjection(
            of: record, rid: stored.rid, log: folded.log, feed: { feeds[$0] ?? 0 }, header: { folded.headers[$0] })
        findings.count(\.projections, rows)
        for error in damage { findings.add(.projection, error) }
    }

    /// Folds a record without the changes that wait in quarantine; with them, where that is what is stored: then they
    /// are listed there wrongly.
    private func fold(
        _ stored: AuditedRecord, as id: RecordID, from base: NotedBase?, _ changes: [DecodedChange], in scope: Int64
    ) throws -> FoldedRecord {
        let waiting = changes.compactMap(world.waitingRow)
        let folded = try FoldedRecord(id, from: base, changes, in: scope, world) { world.waitingRow(of: $0) != nil }
        if waiting.isEmpty { return folded }
        let held = try storedState(stored)
        if folded.stateBytes == held { return folded }
        let whole = try FoldedRecord(id, from: base, changes, in: scope, world) { _ in false }
        guard whole.stateBytes == held else { return folded }
        for row in waiting {
            findings.add(.quarantine, "quarantine", row, "the change that it names is folded")
        }
        return whole
    }

    /// The changes that name a record, by the id that is stored or by the one that its origin gives it.
    private func changes(
        of stored: AuditedRecord
    ) throws -> (id: RecordID?, base: NotedBase?, changes: [DecodedChange]) {
        let derived = world.recordAliases.first { $0.value == stored.rid }?.key
        for id in [stored.id, derived].compactMap(\.self) {
            let changes = try world.changes(naming: id)
            let base = try world.notes.base(of: id)
            if base != nil || !changes.isEmpty { return (id, base, changes) }
        }
        return (nil, nil, [])
    }

    /// Records that a folded change names must be there.
    private func checkMissing() throws {
        if world.isIncomplete { return }
        var last: RecordID?
        var isHeld = false
        try world.notes.touches { id, number in
            if id != last {
                last = id
                isHeld = try world.recordAliases[id] != nil || transaction.auditedRecordRow(id) != nil
            }
            guard !isHeld, let change = try world.notes.change(number: number).flatMap(world.decoded),
                let scope = world.scopeRows[change.header.scope], let held = world.scopes[scope], change.isFolded,
                world.waitingRow(of: change) == nil, world.isApplied(change.dot, change.placement, in: held)
            else { return }
            isHeld = true
            findings.add(.state, "record", "\(id)", "\(change.dot) names this record, which is not here")
        }
        try world.notes.bases { id in
            guard try world.recordAliases[id] == nil && transaction.auditedRecordRow(id) == nil else { return }
            findings.add(.state, "record", "\(id)", "the snapshot holds this record, which is not here")
        }
    }

    private func damaged(_ record: AuditedRecord, _ reason: String) {
        findings.add(.state, "record", "\(record.rid)", reason)
        world.damagedRecords.insert(record.rid)
    }

    /// The bytes of the state that is stored; none where they cannot be read.
    private func storedState(_ stored: AuditedRecord) throws -> [UInt8] {
        if stored.origin.isEmpty { return [] }
        switch try transaction.auditedState(of: stored) {
        case .success(let state): return state.encoded()
        case .failure(let error):
            findings.add(.state, error)
            return []
        }
    }

    private func compare(_ stored: AuditedRecord, with folded: FoldedRecord) throws {
        let isNeverFolded =
            stored.state.isEmpty && stored.origin.isEmpty && stored.type == nil && stored.conflicts == 0
        if folded.foldedChanges == 0, isNeverFolded { return }
        var differing: [String] = []
        let type = try transaction.valueTableNumber(of: folded.type)
        if stored.state != (type == nil ? folded.stateBytes : []) { differing.append("state") }
        // Tables of this version's schemas are compared value by value.
        if type != nil, !showsTables, try storedState(stored) != folded.stateBytes { differing.append("state") }
        let isSourceDamaged = stored.source.map(world.damagedSources.contains) ?? false
        if !isSourceDamaged, try transaction.auditedOrigin(of: stored) != folded.origin { differing.append("origin") }
        if stored.type != type { differing.append("type") }
        if countsConflicts, stored.conflicts != Int64(folded.state.conflictCount) { differing.append("conflicts") }
        if !differing.isEmpty {
            damaged(stored, "its changes give another \(differing.joined(separator: ", "))")
        }
    }

    private func compareLog(_ rid: Int64, with folded: FoldedRecord, scope: Int64) throws {
        let feeds = world.feedRows[scope] ?? [:]
        var missing = Set(
            folded.log.map { row in
                AuditedLogRow(
                    key: row.mark.key, feed: feeds[row.mark.dot.feed] ?? 0, sequence: row.mark.dot.sequence,
                    field: row.field, value: row.value)
            })
        var strangers = 0
        try transaction.auditLogRows(of: rid) { row in
            findings.count(\.logRows)
            guard let stored = findings.content(of: row, .log) else {
                strangers += 1
                return
            }
            if missing.remove(stored) == nil {
                strangers += 1
                findings.add(.log, row.table, row.row, "the record's changes do not give this row")
            }
        }
        guard missing.count > strangers else { return }
        for row in missing.map({ $0.row(of: rid) }).sorted() {
            findings.add(.log, "log_row", row, "the record's changes give this row, and it is missing")
        }
    }

    // MARK: - What is summed and listed

    /// - Parameter state: its bytes; none add nothing.
    private func count(_ state: [UInt8], of id: RecordID, in scope: Int64) {
        if state.isEmpty || state == RecordAudit.emptyState { return }
        fingerprints[scope, default: Fingerprint()].buckets[Fingerprint.bucket(of: id)] &+= RecordState.digest(
            of: id, state: state)
    }

    private static let emptyState = RecordState().encoded()

    private func checkFingerprints() throws {
        guard let differences = try differences() else { return }
        for rid in world.scopes.keys.sorted() where !differences.damaged.contains(rid) {
            var expected = fingerprints[rid] ?? Fingerprint()
            for (bucket, difference) in differences.found[rid] ?? [] { expected.buckets[bucket] &-= difference }
            var stored = Fingerprint()
            try transaction.auditBuckets(of: rid) { row in
                guard let bucket = findings.content(of: row, .fingerprint) else { return }
                guard (0..<Int64(Fingerprint.bucketCount)).contains(bucket.bucket) else {
                    return findings.add(.fingerprint, row.table, row.row, "there is no such bucket")
                }
                stored.buckets[Int(bucket.bucket)] = bucket.sum.number
                if bucket.sum.number != expected.buckets[Int(bucket.bucket)] {
                    findings.add(.fingerprint, row.table, row.row, "it is not the sum of its records' digests")
                }
            }
            for bucket in 0..<Fingerprint.bucketCount where stored.buckets[bucket] != expected.buckets[bucket] {
                findings.add(
                    .fingerprint, "fingerprint", "\(rid):\(bucket)", "it is not the sum of its records' digests")
            }
        }
    }

    /// What the rows of `fingerprint` lack, by scope's row, and the scopes of which that cannot be told, so that their rows are not
    /// to blame; nil where it cannot be told of which scopes.
    private func differences() throws -> (found: [Int64: [SumDifference]], damaged: Set<Int64>)? {
        var found: [Int64: [SumDifference]] = [:]
        var damaged: Set<Int64> = []
        var isKnown = true
        try transaction.auditDifferences { row in
            guard let held = findings.content(of: row, .feed), let feed = world.feeds[held.feed] else {
                isKnown = false
                return
            }
            do {
                let differences = try SumDifferences.decode(held.bytes)
                if found.updateValue(differences, forKey: feed.scope) == nil { return }
                findings.add(.feed, row.table, row.row, "differences lie beside another feed already")
            } catch let error as CodecError {
                findings.add(.feed, row.table, row.row, error.description)
            }
            damaged.insert(feed.scope)
        }
        return isKnown ? (found, damaged) : nil
    }

    private func checkQuarantine(_ row: AuditedRow<AuditedQuarantine>) throws {
        guard let listed = findings.content(of: row, .quarantine), world.feed(listed.feed) != nil else { return }
        guard let change = try world.change(feed: listed.feed, sequence: listed.sequence) else {
            let isUnfolded = world.feed(listed.feed).map { feed, _ in
                world.bases[feed.scope]?.unfolded.contains(Dot(feed: feed.state.feed, sequence: listed.sequence))
            }
            if isUnfolded == true { return }
            if !world.hasLosses { findings.add(.quarantine, row.table, row.row, "it names a change that is not here") }
            return
        }
        guard let operations = change.operations, change.isFolded || operations.foldError != nil else {
            // Nothing of it could ever be folded here.
            return findings.add(.quarantine, row.table, row.row, "the change that it names is set aside")
        }
        guard operations.foldError == nil else { return }
        if world.lacksQuarantine {
            findings.add(.quarantine, row.table, row.row, "the change can be folded, and one that cannot is not listed")
        } else {
            world.noteWaiting(change, row: row.row)
        }
    }

    /// What this version cannot fold must be listed.
    private func checkUnfoldable() throws {
        for (scope, base) in world.bases.sorted(by: { $0.key < $1.key }) {
            for dot in base.unfolded.sorted() {
                guard let feed = world.feedRows[scope]?[dot.feed],
                    try !transaction.holdsQuarantine(feed: feed, sequence: dot.sequence)
                else { continue }
                world.lacksQuarantine = true
                findings.add(
                    .quarantine, "quarantine", "\(feed):\(dot.sequence)",
                    "the snapshot's hub could not fold the change, and it is not listed")
            }
        }
        try world.notes.changes { noted in
            guard !noted.isFoldable, !noted.isStub, let change = try world.decoded(noted),
                let scope = world.scopes[noted.scope], (change.placement?.verdict ?? .ok) == .ok,
                world.isApplied(change.dot, change.placement, in: scope),
                try !transaction.holdsQuarantine(feed: noted.feed, sequence: noted.sequence)
            else { return }
            world.lacksQuarantine = true
            findings.add(
                .quarantine, "quarantine", "\(noted.feed):\(noted.sequence)",
                "this version cannot fold the change, and it is not listed")
        }
    }
}
