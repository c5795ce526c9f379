import Causality
import Changes
import Replication
import SQLiteStore

/// The runs: changes without an entry, and bodies of changes whose entry lies in an open segment.
final class RunAudit {
    private let transaction: SQLiteTransaction
    private let world: AuditedWorld
    private let findings: Findings
    private let changes: ChangeAudit
    /// The run of each feed from which a segment took a change last.
    private var current: [Int64: [StoredChange]] = [:]
    /// Rows of damaged runs.
    private var damagedRuns: Set<String> = []
    /// Whether a run begins where the records begin to lag.
    private var isLagMet = false
    /// Changes that a segment takes from a run that is not there.
    private var unfound: [(segment: String, dot: Dot)] = []

    init(transaction: SQLiteTransaction, world: AuditedWorld, findings: Findings, changes: ChangeAudit) {
        self.transaction = transaction
        self.world = world
        self.findings = findings
        self.changes = changes
    }

    /// The body of a change that has its entry in an open segment; nil where its run is damaged or missing.
    ///
    /// - Parameter segment: the row that asks.
    func change(at dot: Dot, of feed: AuditedFeed, for segment: String) throws -> StoredChange? {
        if let held = RunAudit.change(at: dot, in: current[feed.rid]) { return held }
        guard let row = try transaction.auditRun(feed: feed.rid, holding: dot.sequence) else {
            unfound.append((segment, dot))
            world.loosen()
            return nil
        }
        let read = try read(row)
        guard let held = RunAudit.change(at: dot, in: read) else {
            if read != nil { unfound.append((segment, dot)) }
            world.loosen()
            return nil
        }
        current[feed.rid] = read
        return held
    }

    private static func change(at dot: Dot, in run: [StoredChange]?) -> StoredChange? {
        guard let run, let first = run.first?.dot.sequence, dot.sequence >= first,
            dot.sequence - first < UInt64(run.count)
        else { return nil }
        return run[Int(dot.sequence - first)]
    }

    // MARK: - One run

    /// The changes of a run that holds together and continues its feed; otherwise it is named, once.
    private func read(_ row: AuditedRow<AuditedRun>) throws -> [StoredChange]? {
        guard let run = findings.content(of: row, .body) else {
            world.hasDamagedRuns = true
            world.lose(nil)
            return nil
        }
        if damagedRuns.contains(row.row) { return nil }
        func damaged(_ kind: VerifyReport.Kind, _ reason: String) -> [StoredChange]? {
            findings.addFirst(kind, row.table, row.row, reason)
            damagedRuns.insert(row.row)
            world.hasDamagedRuns = true
            world.lose(run.body)
            return nil
        }
        guard let (feed, scope) = world.feed(run.feed) else {
            // Its feed or its scope is named already.
            world.hasDamagedRuns = true
            world.lose(run.body)
            return nil
        }
        guard run.body.isWhole else { return damaged(.body, "its digest is not that of its body") }
        let changes: [StoredChange]
        do {
            changes = try run.changes(of: feed.state.feed, scope: scope.id)
            var marks = RecordMarks()
            for change in changes { try marks.insert(change) }
            if marks.encoded != run.body.records {
                findings.addFirst(.touch, row.table, row.row, "its marks are not those of the records in it")
            }
        } catch let error as CodecError {
            return damaged(.body, error.description)
        }
        if changes.isEmpty { return damaged(.body, "there is no change in it") }
        if let reason = try violation(of: run, feed) { return damaged(.chain, reason) }
        return changes
    }

    /// Why it does not continue its feed where it says so.
    private func violation(of run: AuditedRun, _ feed: AuditedFeed) throws -> String? {
        let head = world.head(of: feed)
        if run.sequence == 0 { return "no change has the sequence 0" }
        if run.sequence == 1 {
            return world.checkStart(run.hash, of: feed, findings) ? nil : "it does not follow its feed's beginning"
        }
        let previous =
            run.sequence == head.next ? head.hash : try hash(before: run.sequence, of: feed)
        if let previous { return previous == run.hash ? nil : "its hash is not that of the change before" }
        // Where changes are lost, it may be this very row that holds them, under another sequence.
        if let follows = try sequence(of: run.hash, in: feed) {
            return "it follows the change \(follows) of its feed, and says sequence \(run.sequence)"
        }
        guard head.isLoose else { return "sequence \(run.sequence) comes where \(head.next) follows" }
        // Or with another feed.
        for other in world.feeds.keys.sorted() where other != feed.rid {
            guard let other = world.feeds[other], let follows = try sequence(of: run.hash, in: other) else { continue }
            return "it follows the change \(follows) of feed \(other.rid), and lies with feed \(feed.rid)"
        }
        return nil
    }

