import Causality
import Changes
import Compression
import Replication
import SQLiteStore

/// The order of one scope, segment after segment: the entries, the running hash over them, and the changes that they
/// place.
///
/// After a damaged row the reading goes on from what the next ones store, so that one damage is named once.
final class SegmentAudit {
    let transaction: SQLiteTransaction
    let world: AuditedWorld
    let findings: Findings
    let changes: ChangeAudit
    let runs: RunAudit
    private let stretches: StretchAudit
    private let gaps: OrderGaps
    private let rid: Int64
    private let scope: ScopeState

    /// The last entry's position.
    private var last: UInt64 = 0
    /// The last row could not be read: how many entries it has is not certain.
    private var isLoose = false
    /// What the history may have come to: as it was computed or, where that differs, as it is stored. Empty where
    /// neither is known.
    private var histories: [HistoryHash]
    private var floor: Int64 = 0

    init(_ scope: Int64, _ state: ScopeState, _ log: LogAudit) {
        transaction = log.transaction
        world = log.world
        findings = log.findings
        changes = log.changes
        runs = log.runs
        stretches = log.stretches
        gaps = log.gaps
        rid = scope
        self.scope = state
        if log.world.unreadBases.contains(scope) {
            histories = []
            isLoose = true
        } else if let base = log.world.bases[scope]?.manifest {
            // What the base includes has no entries here.
            histories = [base.receipt.history]
            last = base.position
        } else {
            histories = [HistoryHash(chain: state.introduction.seed, scope: state.id)]
        }
    }

    func run() throws {
        var isComplete = false
        try findings.section("segment") {
            try transaction.auditSegments(of: rid, check)
            isComplete = true
        }
        guard isComplete else { return world.lose(nil) }
        try checkEnd()
    }

    // MARK: - One row

    private func check(_ row: AuditedRow<AuditedSegment>) throws {
        guard let stored = findings.content(of: row, .body) else {
            world.unplacedSegments += 1
            world.lose(nil)
            isLoose = true
            histories = []
            return
        }
        guard try isNext(stored, row) else { return }
        let segment: Segment
        do {
            guard stored.body.isWhole else { throw CodecError.malformed("its digest is not that of its body", at: 0) }
            segment = try stored.body.segment(of: scope.id)
        } catch let error as CodecError {
            return skip(stored, row, error.description)
        } catch let error as ZstdError {
            return skip(stored, row, error.description)
        }
        let count = UInt64(segment.items.count)
        if count != stored.count {
            findings.addFirst(.history, row.table, row.row, "it says \(stored.count) entries and holds \(count)")
        }
        findings.count(\.entries, segment.items.count)
        let reading = SegmentReading(
            segment, stored, in: ChangeAudit.Place(table: row.table, row: row.row), of: scope,
            rows: try stretches.rows(of: rid, at: stored.position), histories: histories, floor: floor, self)
        try reading.run()
        floor = reading.floor
        last = stored.position + count - 1
        isLoose = false
        if reading.isComplete {
            try stretches.check(reading.stretches, at: stored.position, of: rid)
        } else {
            stretches.skip(at: stored.position, of: rid)
        }
        checkHistory(stored.history, row, reading.histories)
        checkSeal(stored, row, reading)
    }

    /// Whether the row stands where the one before ends. Where not, entries are missing, or its position is wrong.
    private func isNext(_ stored: AuditedSegment, _ row: AuditedRow<AuditedSegment>) throws -> Bool {
        let position = stored.position
        if position == last + 1 || isLoose && position > last && position <= scope.position { return true }
        // Its stretches lie where it belongs.
        let isAtHome = try !stretches.rows(of: rid, at: position).isEmpty
        let isBeyond = position > last + 1
        if isBeyond, try isAtHome || position <= scope.position && stretches.rows(of: rid, at: last + 1).isEmpty {
            gaps.miss(last + 1...position - 1, of: rid)
            stretches.skip(at: last + 1, of: rid)
            histories = []
            return true
        }
        findings.addFirst(.history, row.table, row.row, "position \(position) is not one that follows")
        gaps.find(stranger: stored.count)
        world.lose(stored.body)
        return false
    }

    /// A row whose body cannot be believed.
    private func skip(_ stored: AuditedSegment, _ row: AuditedRow<AuditedSegment>, _ reason: String) {
        findings.addFirst(.body, row.table, row.row, reason)
        world.lose(stored.body)
        stretches.skip(at: stored.position, of: rid)
        let (end, isPast) = stored.position.addingReportingOverflow(max(stored.count, 1) - 1)
        last = isPast ? stored.position : end
        isLoose = true
        histories = [stored.history]
    }

    private func checkHistory(
        _ stored: HistoryHash, _ row: AuditedRow<AuditedSegment>, _ computed: [HistoryHash]
    ) {
        if computed.isEmpty || computed.contains(stored) {
            histories = [stored]
        } else {
            findings.addFirst(
                .history, row.table, row.row, "its history hash is not that of the entries up to its last")
            histories = computed + [stored]
        }
    }

    // MARK: - Seals

    /// Whether a segment is sealed decides only what is packed again; but one that is must hold all its bodies.
    private func checkSeal(
        _ stored: AuditedSegment, _ row: AuditedRow<AuditedSegment>, _ reading: SegmentReading
    ) {
        if stored.isWhole != reading.isWhole {
            findings.addFirst(
                .body, row.table, row.row, "it does not say whether all bodies of its changes lie in it")
        } else if stored.isSealed, !reading.isWhole {
            findings.addFirst(.body, row.table, row.row, "it is sealed, and bodies of its changes lie elsewhere")
        }
    }

    // MARK: - The end

    private func checkEnd() throws {
        func damaged(_ reason: String) { findings.addFirst(.scope, "scope", "\(rid)", reason) }
        if scope.position != last {
            if isLoose { return }
            if scope.position > last, try !stretches.rows(of: rid, at: last + 1).isEmpty {
                stretches.skip(at: last + 1, of: rid)
                return gaps.miss(last + 1...scope.position, of: rid)
            }
            return damaged("it stands at position \(scope.position) and has entries up to \(last)")
        }
        if !histories.isEmpty, !histories.contains(scope.history) {
            damaged("its history hash is not that of its last entry")
        } else if world.role == .hub, scope.receivedFloor != floor, !world.isIncomplete {
            damaged("its floor of received times is not that of its entries")
        }
    }
}
