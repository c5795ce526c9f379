import Changes
import Foundation

/// The administrator's way to a hub that runs elsewhere: branches, codes, reports.
package struct HubAdministrator: Sendable {
    private let token: String
    private let transport: any HubTransport
    private let timeout: Duration

    package init(token: String, over transport: any HubTransport, timeout: Duration = .seconds(120)) {
        self.token = token
        self.transport = transport
        self.timeout = timeout
    }

    /// The chains that the token opens.
    package func chains() async throws -> [ChainReport] { try await get(.chains) }

    package func addBranch(_ wish: BranchWish, of chain: ChainID) async throws -> CodeReport {
        try await send("POST", .chain(chain, .branches), body: [UInt8](try JSONEncoder().encode(wish)))
    }

    package func newCode(branch: String, of chain: ChainID) async throws -> CodeReport {
        try await send("POST", .chain(chain, .codes(branch: branch)))
    }

    package func branches(of chain: ChainID) async throws -> [BranchReport] { try await get(.chain(chain, .branches)) }

    package func caseReport(of chain: ChainID) async throws -> [CaseReport] {
        try await get(.chain(chain, .caseReport))
    }

    private func get<Report: Decodable>(_ route: SyncRoute) async throws -> Report { try await send("GET", route) }

    private func send<Report: Decodable>(
        _ method: String, _ route: SyncRoute, body: [UInt8] = []
    ) async throws -> Report {
        let response = try await transport.send(
            HubRequest(
                method: method, target: route.target,
                headers: [
                    HubRequest.Header("Authorization", "Bearer \(token)"),
                    HubRequest.Header("Content-Type", SyncMedia.json),
                ], body: body),
            limit: .reportBytes, timeout: timeout)
        return try HubClient.json(Report.self, response)
    }
}
