import SyncHTTP

/// What an administrator does with a chain, wherever its hub is.
protocol Administration: Sendable {
    func addBranch(_ name: String, isHeadquarters: Bool) async throws -> CodeReport
    func newCode(branch: String) async throws -> CodeReport
    func branches() async throws -> [BranchReport]
    func caseReport() async throws -> [CaseReport]
}
