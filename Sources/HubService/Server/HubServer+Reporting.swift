import Causality
import Changes
import Compression
import Foundation
import HTTPTypes
import Hummingbird
import Replication
import SyncHTTP

extension HubServer {
    /// Who asks for a report: a machine with what its certificate lets it read, or the administrator.
    private enum Asker {
        case machine(RequestProof)
        case administrator
    }

    // MARK: - For machines and the administrator

    func standing(_ request: Request, _ context: HubRequestContext, _ service: ChainService) async throws -> Response {
        let asker = try await asker(request, service)
        let scope = try identifier("scope", request) as ScopeID?
        let after = try identifier("after", request) as RecordID?
        return try await report(request, asker, service) { readable in
            // Step by step first, so that exchanges get their turn; the report folds the little that is left.
            try await service.host.fold()
            return try await service.host.run { chain in
                try HubServer.encoded(try chain.standing(records: scope, after: after, readable: readable))
            }
        }
    }

    func trace(_ request: Request, _ context: HubRequestContext, _ service: ChainService) async throws -> Response {
        let asker = try await asker(request, service)
        guard let dot = context.parameters.get("dot").flatMap({ Dot($0) }) else {
            throw HubFault(.notFound, "a change is named by its feed and sequence: <32 hex>:<number>")
        }
        return try await report(request, asker, service) { readable in
            try await service.host.run { chain in
                try HubServer.encoded(
                    try chain.trace(dot, readable: readable, receivers: service.greetings.receivers))
            }
        }
    }

    private func asker(_ request: Request, _ service: ChainService) async throws -> Asker {
        if request.headers[.authorization]?.hasPrefix(HubServer.bearer) == true {
            try await checkAdministrator(request, service)
            return .administrator
        }
        return .machine(try proof(request, service))
    }

    private func report(
        _ request: Request, _ asker: Asker, _ service: ChainService,
        _ make: @escaping @Sendable (@escaping @Sendable (ScopeID) -> Bool) async throws -> [UInt8]
    ) async throws -> Response {
        let isZstdTaken = takesZstd(request)
        switch asker {
        case .administrator:
            return Response(answer(try await make { _ in true }, type: SyncMedia.json, isZstdTaken: isZstdTaken))
        case .machine(let proof):
            return Response(
                try await service.sessions.answer(proof, content(request, [])) { replica in
                    let certificate = try await certificate(of: replica, service)
                    let bytes = try await make { certificate.rights(in: $0).contains(.read) }
                    return answer(bytes, type: SyncMedia.json, isZstdTaken: isZstdTaken)
                })
        }
    }

    /// - Throws: `.unknownReplica` where it is not certified any more.
    func certificate(of replica: ReplicaID, _ service: ChainService) async throws -> Certificate {
        guard let certificate = try await service.host.run({ try $0.certificate(of: replica) }) else {
            throw HubFault.refused(
                .unknownReplica, "this machine does not belong to the chain (any more)", replica: replica)
        }
        return certificate
    }

    private static func encoded(_ report: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return [UInt8](try encoder.encode(report))
    }

    /// - Throws: `.malformed` for a value that is no identifier.
    private func identifier<Kind>(_ name: String, _ request: Request) throws -> Identifier128<Kind>? {
        guard let text = request.uri.queryParameters.get(name) else { return nil }
        guard let identifier = Identifier128<Kind>(hexadecimal: text) else {
            throw HubFault(.malformed, "\(name) must be 32 hexadecimal digits")
        }
        return identifier
    }

    // MARK: - For the administrator

    private static var bearer: String { "Bearer " }

    /// - Throws: `.notAdministrator`.
    private func checkAdministrator(_ request: Request, _ service: ChainService) async throws {
        let token = HubServer.token(request)
        guard let token, try await service.host.run({ $0.isAdministrator(token) }) else {
            throw HubFault.refused(.notAdministrator, "the administrator's token of this chain is needed")
        }
    }

    private static func token(_ request: Request) -> String? {
        guard let value = request.headers[.authorization], value.hasPrefix(bearer) else { return nil }
        return String(value.dropFirst(bearer.count))
    }

    /// The chains that the token opens: none, for a stranger.
    func chains(_ request: Request, _ context: HubRequestContext) async throws -> Response {
        guard let token = HubServer.token(request) else {
            throw HubFault.refused(.notAdministrator, "an administrator's token is needed")
        }
        var reports: [ChainReport] = []
        for service in try registry.all() {
            let info = try await service.host.run { $0.isAdministrator(token) ? $0.info : nil }
            if let info { reports.append(ChainReport(chain: info.chain.description, name: info.name.string)) }
        }
        guard !reports.isEmpty else {
            throw HubFault.refused(.notAdministrator, "the token opens no chain of this hub")
        }
        return try .json(reports)
    }

    func addBranch(_ request: Request, _ context: HubRequestContext, _ service: ChainService) async throws -> Response {
        try await checkAdministrator(request, service)
        let wish = try await json(BranchWish.self, request)
        let added = try await service.host.run { chain in
            (
                code: try chain.addBranch(wish.name, isHeadquarters: wish.headquarters ?? false),
                common: chain.info.common.scope
            )
        }
        service.wakeUps.grown([added.common])
        return try .json(CodeReport(added.code))
    }

    func newCode(_ request: Request, _ context: HubRequestContext, _ service: ChainService) async throws -> Response {
        try await checkAdministrator(request, service)
        guard let branch = context.parameters.get("branch").flatMap({ percentDecoded($0) }) else {
            throw HubFault(.unknownBranch, "the path names no branch")
        }
        return try .json(CodeReport(try await service.host.run { try $0.newCode(branch: branch) }))
    }

    func branches(_ request: Request, _ context: HubRequestContext, _ service: ChainService) async throws -> Response {
        try await checkAdministrator(request, service)
        return try .json(try await service.host.run { try $0.branches() })
    }

    func caseReport(_ request: Request, _ context: HubRequestContext, _ service: ChainService) async throws -> Response
    {
        try await checkAdministrator(request, service)
        try await service.host.fold()
        return try .json(try await service.host.run { try $0.caseReport() })
    }
}

extension CodeReport {
    /// As commands and the interface show it.
    package init(_ code: NewCode) {
        let date = Date(timeIntervalSince1970: Double(code.expires / 1_000))
        self.init(branch: code.branch, code: code.code.text, expires: date.formatted(.iso8601))
    }
}
