import Causality
import Changes
import Compression
import Foundation
import Replication

/// A replica's way to its hub.
///
/// Opens a session when one is needed and again when the hub has forgotten it. Signed requests go one after another,
/// because their counters must arrive in order. A request that got no answer and is sent again unchanged keeps its
/// counter, so that the hub gives the answer that it had given. Waiting between attempts is the caller's: see
/// `HubClientError.Recovery` and `RetrySchedule`.
package actor HubClient {
    private let chain: ChainID
    private let hubKey: PublicKey
    private let identity: ReplicaIdentity
    private let transport: any HubTransport
    private let random: @Sendable (Int) -> [UInt8]
    let timeouts: HubTimeouts
    private let gate = AsyncGate()
    private var session: Session?

    private struct Session {
        let id: SessionID
        /// Nil where the hub sent no half of a key.
        let agreement: SessionAgreement?
        /// Whether the hub has answered a request that was signed: from then on the agreement proves the others. A stream
        /// that begins is no such answer, nor is a page for people: anybody on the way gives these.
        var isAgreed = false
        var counter: UInt64 = 0
        /// Sent under `counter`, and not answered.
        var unanswered: SignedContent?
    }

    /// - Parameters:
    ///   - hubKey: the key that was pinned when this machine joined.
    ///   - random: that many random bytes.
    package init(
        chain: ChainID, hubKey: PublicKey, identity: ReplicaIdentity, transport: any HubTransport,
        timeouts: HubTimeouts = HubTimeouts(), random: @escaping @Sendable (Int) -> [UInt8] = systemRandom
    ) {
        self.chain = chain
        self.hubKey = hubKey
        self.identity = identity
        self.transport = transport
        self.timeouts = timeouts
        self.random = random
    }

    // MARK: - Joining

    /// Joins a chain. Safe to send again: the same key and code get the same certificate.
    ///
    /// - Parameter chain: nil lets the hub find the chain by the code.
    package static func join(
        _ request: JoinRequest, chain: ChainID?, over transport: any HubTransport, timeout: Duration = .seconds(30)
    ) async throws -> JoinResponse {
        let route: SyncRoute = chain.map { .chain($0, .join) } ?? .join
        let response = try await transport.send(
            HubRequest(
                method: "POST", target: route.target, headers: HubClient.messageHeaders(isCompressed: false),
                body: request.encoded()),
            limit: .smallResponseBytes, timeout: timeout)
        let answer = try HubClient.decoded(
            try HubClient.message(response, limit: .smallResponseBytes)
        ) { bytes throws(CodecError) in
            try JoinResponse(bytes)
        }
        let certificate = answer.certificate
        do { try certificate.verify(answer.hubKey) } catch {
            throw HubClientError(.malformedResponse, .refuse, "the hub's certificate is not signed with the hub's key")
        }
        guard certificate.publicKey == request.publicKey, certificate.chain == answer.chain,
            chain == nil || chain == answer.chain
        else {
            throw HubClientError(.malformedResponse, .refuse, "the hub's certificate is for another machine or chain")
        }
        return answer
    }

    // MARK: - Asking

    /// One exchange.
    package func sync(_ request: SyncRequest) async throws -> SyncResponse {
        let bytes = request.encoded()
        let isCompressed = bytes.count >= SyncMedia.leastCompressedBytes
        let response = try await send(
            "POST", .sync, headers: HubClient.messageHeaders(isCompressed: isCompressed),
            body: isCompressed ? Zstd.compress(bytes) : bytes, limit: .syncResponseBytes, timeout: timeouts.sync)
        return try HubClient.decoded(
            try HubClient.message(response, limit: .decodedSyncResponseBytes)
        ) { bytes throws(CodecError) in
            try SyncResponse(bytes)
        }
    }

    /// Where the hub stands in the scopes that this replica may read.
    ///
    /// - Parameter scope: whose records' digests to list as well, all of them: page after page is fetched.
    package func standing(recordsOf scope: ScopeID? = nil) async throws -> StandingReport {
        var report: StandingReport?
        var after: RecordID?
        repeat {
            let response = try await send(
                "GET", .standing(records: scope, after: after), headers: [.init("Accept-Encoding", SyncMedia.zstd)],
                limit: .reportBytes, timeout: timeouts.sync)
            let page = try HubClient.json(StandingReport.self, response)
            report = StandingReport(scopes: page.scopes, records: (report?.records ?? []) + (page.records ?? []))
            let next = page.next.flatMap { RecordID(hexadecimal: $0) }
            if let next, let after, next <= after {
                throw HubClientError(.malformedResponse, .refuse, "the hub's list of records does not move on")
            }
            after = next
        } while after != nil
        guard var report else { preconditionFailure("no page was fetched") }
        if scope == nil { report.records = nil }
        return report
    }

    /// What the hub knows of a change.
    package func trace(_ change: Dot) async throws -> ChangeReport {
        try HubClient.json(
            ChangeReport.self,
            try await send("GET", .change(change), limit: .reportBytes, timeout: timeouts.sync))
    }

    /// The hub's hints, until the connection ends; the caller opens the next one, with its own patience.
    package func events() async throws -> AsyncThrowingStream<HubEvent, any Error> {
        let (head, body) = try await gate.pass { try await openEvents() }
        guard SyncMedia.matches(head.header("content-type"), SyncMedia.events) else {
            throw HubClientError(head, problem: nil)
        }
        // Hints that nobody has time to hear are dropped, the oldest first.
        return AsyncThrowingStream(bufferingPolicy: .bufferingNewest(16)) { continuation in
            let task = Task {
                do {
                    var reader = ServerSentEventReader()
                    for try await bytes in body {
                        for event in try reader.read(bytes).compactMap(HubEvent.init) { continuation.yield(event) }
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    // MARK: - Sending

    func send(
        _ method: String, _ route: SyncRoute.ChainRoute, headers: [HubRequest.Header] = [], body: [UInt8] = [],
        limit: Limit, timeout: Duration
    ) async throws -> HubResponse {
        var request = HubRequest(
            method: method, target: SyncRoute.chain(chain, route).target, headers: headers, body: body)
        return try await gate.pass {
            for isFirst in [true, false] {
                let (proof, content) = try await prove(request)
                request.headers = headers + [HubRequest.Header("Authorization", proof.headerValue)]
                let response = try await transport.send(request, limit: limit, timeout: timeout)
                if try isAnswer(response, to: content, isFirst: isFirst) {
                    let type = response.header("content-type")
                    if SyncMedia.matches(type, SyncMedia.message) || SyncMedia.matches(type, SyncMedia.json) {
                        session?.isAgreed = true
                    }
                    return response
                }
            }
            preconditionFailure("the second answer is taken or thrown")
        }
    }

    private func openEvents() async throws -> (
        head: HubResponse, body: any AsyncSequence<[UInt8], any Error> & Sendable
    ) {
        for isFirst in [true, false] {
            var request = HubRequest(method: "GET", target: SyncRoute.chain(chain, .events).target)
            let (proof, content) = try await prove(request)
            request.headers = [
                HubRequest.Header("Authorization", proof.headerValue),
                HubRequest.Header("Accept", SyncMedia.events),
            ]
            // The hub opens a stream once: another attempt is another request.
            session?.unanswered = nil
            var (head, body) = try await transport.stream(request, timeout: timeouts.sync)
            if head.status != 200 {
                for try await bytes in body {
                    head.body += bytes
                    if head.body.count > Limit.smallResponseBytes.value { break }
                }
            }
            if try isAnswer(head, to: content, isFirst: isFirst) { return (head, body) }
        }
        preconditionFailure("the second answer is taken or thrown")
    }

    /// Proves a request with the next counter, or with the one under which it went unanswered.
    private func prove(_ request: HubRequest) async throws -> (RequestProof, SignedContent) {
        let content = SignedContent(method: request.method, target: request.target, body: request.body)
        var session = try await openSession()
        if session.unanswered != content { session.counter += 1 }
        session.unanswered = content
        self.session = session
        if session.isAgreed, let agreement = session.agreement {
            let proof = RequestProof(
                session: session.id, counter: session.counter, content: content, agreement: agreement)
            return (proof, content)
        }
        let proof = RequestProof(
            session: session.id, counter: session.counter, content: content, key: identity.key,
            agreement: session.agreement)
        return (proof, content)
    }

    /// - Returns: whether to take it; no means to send again in a new session.
    private func isAnswer(_ response: HubResponse, to content: SignedContent, isFirst: Bool) throws -> Bool {
        if response.status == 200 {
            session?.unanswered = nil
            return true
        }
        let error = HubClientError(response, problem: HubClient.problem(response))
        switch error.code {
        case .hub(.sessionUnknown), .hub(.staleCounter):
            session = nil
            if isFirst { return false }
        case .hub(.badSignature):
            // Who answered the signed request was not the hub, or a share was damaged on the way.
            let mayBeOurs = session?.agreement == nil
            session = nil
            if isFirst, !mayBeOurs { return false }
        default: break
        }
        throw error
    }

    private func openSession() async throws -> Session {
        if let session { return session }
        let key = AgreementKey(seed: random(AgreementKey.seedBytes))
        let response = try await transport.send(
            HubRequest(
                method: "POST", target: SyncRoute.chain(chain, .sessions).target,
                headers: HubClient.messageHeaders(isCompressed: false),
                body: SessionRequest(replica: identity.replica, share: key.share).encoded()),
            limit: .smallResponseBytes, timeout: timeouts.session)
        let answer = try HubClient.decoded(
            try HubClient.message(response, limit: .smallResponseBytes)
        ) { bytes throws(CodecError) in
            try SessionResponse(bytes)
        }
        guard answer.hubKey == hubKey else {
            throw HubClientError(
                .otherHub, .refuse, "another hub answers at this address than the one that this machine joined")
        }
        var agreement: SessionAgreement?
        if let share = answer.share {
            do {
                agreement = try SessionAgreement(
                    machine: key, hub: share, session: answer.session, of: identity.replica)
            } catch {
                throw HubClientError(.malformedResponse, .refuse, "the hub's half of the session's key is none")
            }
        }
        let session = Session(id: answer.session, agreement: agreement)
        self.session = session
        return session
    }
}

/// How long answers may take.
package struct HubTimeouts: Hashable, Sendable {
    package var session: Duration = .seconds(15)
    package var sync: Duration = .seconds(120)

    package init() {}
}

extension HubClient {
    // MARK: - Reading answers

    static func messageHeaders(isCompressed: Bool) -> [HubRequest.Header] {
        [
            HubRequest.Header("Content-Type", SyncMedia.message), HubRequest.Header("Accept", SyncMedia.message),
            HubRequest.Header("Accept-Encoding", SyncMedia.zstd),
        ] + (isCompressed ? [HubRequest.Header("Content-Encoding", SyncMedia.zstd)] : [])
    }

    static func problem(_ response: HubResponse) -> HubProblem? {
        guard SyncMedia.matches(response.header("content-type"), SyncMedia.problem) else { return nil }
        return try? JSONDecoder().decode(HubProblem.self, from: Data(response.body))
    }

    /// The body of a successful answer of this type, decompressed.
    static func body(_ response: HubResponse, type: String, limit: Limit) throws -> [UInt8] {
        guard response.status == 200, SyncMedia.matches(response.header("content-type"), type) else {
            throw HubClientError(response, problem: response.status == 200 ? nil : problem(response))
        }
        switch response.header("content-encoding")?.lowercased() {
        case nil, "identity": return response.body
        case SyncMedia.zstd:
            do { return try Zstd.decompress(response.body, limit: limit) } catch {
                throw HubClientError(.malformedResponse, .retry(after: nil), "the hub's answer is damaged: \(error)")
            }
        case let encoding?:
            throw HubClientError(
                .malformedResponse, .retry(after: nil), "the answer's encoding \(encoding) was not asked for")
        }
    }

    static func message(_ response: HubResponse, limit: Limit) throws -> [UInt8] {
        try body(response, type: SyncMedia.message, limit: limit)
    }

    static func decoded<Message>(
        _ bytes: [UInt8], _ decode: ([UInt8]) throws(CodecError) -> Message
    ) throws(HubClientError) -> Message {
        do { return try decode(bytes) } catch {
            // An answer that is cut short or damaged on the way may come whole the next time.
            if case .unsupported = error {
                throw HubClientError(.malformedResponse, .refuse, "the hub's answer: \(error)")
            }
            throw HubClientError(.malformedResponse, .retry(after: nil), "the hub's answer is damaged: \(error)")
        }
    }

    static func json<Report: Decodable>(_ type: Report.Type, _ response: HubResponse) throws -> Report {
        let bytes = try body(response, type: SyncMedia.json, limit: .reportBytes)
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw HubClientError(.malformedResponse, .retry(after: nil), "the hub's answer is damaged")
        }
    }
}
