import Causality
import Changes
import HubService
import SQLiteStore
import SyncHTTP

/// On a data folder, beside whoever serves it.
struct LocalAdministration: Administration {
    private let host: ChainHost<SQLiteStore>

    init(_ folder: HubFolder<SQLiteStore>, chain wish: String?) throws {
        let chains = try folder.chains()
        let chain: ChainID
        if chains.count == 1, wish == nil {
            chain = chains[0]
        } else if let named = wish.flatMap({ ChainID(hexadecimal: $0) }), chains.contains(named) {
            chain = named
        } else {
            let reports = try chains.map {
                ChainReport(chain: $0.description, name: try folder.open($0).info.name.string)
            }
            chain = try ChainChoice.chain(wish, of: reports, in: folder.path)
        }
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
