import Causality
import Changes
import Replication
import SQLiteStore

/// Every change in the order in which it was applied: its bytes, its place in its feed's hash chain and in its scope's
/// order, what it had seen, its personal parts, and the records that it touches.
final class ChangeAudit {
    private let transaction: SQLiteTransaction
    private let world: AuditedWorld
    private let findings: Findings
    private var chains: [Int64: FeedChain] = [:]
    private var clock: ClockAudit
    private var knots: KnotAudit

    init(transaction: SQLiteTransaction, world: AuditedWorld, findings: Findings) {
        self.transaction = transaction
        self.world = world
        self.findings = findings
        clock = ClockAudit(transaction: transaction, world: world, findings: findings)
        knots = KnotAudit(transaction: transaction, world: world, findings: findings)
    }

    func run() throws {
        try findings.section("change") { try transaction.auditChanges(check) }
        FeedAudit(transaction: transaction, world: world, findings: findings, chains: chains).run()
        try findings.section("knot") { try knots.finish() }
        try findings.section("setting") { try clock.finish() }
    }

    // MARK: - One change

    private func check(_ row: AuditedRow<AuditedChange>) throws {
        findings.count(\.changes)
        guard let stored = findings.content(of: row, .chain) else {
            world.isIncomplete = true
            return
        }
        guard let (feed, scope) = world.feed(stored.feed) else {
            // The feed or its scope is named already.
            world.suspects.insert(stored.number)
            return
        }
        var chain = chains[stored.feed] ?? FeedChain(starts: FeedAudit.starts(of: feed, scope, world))
        var isSound = true
        func broken(_ kind: VerifyReport.Kind, _ reason: String) {
            isSound = false
            findings.add(kind, row.table, row.row, reason)
        }
        if stored.scope != feed.scope { broken(.chain, "it is in another scope than its feed") }
        var decoded: DecodedChange?
        do {
            let change = try DecodedChange(
                stored, scope: scope.id, feed: feed.state.feed, previous: chain.hashes.first ?? .zero)
            if change.header.scope != scope.id || change.dot != Dot(feed: feed.state.feed, sequence: stored.sequence) {
                broken(.chain, "its header names another place")
            }
            if let reason = chain.follow(change, sequence: stored.sequence, mayLack: world.isIncomplete) {
                broken(.chain, reason)
            }
            decoded = change
        } catch {
            chain.followUnreadable(sequence: stored.sequence, hash: stored.hash)
            broken(.body, error.description)
        }
        chains[stored.feed] = chain
        count(stored)
        guard let decoded, isSound else {
            world.suspects.insert(stored.number)
            if decoded.map({ !$0.header.context.isEmpty }) ?? true { try knots.trust(stored, scope: feed.scope) }
            return
        }
        clock.note(decoded, isApplied: world.isApplied(decoded.placement, in: scope))
        try knots.check(decoded, stored, scope: feed.scope)
        try checkContext(of: decoded, row, scope: feed.scope)
        try checkPlacement(of: stored, row, dot: decoded.dot, scope: feed.scope, scope)
        try checkParts(of: decoded, scope: scope.id)
        try checkTouches(of: decoded, stored, scope)
    }

    private func count(_ stored: AuditedChange) {
        if stored.isStub { findings.report.basis.stubs += 1 } else { findings.report.basis.hashedChanges += 1 }
        if case .success(.some) = stored.placement { findings.report.basis.placedChanges += 1 }
    }

    /// No effect before its cause: what the author had seen is here, and was applied before.
    private func checkContext(of change: DecodedChange, _ row: AuditedRow<AuditedChange>, scope: Int64) throws {
        for reference in change.header.context {
            let feed = world.feedRows[scope]?[reference.dot.feed]
            let found = try feed.flatMap { try transaction.auditChange(feed: $0, sequence: reference.dot.sequence) }
            guard let found, let seen = try? found.content.get() else {
                if !world.isIncomplete {
                    findings.add(.chain, row.table, row.row, "its author had seen \(reference.dot), which is not here")
                }
                continue
            }
            guard !world.suspects.contains(seen.number) else { continue }
            if seen.hash.short != reference.hash {
                findings.add(.chain, row.table, row.row, "its author had seen another change at \(reference.dot)")
            } else if seen.number >= change.number {
                findings.add(
                    .chain, row.table, row.row, "it was applied before \(reference.dot), which its author had seen")
            }
        }
    }

    // MARK: - Its place in the order

