import TypeLaws

extension Claim {
    static let typeLaws = Claim(
        "type-laws", "Every replicated type keeps its laws and its definition, exhaustively and on random histories."
    ) { effort, figures in
        let reports = LawSuite.runAll(
            seed: effort.seed, histories: effort.choose(1_000, full: 10_000), full: effort.isFull)
        figures.rounds = reports.reduce(0) { $0 + $1.cases }
        figures.note("types", ReplicatedKind.allCases.count)
        figures.note("comparisons", reports.reduce(0) { $0 + $1.comparisons })
        for report in reports where !report.holds { throw ClaimBroken(report.description) }
    }
}
