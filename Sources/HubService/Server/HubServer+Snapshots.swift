import Causality
import Changes
import Hummingbird
import Replication
import SyncHTTP

extension HubServer {
    /// The manifest of a scope's snapshot. While one is made the asker waits, for a while.
    func snapshot(_ request: Request, _ context: HubRequestContext, _ service: ChainService) async throws -> Response {
        try await snapshotAnswer(request, context, service) { scope in
            let (leastEntries, chunkBytes) = (configuration.snapshotEntries, configuration.snapshotChunkBytes)
            let making = Task {
                try await service.snapshots.manifest(of: scope, leastEntries: leastEntries, chunkBytes: chunkBytes)
            }
            let manifest: SnapshotManifest?
            do {
                manifest = try await withTimeout(configuration.snapshotWait) { try await making.value }
            } catch is TimeoutError {
                // It is made all the same, for whoever comes back.
                var fault = HubFault(.unavailable, "the snapshot is being made; come back in a moment")
                fault.retryAfter = .seconds(5)
                throw fault
            }
            guard let manifest else {
                throw HubFault(.noSnapshot, "the scope has no snapshot; its order is short enough to be taken whole")
            }
            return manifest.encoded()
        }
    }

    /// A chunk, or the personal parts that belong to one.
    func snapshotPiece(
        _ request: Request, _ context: HubRequestContext, _ service: ChainService
    ) async throws -> Response {
        guard let id = context.parameters.get("id").flatMap({ ShortHash(hexadecimal: $0) }),
            let number = context.parameters.get("number").flatMap({ Int($0) }), number >= 0,
            let kind = context.parameters.get("kind")
        else { throw HubFault(.notFound, "a piece of a snapshot is named by its id, its kind and its number") }
        return try await snapshotAnswer(request, context, service) { scope in
            let bytes: [UInt8]?
            switch kind {
            case "chunks": bytes = service.snapshots.chunk(number, of: id, scope: scope)
            case "parts": bytes = try await service.snapshots.parts(number, of: id, scope: scope)
            default: throw HubFault(.notFound, "a snapshot consists of chunks and parts")
            }
            guard let bytes else {
                throw HubFault(.snapshotGone, "this snapshot is not kept any more; ask for another one")
            }
            return bytes
        }
    }

    /// The changes that touch a record, for a machine that began with a snapshot.
    func recordHistory(
        _ request: Request, _ context: HubRequestContext, _ service: ChainService
    ) async throws -> Response {
        guard let record = context.parameters.get("record").flatMap({ RecordID(hexadecimal: $0) }) else {
            throw HubFault(.notFound, "a record is named by 32 hexadecimal digits")
        }
        return try await snapshotAnswer(request, context, service, compresses: true) { scope in
            try await service.host.run { chain in
                try chain.store.read { try $0.history(of: record, scope: scope).encoded() }
            }
        }
    }

    /// Answers a machine that may read the scope. Chunks are compressed by themselves.
    private func snapshotAnswer(
        _ request: Request, _ context: HubRequestContext, _ service: ChainService, compresses: Bool = false,
        _ make: @escaping @Sendable (ScopeID) async throws -> [UInt8]
    ) async throws -> Response {
        guard let scope = context.parameters.get("scope").flatMap({ ScopeID(hexadecimal: $0) }) else {
            throw HubFault(.notFound, "a scope is named by 32 hexadecimal digits")
        }
        let proof = try proof(request, service)
        let isZstdTaken = compresses && takesZstd(request)
        return Response(
            try await service.sessions.answer(proof, content(request, [])) { replica in
                guard try await certificate(of: replica, service).rights(in: scope).contains(.read) else {
                    throw HubFault.refused(
                        .notFound, "there is no such scope for this machine", replica: replica,
                        session: proof.session)
                }
                return answer(try await make(scope), type: SyncMedia.message, isZstdTaken: isZstdTaken)
            })
    }
}
