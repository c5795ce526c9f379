import Causality
import Changes
import Replication
import SQLiteStore

/// One change after the other as the log is read: what it had seen, and its personal parts. What its bytes, its hash
/// and its place come to was checked with its row.
final class ChangeAudit {
    private let transaction: SQLiteTransaction
    private let world: AuditedWorld
    private let findings: Findings
    let knots: KnotAudit
    private var count: Int64 = 0

    init(transaction: SQLiteTransaction, world: AuditedWorld, findings: Findings) {
        self.transaction = transaction
        self.world = world
        self.findings = findings
        knots = KnotAudit(transaction: transaction, world: world, findings: findings)
    }

    /// Where a change lies.
    struct Place {
        let table: String
        let row: String
    }

    /// Takes the next change, which is sound.
    ///
    /// - Parameter body: in its carried form; of a stub, its header.
    func check(_ change: DecodedChange, body: [UInt8], feed: AuditedFeed, in place: Place) throws {
        findings.count(\.changes)
        if change.operations == nil {
            findings.report.basis.stubs += 1
        } else {
            findings.report.basis.hashedChanges += 1
        }
        if change.placement != nil { findings.report.basis.placedChanges += 1 }
        try checkContext(of: change, scope: feed.scope, place)
        try knots.check(change, feed: feed.rid, scope: feed.scope)
        try checkParts(of: change, feed: feed.rid)
        count += 1
        let isNew = try world.notes.change(feed: feed.rid, sequence: change.dot.sequence) == nil
        precondition(isNew, "the feed's head has passed \(change.dot)")
        try world.notes.add(
            NotedChange(
                number: count, scope: feed.scope, feed: feed.rid, sequence: change.dot.sequence, hash: change.hash,
                stamp: change.header.stamp, placement: change.placement, body: body,
                isStub: change.operations == nil, isFoldable: change.operations.map { $0.foldError == nil } ?? false,
                partCount: change.header.parts.count), records: change.recordIDs)
    }

    /// No effect before its cause: what the author had seen is here, and comes before.
    private func checkContext(of change: DecodedChange, scope: Int64, _ place: Place) throws {
        for reference in change.header.context {
            let dot = reference.dot
            let feed = world.feedRows[scope]?[dot.feed]
            if let feed, let seen = try world.notes.change(feed: feed, sequence: dot.sequence) {
                if seen.hash.short != reference.hash {
                    findings.addFirst(
                        .chain, place.table, place.row, "the author of \(change.dot) had seen another change at \(dot)")
                }
            } else if let head = world.bases[scope]?.heads[dot.feed], dot.sequence <= head.sequence {
                if dot.sequence == head.sequence, head.hash.short != reference.hash {
                    findings.addFirst(
                        .chain, place.table, place.row, "the author of \(change.dot) had seen another change at \(dot)")
                }
            } else if !world.isIncomplete {
                let isHeld = feed.flatMap { world.feeds[$0] }.map { $0.state.sequence >= dot.sequence } ?? false
                findings.addFirst(
                    .chain, place.table, place.row,
                    "the author of \(change.dot) had seen \(dot), which \(isHeld ? "comes later" : "is not here")")
            }
        }
    }

    // MARK: - Personal parts

    private func checkParts(of change: DecodedChange, feed: Int64) throws {
        let commitments = change.header.parts
        if commitments.isEmpty { return }
        var next: Int64 = 0
        try findings.section("part") {
            try transaction.auditParts(of: feed, change.dot.sequence) { row in
                guard let part = findings.content(of: row, .part) else {
                    next += 1
                    return
                }
                if let reason = violation(of: part, at: next, commitments, change) {
                    findings.add(.part, row.table, row.row, reason)
                }
                next += 1
                if part.body == nil { findings.report.basis.missingParts += 1 }
            }
        }
        if next < commitments.count {
            findings.add(
                .part, "part", "\(feed):\(change.dot.sequence):\(next)",
                "the change commits to more parts than have a row")
        }
    }

    private func violation(
        of part: AuditedPart, at index: Int64, _ commitments: [PartCommitment], _ change: DecodedChange
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
            && PersonalPart.commitment(
                body, key: decoded.key, scope: change.header.scope, dot: change.dot, index: Int(part.number))
                == commitment.commitment
        return isCommitted ? nil : "it is not the one that the change commits to"
    }

    /// Parts of changes that have none, after all changes.
    func finish() throws {
        try findings.section("part") {
            try transaction.auditParts { row in
                guard let part = findings.content(of: row, .part), world.feed(part.feed) != nil else { return }
                if try checkBasePart(part, row) { return }
                let change = try world.notes.change(feed: part.feed, sequence: part.sequence)
                // Those of a change with parts were looked at with it.
                guard change.map({ $0.partCount == 0 }) ?? !world.isIncomplete else { return }
                findings.add(.part, row.table, row.row, "no change with a part is there")
            }
        }
        if !world.hasLosses {
            let met = findings.namedCount(of: "part")
            let missing = try world.notes.unmetBaseParts()
            if missing.count > met {
                for row in missing { findings.add(.part, "part", row, "the base commits to this part") }
            }
        }
        try findings.section("knot") { try knots.finish() }
    }

    /// - Returns: whether the part is of a change that the base includes; then it was looked at.
    private func checkBasePart(_ part: AuditedPart, _ row: AuditedRow<AuditedPart>) throws -> Bool {
        guard let (feed, scope) = world.feed(part.feed) else { return false }
        let dot = Dot(feed: feed.state.feed, sequence: part.sequence)
        guard world.isIncluded(dot, scope: feed.scope) else { return false }
        guard let commitment = try world.notes.meetBasePart(feed: feed.rid, part.sequence, part.number) else {
            if !world.hasLosses { findings.add(.part, row.table, row.row, "the base commits to no such part") }
            return true
        }
        let committed = SnapshotBlock.Part(dot: dot, number: Int(clamping: part.number), commitment: commitment)
        if part.subject != commitment.subject.bytes {
            findings.add(.part, row.table, row.row, "its subject is not the one that the change names")
        } else if let body = part.body {
            if !committed.isKept(by: body, scope: scope.id) {
                findings.add(.part, row.table, row.row, "it is not the one that the change commits to")
            }
        } else {
            findings.report.basis.missingParts += 1
        }
        return true
    }
}
