import BranchService
import Causality
import Changes
import Replication
import ServiceRecovery

/// Makes cases as a branch would over years: most are closed, some are under way, a few are new.
struct CaseMaker {
    private let replica: Replica
    private let author: Author
    /// When the first is noticed, milliseconds since 1970.
    private let start: Int64

    /// Cases of one commit.
    static let casesPerCommit = 500
    private static let minutesBetween: Int64 = 4

    init(_ replica: Replica) throws {
        self.replica = replica
        author = try Author(person: "p-bench", zoneMinutes: 420)
        start = replica.now() - CaseMaker.minutesBetween * 60_000 * 1_000_000
    }

    /// Opens the cases of these numbers, with one or two steps each.
    func make(_ numbers: Range<Int>) throws {
        for first in stride(from: numbers.lowerBound, to: numbers.upperBound, by: CaseMaker.casesPerCommit) {
            try replica.write { pen in
                for number in first..<min(first + CaseMaker.casesPerCommit, numbers.upperBound) {
                    try make(number, pen)
                }
            }
        }
    }

    private func make(_ number: Int, _ pen: Replica.Pen) throws {
        var random = SeededGenerator(seed: UInt64(number))
        func draw(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
        let at = start + Int64(number) * CaseMaker.minutesBetween * 60_000 + Int64(draw(60_000))
        let opened = try pen.commit(
            CaseDrafts.open(
                NewCase(
                    title: Text("Case \(number): table \(draw(40)), dish \(draw(200))"),
                    category: Text("category-\(draw(12))"),
                    severity: CaseSeverity.allCases[draw(CaseSeverity.allCases.count)],
                    assignee: draw(3) == 0 ? Text("person-\(draw(30))") : nil, team: Text("team-\(draw(8))"),
                    tags: draw(4) == 0 ? [Text("tag-\(draw(50))")] : [], number: try pen.nextCaseNumber().text,
                    at: Moment(milliseconds: at, zoneMinutes: 420)), by: author))
        let kinds: [StepKind] = [.closed, .closed, .closed, .closed, .acknowledged, .agreed, .fixed, .withdrawn]
        guard draw(10) > 0, let origin = CaseMaker.origin(of: opened) else { return }
        let later = Moment(milliseconds: at + Int64(draw(86_400_000)), zoneMinutes: 420)
        try pen.commit(
            CaseDrafts.step(NewStep(kinds[draw(kinds.count)], at: later), of: origin, by: author))
    }

    /// The one record that a change has made, as later changes name it.
    private static func origin(of change: StoredChange) -> RecordOrigin? {
        RecordOrigin.here(index: 0).seen(from: change.hash.short)
    }
}