    /// Of the change before one that was read already; that may be the last that a base includes.
    private func hash(before sequence: UInt64, of feed: AuditedFeed) throws -> Hash256? {
        let base = world.bases[feed.scope]?.heads[feed.state.feed]
        if let base, base.sequence == sequence - 1 { return base.hash }
        return try world.notes.change(feed: feed.rid, sequence: sequence - 1)?.hash
    }

    /// Of the change with this hash; 0 for what the feed begins with, nil where none is known.
    private func sequence(of hash: Hash256, in feed: AuditedFeed) throws -> UInt64? {
        if hash == world.derivedStart(of: feed) ?? feed.start { return 0 }
        return try world.notes.sequence(of: hash, feed: feed.rid)
    }

    // MARK: - All runs

    /// After the segments: the changes that have no entry, in the order in which they were applied.
    func run() throws {
        var isComplete = false
        try findings.section("run") {
            var last: Int64 = 0
            try transaction.auditRuns { row in
                let changes = try read(row)
                guard case .success(let run) = row.content else { return }
                if run.number <= last {
                    findings.addFirst(.chain, row.table, row.row, "its numbers are also those of the run before")
                }
                if run.number == world.firstUnfoldedRun { isLagMet = true }
                last = run.number &+ Int64(max(changes?.count ?? 1, 1)) &- 1
                if let changes { try check(changes, of: run, ChangeAudit.Place(table: row.table, row: row.row)) }
            }
            isComplete = true
        }
        if world.firstUnfoldedRun != nil, !isLagMet, !world.hasDamagedRuns {
            findings.add(.setting, "setting", SettingKey.unfolded.rawValue, "no change has this number")
        }
        if !isComplete { world.lose(nil) }
        for (segment, dot) in unfound {
            world.lose(nil)
            if !world.hasDamagedRuns { findings.addFirst(.body, "segment", segment, "the body of \(dot) is nowhere") }
        }
    }

    private func check(_ changes: [StoredChange], of run: AuditedRun, _ place: ChangeAudit.Place) throws {
        guard let feed = world.feeds[run.feed] else { return }
        let isUnfolded = world.firstUnfoldedRun.map { run.number >= $0 } ?? false
        for change in changes {
            var head = world.head(of: feed)
            let sequence = change.dot.sequence
            if sequence < head.next {
                // It has an entry, and may lie in a sealed segment as well.
                guard let noted = try world.notes.change(feed: feed.rid, sequence: sequence) else {
                    // Its entry is lost.
                    world.lose(run.body)
                    continue
                }
                if noted.hash != change.hash {
                    findings.addFirst(.chain, place.table, place.row, "another change has its entry at \(change.dot)")
                    world.hasDamagedRuns = true
                    return
                }
                continue
            }
            if sequence > head.next {
                try self.changes.knots.trust(head.next..<sequence, of: feed.rid)
                head.next = sequence
            }
            if head.isLoose, sequence <= feed.placed {
                // It has an entry that is lost, and with it the time that counts.
                try self.changes.knots.trust(sequence..<sequence + 1, of: feed.rid)
                head.take(change.hash)
                world.heads[feed.rid] = head
                world.lose(run.body)
                continue
            }
            head.take(change.hash)
            world.heads[feed.rid] = head
            if isUnfolded { noteUnfolded(change) }
            let operations = try change.operations.map { try Operations($0) }
            try self.changes.check(
                DecodedChange(change.header, operations, hash: change.hash, placement: nil), body: change.carried,
                feed: feed, in: place)
        }
    }
}

extension RunAudit {
    /// The first of its feed counts.
    private func noteUnfolded(_ change: StoredChange) {
        findings.report.basis.unfoldedChanges += 1
        if world.unfolded[change.header.scope]?[change.dot.feed] == nil {
            world.unfolded[change.header.scope, default: [:]][change.dot.feed] = change.dot.sequence
        }
    }
}

extension AuditedWorld {
    /// Whether a feed's first change may name `start` as the one before. Where no key tells, it is the feed's row that
    /// is wrong.
    func checkStart(_ start: Hash256, of feed: AuditedFeed, _ findings: Findings) -> Bool {
        if let derived = derivedStart(of: feed) { return derived == start }
        if start != feed.start {
            findings.addFirst(
                .feed, "feed", "\(feed.rid)",
                "its first change does not follow its beginning; its author's key is not known")
        }
        return true
    }
}
