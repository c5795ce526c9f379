import Causality
import Changes
import SyncHTTP
import Synchronization

/// An answer that can be given again.
package struct HubAnswer: Hashable, Sendable {
    package let contentType: String
    /// `zstd`, or nil for bytes as they are.
    package let contentEncoding: String?
    package let body: [UInt8]

    package init(contentType: String, contentEncoding: String? = nil, body: [UInt8]) {
        self.contentType = contentType
        self.contentEncoding = contentEncoding
        self.body = body
    }
}

/// How many sessions there are and how long they live.
package struct SessionLimits: Hashable, Sendable {
    /// Sessions of one chain, and of one replica among them.
    package var sessions = 20_000
    package var sessionsOfReplica = 8
    /// A session that is silent for so long has ended; an older one too, whatever it does.
    package var silence: Duration = .seconds(3_600)
    package var age: Duration = .seconds(24 * 3_600)
    /// What the last answers of all sessions may take together; beyond, those of the longest silent are forgotten, and
    /// their retry is executed again, which finds its changes placed.
    package var keptAnswerBytes = 64 << 20

    package init() {}
}

/// The open sessions of a chain: binds each request to the nonce of one, checks its signature and its place in the
/// session, and gives a request that is sent again the answer that it had.
///
/// In memory: after a restart replicas open new ones.
package final class Sessions: Sendable {
    private struct Session: Sendable {
        let replica: ReplicaID
        let key: PublicKey
        let opened: Duration
        var used: Duration
        let agreement: SessionAgreement?
        /// Whether a signed request came: whoever knows a replica's id can open sessions in its name, and no more.
        var isProven = false
        var counter: UInt64 = 0
        var content: SignedContent?
        /// What runs, or ran, under `counter`; nil where it failed or was forgotten, so that it runs again.
        var execution: Execution?
        var keptBytes = 0
    }

    /// A task that is done keeps some five kilobytes of its frames as long as somebody has it: the answer stays in its place.
    private enum Execution: Sendable {
        case running(Task<HubAnswer, any Error>)
        case answered(HubAnswer)

        var answer: HubAnswer {
            get async throws {
                switch self {
                case .running(let task): try await task.value
                case .answered(let answer): answer
                }
            }
        }
    }

    private struct State {
        var sessions: [SessionID: Session] = [:]
        var ofReplica: [ReplicaID: [SessionID]] = [:]
        var keptBytes = 0
    }

    private let limits: SessionLimits
    private let environment: HubEnvironment
    private let state = Mutex(State())

    package init(limits: SessionLimits = SessionLimits(), environment: HubEnvironment) {
        self.limits = limits
        self.environment = environment
    }

    package var count: Int { state.withLock { $0.sessions.count } }

    // MARK: - Opening

    /// Opens a session of a replica. Where there are too many, the least useful ends: never proven ones first, then the
    /// longest silent.
    ///
    /// - Parameter share: the machine's half of a key, where it sent one.
    /// - Returns: the session, and the hub's half.
    /// - Throws: `SignatureError` where the machine's share gives no secret.
    package func open(
        for certificate: Certificate, share: AgreementShare? = nil
    ) throws(SignatureError) -> (session: SessionID, share: AgreementShare?) {
        let id = SessionID(environment.random(SessionID.byteCount))
        var own: AgreementKey?
        var agreement: SessionAgreement?
        if let share {
            let key = AgreementKey(seed: environment.random(AgreementKey.seedBytes))
            agreement = try SessionAgreement(hub: key, machine: share, session: id, of: certificate.replica)
            own = key
        }
        let now = environment.uptime()
        state.withLock { state in
            let own = state.ofReplica[certificate.replica] ?? []
            if own.count >= limits.sessionsOfReplica { end(leastUseful(own, state), &state) }
            if state.sessions.count >= limits.sessions {
                endSilent(now, &state)
                if state.sessions.count >= limits.sessions {
                    end(leastUseful(Array(state.sessions.keys), state), &state)
                }
            }
            state.sessions[id] = Session(
                replica: certificate.replica, key: certificate.publicKey, opened: now, used: now,
                agreement: agreement)
            state.ofReplica[certificate.replica, default: []].append(id)
        }
        return (id, own?.share)
    }

    /// How long a session lives at most.
    package var lifetime: Duration { limits.age }

    // MARK: - Answering

    /// The replica whose session this is, before the request's body is read.
    ///
    /// - Throws: `.sessionUnknown`.
    package func replica(of id: SessionID) throws(HubFault) -> ReplicaID {
        try withSession(id) { session, _ in session.replica }
    }

    /// The key of the replica whose session this is.
    ///
    /// - Throws: `.sessionUnknown`.
    package func publicKey(of id: SessionID) throws(HubFault) -> PublicKey {
        try withSession(id) { session, _ in session.key }
    }

    /// Checks a signed request, and answers it.
    ///
    /// The first time, `execute` runs, once, on behalf of all who wait for the answer: it goes on when the connection
    /// that asked is gone. The same request again gets the same answer.
    /// - Throws: `HubFault`, or what `execute` throws; then the same request may come again.
    package func answer(
        _ proof: RequestProof, _ content: SignedContent,
        execute: @escaping @Sendable (ReplicaID) async throws -> HubAnswer
    ) async throws -> HubAnswer {
        let replica = try verify(proof, content)
        let (execution, isFirst) = try withSession(proof.session) {
            (session, state) throws(HubFault) -> (Execution, Bool) in
            if let running = session.execution, session.counter == proof.counter, session.content == content {
                return (running, false)
            }
            try advance(&session, proof, content, mayRepeat: true)
            state.keptBytes -= session.keptBytes
            session.keptBytes = 0
            let execution = Execution.running(Task { try await execute(replica) })
            session.execution = execution
            return (execution, true)
        }
        guard isFirst else { return try await execution.answer }
        do {
            let answer = try await execution.answer
            keep(answer, proof)
            return answer
        } catch {
            forget(proof)
            throw error
        }
    }

    /// Checks a signed request whose answer is not one to be given again. The same bytes a second time are stale.
    ///
    /// - Returns: the replica.
    package func admit(_ proof: RequestProof, _ content: SignedContent) throws(HubFault) -> ReplicaID {
        let replica = try verify(proof, content)
        try withSession(proof.session) { session, state throws(HubFault) in
            try advance(&session, proof, content, mayRepeat: false)
            state.keptBytes -= session.keptBytes
            session.keptBytes = 0
            session.execution = nil
        }
        return replica
    }

    private func verify(_ proof: RequestProof, _ content: SignedContent) throws(HubFault) -> ReplicaID {
        let session = try withSession(proof.session) { session, _ in session }
        do {
            try proof.verify(
                content, key: session.key, agreement: session.agreement, isAgreed: session.isProven)
        } catch {
            throw .refused(
                .badSignature, "the request is not signed by the machine whose session it names",
                replica: session.replica, session: proof.session)
        }
        return session.replica
    }

    /// Takes the request's place in its session.
    private func advance(
        _ session: inout Session, _ proof: RequestProof, _ content: SignedContent, mayRepeat: Bool
    ) throws(HubFault) {
        let isRepeated = mayRepeat && session.counter == proof.counter && session.content == content
        guard proof.counter > session.counter || isRepeated else {
            throw .refused(
                .staleCounter, "a later request of this session has come before this one",
                replica: session.replica, session: proof.session)
        }
        session.isProven = true
        session.counter = proof.counter
        session.content = content
        session.used = environment.uptime()
    }

    // MARK: - Keeping answers

    private func keep(_ answer: HubAnswer, _ proof: RequestProof) {
        state.withLock { state in
            guard var session = state.sessions[proof.session], session.counter == proof.counter else { return }
            session.execution = .answered(answer)
            session.keptBytes = answer.body.count
            state.keptBytes += answer.body.count
            state.sessions[proof.session] = session
            while state.keptBytes > limits.keptAnswerBytes {
                let keeping = state.sessions.filter { $0.value.keptBytes > 0 }
                guard let oldest = keeping.min(by: { ($0.value.used, $0.key) < ($1.value.used, $1.key) }) else {
                    return
                }
                state.keptBytes -= oldest.value.keptBytes
                state.sessions[oldest.key]?.keptBytes = 0
                state.sessions[oldest.key]?.execution = nil
            }
        }
    }

    private func forget(_ proof: RequestProof) {
        state.withLock { state in
            if state.sessions[proof.session]?.counter == proof.counter {
                state.sessions[proof.session]?.execution = nil
            }
        }
    }

    // MARK: - Ending

    private func withSession<Result>(
        _ id: SessionID, _ body: (inout Session, inout State) throws(HubFault) -> Result
    ) throws(HubFault) -> Result {
        let now = environment.uptime()
        // `Mutex` gives back what its body returns, so the typed error travels as a value.
        let result: Swift.Result<Result, HubFault> = state.withLock { state in
            if let session = state.sessions[id], isOver(session, now) { end(id, &state) }
            guard var session = state.sessions[id] else {
                return .failure(
                    .refused(.sessionUnknown, "the session has ended; open another", session: id))
            }
            do throws(HubFault) {
                let result = try body(&session, &state)
                state.sessions[id] = session
                return .success(result)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func isOver(_ session: Session, _ now: Duration) -> Bool {
        now - session.used > limits.silence || now - session.opened > limits.age
    }

    private func endSilent(_ now: Duration, _ state: inout State) {
        for (id, session) in state.sessions where isOver(session, now) { end(id, &state) }
    }

    private func leastUseful(_ ids: [SessionID], _ state: State) -> SessionID {
        let candidates = ids.compactMap { id in state.sessions[id].map { (id: id, session: $0) } }
        let least = candidates.min { left, right in
            if left.session.isProven != right.session.isProven { return right.session.isProven }
            return (left.session.used, left.id) < (right.session.used, right.id)
        }
        guard let least else { preconditionFailure("there is a session to end") }
        return least.id
    }

    private func end(_ id: SessionID, _ state: inout State) {
        guard let session = state.sessions.removeValue(forKey: id) else { return }
        state.keptBytes -= session.keptBytes
        let rest = (state.ofReplica[session.replica] ?? []).filter { $0 != id }
        state.ofReplica[session.replica] = rest.isEmpty ? nil : rest
    }
}
