import Causality
import Changes
import HubService
import SQLiteStore
import SyncHTTP

/// On a data folder, beside whoever serves it.
struct LocalAdministration: Administration {
    private let host: ChainHost<SQLiteStore>

    init(_ folder: HubFolder<SQLiteStore>, chain wish: String?) throws {
        var reports: [ChainReport] = []
        for chain in try folder.chains() {
            reports.append(
                ChainReport(chain: chain.description, name: try folder.open(chain).info.name.string))
        }
        let chain = try ChainChoice.chain(wish, of: reports, in: folder.path)
        host = ChainHost(chain) { try folder.open(chain) }
    }

    func addBranch(_ name: String, isHeadquarters: Bool) async throws -> CodeReport {
        CodeReport(try await host.run { try $0.addBranch(name, isHeadquarters: isHeadquarters) })
    }

    func newCode(branch: String) async throws -> CodeReport {
        CodeReport(try await host.run { try $0.newCode(branch: branch) })
    }

    func branches() async throws -> [BranchReport] { try await host.run { try $0.branches() } }

    func caseReport() async throws -> [CaseReport] {
        try await host.fold()
        return try await host.run { try $0.caseReport() }
    }
}
