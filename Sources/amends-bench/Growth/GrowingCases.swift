import BranchService
import Changes
import Foundation
import SQLiteStore
import ServiceRecovery

/// A branch's replica whose cases become more from size to size.
struct GrowingCases {
    private let workspace: Workspace
    private let counts: [Int]
    private let scales: [Int]
    private let rounds: Int

    init(_ workspace: Workspace, counts: [Int], scales: [Int], rounds: Int) {
        self.workspace = workspace
        self.counts = counts
        self.scales = scales
        self.rounds = rounds
    }

    func measure() throws -> [GrowthCost] {
        var page = GrowthCost(
            name: "page", work: "a page of the list of cases", unit: .microseconds, greatestRatio: 1.5)
        var find = GrowthCost(
            name: "find", work: "find a case by its number", unit: .microseconds, greatestRatio: 1.5)
        let path = workspace.path("cases.sqlite")
        let replica = try Replica.create(path: path, name: "growth")
        let maker = try CaseMaker(replica)
        var made = 0
        for (scale, count) in zip(scales, counts) {
            try replica.store.withDeferredDurability { try maker.make(made..<count) }
            made = count
            var pages: [Double] = []
            var finds: [Double] = []
            for round in 0..<rounds {
                var rows: [CaseRow] = []
                pages.append(
                    try seconds { rows = try replica.store.read { try $0.cases(CaseFilter(limit: 50)) } } * 1e6)
                guard let number = rows[round % rows.count].number else { throw BenchError("a case has no number") }
                var found = 0
                finds.append(
                    try seconds { found = try replica.store.read { try $0.cases(named: number).count } } * 1e6)
                try require(found == 1, "a case is not found by its number")
            }
            page.values.append((scale, Spread(pages).least))
            find.values.append((scale, Spread(finds).least))
        }
        try replica.close()
        return [page, find]
    }
}
