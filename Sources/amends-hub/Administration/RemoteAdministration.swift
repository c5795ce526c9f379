import Changes
import SyncHTTP

/// Over HTTP, with the administrator's token.
struct RemoteAdministration: Administration {
    private let administrator: HubAdministrator
    private let chain: ChainID

    init(_ administrator: HubAdministrator, chain wish: String?) async throws {
        self.administrator = administrator
        chain = try ChainChoice.chain(wish, of: try await administrator.chains(), in: "the hub")
    }

    func addBranch(_ name: String, isHeadquarters: Bool) async throws -> CodeReport {
        try await administrator.addBranch(BranchWish(name: name, headquarters: isHeadquarters), of: chain)
    }

    func newCode(branch: String) async throws -> CodeReport {
        try await administrator.newCode(branch: branch, of: chain)
    }

    func branches() async throws -> [BranchReport] { try await administrator.branches(of: chain) }
    func caseReport() async throws -> [CaseReport] { try await administrator.caseReport(of: chain) }
}
