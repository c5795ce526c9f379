import SQLiteStore

/// The log from its rows: segments of each scope in order, then runs, and what hangs on the changes in them. Reads
/// each body once and notes its changes for what is checked after.
final class LogAudit {
    let transaction: SQLiteTransaction
    let world: AuditedWorld
    let findings: Findings
    let changes: ChangeAudit
    let runs: RunAudit
    let stretches: StretchAudit
    let gaps: OrderGaps

    init(transaction: SQLiteTransaction, world: AuditedWorld, findings: Findings) {
        self.transaction = transaction
        self.world = world
        self.findings = findings
        changes = ChangeAudit(transaction: transaction, world: world, findings: findings)
        runs = RunAudit(transaction: transaction, world: world, findings: findings, changes: changes)
        stretches = StretchAudit(transaction: transaction, world: world, findings: findings)
        gaps = OrderGaps(world: world, findings: findings)
    }

    func run() throws {
        for (rid, scope) in world.scopes.sorted(by: { $0.key < $1.key }) {
            try SegmentAudit(rid, scope, self).run()
        }
        try runs.run()
        gaps.finish()
        try stretches.finish()
        try VerdictAudit(transaction: transaction, world: world, findings: findings).run()
        try changes.finish()
        FeedAudit(transaction: transaction, world: world, findings: findings).run()
        try findings.section("setting") {
            var clock = ClockAudit(transaction: transaction, world: world, findings: findings)
            try clock.run()
        }
    }
}
