import Causality
import Changes
import Replication
import SQLiteStore

/// The saved clock, held between what the applied changes make necessary and what they make possible.
///
/// Changes that are no longer here may have moved it further only where they were made here and written anew: a scope
/// is dropped with that alone.
struct ClockAudit {
    let transaction: SQLiteTransaction
    let world: AuditedWorld
    let findings: Findings
    /// The greatest effective time of a placed change that is folded, and of any placed one: a verdict may have come
    /// after the clock had followed.
    private var leastEffective: HybridTimestamp = .zero
    private var greatestEffective: HybridTimestamp = .zero
    /// The stamp of this replica's last change in each scope: which of these came last is not kept, and a clock that was
    /// put back gives a later change a lesser stamp.
    private var lastOwn: [Int64: HybridTimestamp] = [:]
    /// The greatest stamp of anyone's.
    private var greatestUnplaced: HybridTimestamp = .zero

    init(transaction: SQLiteTransaction, world: AuditedWorld, findings: Findings) {
        self.transaction = transaction
        self.world = world
        self.findings = findings
    }

    /// - Parameter isApplied: whether it was folded, unless its verdict forbids.
    private mutating func note(_ stamp: HybridTimestamp, _ placement: Placement?, isApplied: Bool) {
        greatestUnplaced = max(greatestUnplaced, stamp)
        guard let placement else { return }
        let effective = stamp.effective(received: placement.received)
        greatestEffective = max(greatestEffective, effective)
        if isApplied, placement.verdict == .ok { leastEffective = max(leastEffective, effective) }
    }

    mutating func run() throws {
        // Bounds that damaged changes would have set are not known.
        for base in world.bases.values {
            leastEffective = max(leastEffective, base.manifest.clock)
            greatestEffective = max(greatestEffective, base.manifest.clock)
        }
        if !world.isIncomplete {
            try world.notes.changes { change in
                guard let (feed, scope) = world.feed(change.feed) else { return }
                let dot = Dot(feed: feed.state.feed, sequence: change.sequence)
                let verdict = world.verdicts[change.scope]?[dot]
                if dot.feed == world.ownFeed { lastOwn[change.scope] = change.stamp }
                note(
                    change.stamp,
                    change.placement.map {
                        Placement(position: $0.position, received: $0.received, verdict: verdict ?? $0.verdict)
                    }, isApplied: !change.isStub && world.isApplied(dot, change.placement, in: scope))
            }
        }
        try finish()
    }

    private func finish() throws {
        let feeds = try transaction.clockFeeds()
        if feeds.count > 1 { findings.add(.feed, "feed", "\(feeds[1])", "a clock lies beside another feed already") }
        if !feeds.isEmpty, try transaction.hasClockSetting() {
            findings.add(.setting, "setting", SettingKey.clock.rawValue, "the clock lies beside a feed already")
        }
        let (table, row) = feeds.first.map { ("feed", "\($0)") } ?? ("setting", SettingKey.clock.rawValue)
        let clock: HybridLogicalClock
        do { clock = try transaction.clock() } catch let error as CodecError {
            return findings.add(.setting, table, row, error.description)
        }
        if world.isIncomplete { return }
        if clock.greatestEffective < leastEffective || clock.greatestEffective > greatestEffective {
            findings.add(
                .setting, table, row, "the clock is not where the changes with a place have moved it")
        } else if clock.greatestUnplaced < lastOwn.values.min() ?? .zero
            || max(clock.greatestUnplaced, clock.lastIssued) > greatestUnplaced
        {
            findings.add(.setting, table, row, "the clock is not where the changes made here have moved it")
        }
    }
}
