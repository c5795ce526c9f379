/// Where entries are missing in the order of a scope, and rows that lie where none may be: a row whose key is damaged
/// is both, and is named once.
final class OrderGaps {
    private struct Gap {
        let scope: Int64
        let first: UInt64
        let count: UInt64
    }

    private let world: AuditedWorld
    private let findings: Findings
    private var gaps: [Gap] = []
    /// How many entries rows have that were found elsewhere.
    private var strangers: [UInt64] = []

    init(world: AuditedWorld, findings: Findings) {
        self.world = world
        self.findings = findings
    }

    func miss(_ positions: ClosedRange<UInt64>, of scope: Int64) {
        gaps.append(
            Gap(scope: scope, first: positions.lowerBound, count: positions.upperBound - positions.lowerBound + 1))
        world.loosen()
    }

    func find(stranger count: UInt64) {
        strangers.append(count)
        world.loosen()
    }

    func finish() {
        for gap in gaps {
            if let index = strangers.firstIndex(of: gap.count) {
                strangers.remove(at: index)
            } else if world.unplacedSegments > 0 {
                world.unplacedSegments -= 1
                world.lose(nil)
            } else {
                findings.add(
                    .history, "segment", "\(gap.scope):\(gap.first)", "\(gap.count) entries are missing from here on")
                world.lose(nil)
            }
        }
    }
}
