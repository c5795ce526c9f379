import Causality
import Changes
import Compression
import HTTPTypes
import Hummingbird
import Logging
import Replication
import SyncHTTP

extension HubServer {
    // MARK: - Joining

    /// Joins the chain of the path, or the one that knows the code.
    func join(
        _ request: Request, _ context: HubRequestContext, _ named: ChainService? = nil
    ) async throws -> Response {
        try checkMedia(request)
        let wish = try message(
            try await body(request, limit: .smallRequestBytes), of: request, limit: .smallRequestBytes
        ) { bytes throws(CodecError) in try JoinRequest(bytes) }
        let replica = wish.publicKey.replica
        guard let service = try await named.asyncOr({ try await chain(knowing: wish.code) }) else {
            throw HubFault.refused(
                .codeUnknown, "this is no code of any chain; look for a slip, or ask for a new one", replica: replica)
        }
        let joined = try await service.host.run { chain in
            (response: try chain.join(wish), common: chain.info.common.scope)
        }
        context.logger.info(
            "joined",
            metadata: [
                "chain": "\(service.chain)", "replica": "\(replica)", "home": "\(joined.response.certificate.home)",
            ])
        service.wakeUps.grown([joined.common])
        return Response(HubAnswer(contentType: SyncMedia.message, body: joined.response.encoded()))
    }

    private func chain(knowing code: Text) async throws -> ChainService? {
        guard let code = EnrolmentCode(typed: code.string) else { return nil }
        for service in try registry.all() where try await service.host.run({ try $0.knows(code) }) { return service }
        return nil
    }

    // MARK: - Sessions

    func openSession(
        _ request: Request, _ context: HubRequestContext, _ service: ChainService
    ) async throws -> Response {
        try checkMedia(request)
        let wish = try message(
            try await body(request, limit: .smallRequestBytes), of: request, limit: .smallRequestBytes
        ) { bytes throws(CodecError) in try SessionRequest(bytes) }
        let (certificate, hubKey) = try await service.host.run { (try $0.certificate(of: wish.replica), $0.hubKey) }
        guard let certificate else {
            throw HubFault.refused(
                .unknownReplica,
                "this machine does not belong to the chain; join it anew with a code, into another file",
                replica: wish.replica
            )
        }
        let now = environment.now()
        let opened: (session: SessionID, share: AgreementShare?)
        do { opened = try service.sessions.open(for: certificate, share: wish.share) } catch {
            throw HubFault(.malformed, "the share of a session's key is none")
        }
        let answer = SessionResponse(
            session: opened.session, hubTime: now, expires: now + service.sessions.lifetime.milliseconds,
            hubKey: hubKey, share: opened.share)
        return Response(HubAnswer(contentType: SyncMedia.message, body: answer.encoded()))
    }

    /// The proof that a request carries; its session is open.
    ///
    /// - Throws: `.unsigned` or `.sessionUnknown`.
    func proof(_ request: Request, _ service: ChainService) throws -> RequestProof {
        guard let value = request.headers[.authorization], let proof = RequestProof(headerValue: value) else {
            throw HubFault.refused(.unsigned, "the request carries no signature of a machine")
        }
        _ = try service.sessions.replica(of: proof.session)
        return proof
    }

    func content(_ request: Request, _ body: [UInt8]) -> SignedContent {
        SignedContent(method: request.method.rawValue, target: target(request), body: body)
    }

    // MARK: - Synchronising

    func sync(_ request: Request, _ context: HubRequestContext, _ service: ChainService) async throws -> Response {
        try checkMedia(request)
        let proof = try proof(request, service)
        let answer = try await admission.admit(proof.session) {
            let bytes = try await body(request, limit: .syncRequestBytes)
            return try await service.sessions.answer(proof, content(request, bytes)) { replica in
                try await exchange(bytes, request, from: replica, in: proof.session, context, service)
            }
        }
        return Response(answer)
    }

    private func exchange(
        _ bytes: [UInt8], _ request: Request, from replica: ReplicaID, in session: SessionID,
        _ context: HubRequestContext, _ service: ChainService
    ) async throws -> HubAnswer {
        let wish = try message(bytes, of: request, limit: .decodedSyncRequestBytes) { bytes throws(CodecError) in
            try SyncRequest(bytes)
        }
        let exchange = try await take(
            wish, from: replica, by: try service.sessions.publicKey(of: session), service)
        let outcome = exchange.outcome
        if outcome.placed > 0 { failpoint.passAfterCommit() }
        service.wakeUps.grown(outcome.grown, by: replica)
        service.greetings.note(
            exchange.greetings.map { ($0.scope, $0.position) }, of: replica, at: outcome.response.hubTime)
        let refusals = outcome.response.answers.compactMap { answer -> (scope: ScopeID, code: Refusal.Code)? in
            if case .refused(let refusal) = answer.outcome { (answer.scope, refusal.code) } else { nil }
        }
        metrics.exchange(placed: outcome.placed, refused: refusals.map { "\($0.code)" })
        let foreign = refusals.filter { $0.code == .noGrant }.map(\.scope)
        if !foreign.isEmpty {
            audit.refused(
                "\(Refusal.Code.noGrant)", route: context.endpointPath ?? "none", chain: service.chain,
                replica: replica, session: session, scopes: foreign, peer: context.peer)
        }
        return answer(
            outcome.response.encoded(), type: SyncMedia.message, isZstdTaken: takesZstd(request))
    }
}

extension HubServer {
    /// A request of fewer changes is taken with many others.
    private static var fewChanges: Int { 512 }
    /// Memory for what of a request is taken apart beforehand and kept until it is taken.
    private static var unpackedBytesOfFew: Int { 1 << 20 }
    private static var unpackedBytesOfMany: Int { 16 << 20 }

    /// Checks a request's signatures and takes its columns apart, beside the others' transactions, and has it answered.
    private func take(
        _ wish: SyncRequest, from replica: ReplicaID, by key: PublicKey, _ service: ChainService
    ) async throws -> HubChain<Source.Store>.Exchange {
        let changes = wish.pushes.reduce(0) { $0 + $1.changeCount }
        if changes < HubServer.fewChanges {
            var checked = CheckedRequest(of: wish, by: key)
            checked.unpack(wish, limit: HubServer.unpackedBytesOfFew)
            return try await service.host.exchange(HubChain.Wish(wish, from: replica, checked: checked))
        }
        return try await largeRequests.take {
            var checked = CheckedRequest(of: wish, by: key)
            checked.unpack(wish, limit: HubServer.unpackedBytesOfMany)
            return try await service.host.exchange(HubChain.Wish(wish, from: replica, checked: checked))
        }
    }
}

extension Optional where Wrapped: Sendable {
    /// What is there, or what `body` finds.
    fileprivate func asyncOr(_ body: () async throws -> Wrapped?) async rethrows -> Wrapped? {
        if let self { return self }
        return try await body()
    }
}