    private func checkPlacement(
        of stored: AuditedChange, _ row: AuditedRow<AuditedChange>, dot: Dot, scope rid: Int64, _ scope: ScopeState
    ) throws {
        func damaged(_ reason: String) {
            findings.add(.placement, row.table, row.row, reason)
            world.suspects.insert(stored.number)
        }
        let placement: Placement
        switch stored.placement {
        case .failure(let error): return damaged(error.reason)
        case .success(nil): return
        case .success(let found?): placement = found
        }
        let place = AuditedWorld.EntryPlace(scope: rid, position: placement.position)
        guard !world.damagedEntries.contains(place) else { return }
        guard let entry = try transaction.auditEntry(of: rid, at: placement.position) else {
            return damaged("there is no entry at its position \(placement.position)")
        }
        guard let content = try? entry.content.get() else { return }
        var reader = ByteReader(content.body)
        guard let decoded = try? Entry(from: &reader),
            case .change(let reference, let received, let verdict) = decoded, reference.dot == dot
        else { return damaged("the entry at its position \(placement.position) is not of it") }
        if reference.hash != stored.hash {
            damaged("its entry names another hash")
        } else if received != placement.received {
            damaged("its entry has another time of receipt")
        } else if placement.verdict != world.verdicts[rid]?[dot] ?? verdict {
            damaged("its entries come to another verdict")
        }
    }

    // MARK: - What hangs on it

    private func checkParts(of change: DecodedChange, scope: ScopeID) throws {
        let commitments = change.header.parts
        var next: Int64 = 0
        try findings.section("part") {
            try transaction.auditParts(of: change.number) { row in
                guard let part = findings.content(of: row, .part) else {
                    next += 1
                    return
                }
                if let reason = violation(of: part, at: next, commitments, change.dot, scope) {
                    findings.add(.part, row.table, row.row, reason)
                }
                next += 1
                if part.body == nil { findings.report.basis.missingParts += 1 }
            }
        }
        if next < commitments.count {
            findings.add(.part, "part", "\(change.number):\(next)", "the change commits to more parts than have a row")
        }
    }

    private func violation(
        of part: AuditedPart, at index: Int64, _ commitments: [PartCommitment], _ dot: Dot, _ scope: ScopeID
    ) -> String? {
        guard commitments.indices.contains(Int(clamping: part.number)) else {
            return "the change commits to no such part"
        }
        if part.number != index { return "its number is \(part.number) where \(index) follows" }
        let commitment = commitments[Int(part.number)]
        guard part.subject == commitment.subject.bytes else {
            return "its subject is not the one that the change names"
        }
        guard let body = part.body else { return nil }
        guard let decoded = try? PersonalPart(body), decoded.encoded() == body else { return "its bytes are no part" }
        let isCommitted =
            decoded.subject == commitment.subject
            && PersonalPart.commitment(body, key: decoded.key, scope: scope, dot: dot, index: Int(part.number))
                == commitment.commitment
        return isCommitted ? nil : "it is not the one that the change commits to"
    }

    private func checkTouches(of change: DecodedChange, _ stored: AuditedChange, _ scope: ScopeState) throws {
        guard let operations = change.operations, !world.suspects.contains(change.number) else { return }
        let wasFolded = (change.placement?.verdict ?? .ok) == .ok && world.isApplied(change.placement, in: scope)
        var touched = 0
        var missing: [(row: String, reason: String)] = []
        var untouched: [Int64] = []
        for id in change.recordIDs {
            guard let record = try transaction.auditedRecordRow(id) ?? world.recordAliases[id] else {
                missing.append(("\(id):\(change.number)", "the change names the record \(id), which is not here"))
                continue
            }
            if try transaction.holdsTouch(of: record, by: change.number) {
                touched += 1
            } else {
                missing.append(("\(record):\(change.number)", "the change names the record, and the row is missing"))
                untouched.append(record)
            }
        }
        // One that the hub set aside was folded before, or never was.
        if !world.isIncomplete, wasFolded || touched > 0 {
            for (row, reason) in missing { findings.add(.touch, "touch", row, reason) }
            world.untouchedRecords.formUnion(untouched)
        }
        if wasFolded, operations.foldError != nil,
            try !transaction.holdsQuarantine(feed: stored.feed, sequence: stored.sequence)
        {
            world.lacksQuarantine = true
            findings.add(
                .quarantine, "quarantine", "\(stored.feed):\(stored.sequence)",
                "this version cannot fold the change, and it is not listed")
        }
    }
}
