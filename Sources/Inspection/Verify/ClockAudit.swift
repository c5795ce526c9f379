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
    /// The stamp of this replica's last change, and the greatest of anyone's.
    private var leastUnplaced: HybridTimestamp = .zero
    private var greatestUnplaced: HybridTimestamp = .zero

    init(transaction: SQLiteTransaction, world: AuditedWorld, findings: Findings) {
        self.transaction = transaction
        self.world = world
        self.findings = findings
    }

    mutating func note(_ change: DecodedChange, isApplied: Bool) {
        greatestUnplaced = max(greatestUnplaced, change.header.stamp)
        if change.dot.feed == world.ownFeed { leastUnplaced = change.header.stamp }
        guard change.placement != nil else { return }
        greatestEffective = max(greatestEffective, change.effective)
        if isApplied, change.operations != nil, change.placement?.verdict == .ok {
            leastEffective = max(leastEffective, change.effective)
        }
    }

    func finish() throws {
        let clock: HybridLogicalClock
        do { clock = try transaction.clock() } catch let error as CodecError {
            return findings.add(.setting, "setting", SettingKey.clock.rawValue, error.description)
        }
        // Bounds that damaged changes would have set are not known.
        guard world.suspects.isEmpty, !world.isIncomplete else { return }
        if clock.greatestEffective < leastEffective || clock.greatestEffective > greatestEffective {
            findings.add(
                .setting, "setting", SettingKey.clock.rawValue, "it is not where the changes with a place have moved it"
            )
        } else if clock.greatestUnplaced < leastUnplaced
            || max(clock.greatestUnplaced, clock.lastIssued) > greatestUnplaced
        {
            findings.add(
                .setting, "setting", SettingKey.clock.rawValue, "it is not where the changes made here have moved it")
        }
    }
}
