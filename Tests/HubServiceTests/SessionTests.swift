import Causality
import Changes
import HubService
import SyncHTTP
import Synchronization
import Testing

/// A request's place in its session.
@Suite struct SessionTests {
    private let world = TestWorld()
    private let key: SigningKey
    private let certificate: Certificate

    init() {
        key = world.key()
        certificate = SessionTests.certificate(key, world)
    }

    private static func certificate(_ key: SigningKey, _ world: TestWorld) -> Certificate {
        Certificate(
            chain: ChainID(high: 1, low: 1), publicKey: key.publicKey, home: ScopeID(high: 1, low: 1), grants: [],
            deviceMark: "ABC", from: 0, hub: world.key())
    }

    private func sessions(_ change: (inout SessionLimits) -> Void = { _ in }) -> Sessions {
        var limits = SessionLimits()
        change(&limits)
        return Sessions(limits: limits, environment: world.environment)
    }

    private func signed(
        _ session: SessionID, _ counter: UInt64, _ body: String
    ) -> (RequestProof, SignedContent) {
        let content = SignedContent(method: "POST", target: "/t", body: Array(body.utf8))
        return (RequestProof(session: session, counter: counter, content: content, key: key), content)
    }

    private func code(_ body: () async throws -> Void) async -> HubProblem.Code? {
        do { try await body() } catch { return (error as? HubFault)?.problem.known }
        return nil
    }

    /// Answers with how often it ran.
    private final class Counting: Sendable {
        private let runs = Mutex(0)
        var count: Int { runs.withLock(\.self) }

        func answer() -> HubAnswer {
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            return HubAnswer(contentType: "t", body: Array("run \(run)".utf8))
        }
    }

    @Test func aRetryGetsTheAnswerThatWasGiven() async throws {
        let sessions = sessions()
        let session = try sessions.open(for: certificate).session
        let work = Counting()
        let (signature, content) = signed(session, 1, "a")
        let first = try await sessions.answer(signature, content) { _ in work.answer() }
        let second = try await sessions.answer(signature, content) { _ in work.answer() }
        #expect(first == second)
        #expect(work.count == 1)
    }

    @Test func duplicatesInFlightRunOnce() async throws {
        let sessions = sessions()
        let session = try sessions.open(for: certificate).session
        let work = Counting()
        let (signature, content) = signed(session, 1, "a")
        let gate = Gate()
        let arrivals = ArrivalExecutor()
        let answers = try await withThrowingTaskGroup(of: HubAnswer?.self) { group in
            for _ in 0..<20 {
                group.addTask(executorPreference: arrivals) {
                    try await sessions.answer(signature, content) { _ in
                        await gate.passed()
                        return work.answer()
                    }
                }
            }
            // Runs when each of the twenty waits for the answer.
            group.addTask(executorPreference: arrivals) {
                gate.open()
                return nil
            }
            return try await group.reduce(into: Set<HubAnswer>()) { if let answer = $1 { $0.insert(answer) } }
        }
        #expect(answers.count == 1)
        #expect(work.count == 1)
    }

    @Test func aRequestThatFailedRunsAgain() async throws {
        struct Failure: Error {}
        let sessions = sessions()
        let (signature, content) = signed(try sessions.open(for: certificate).session, 1, "a")
        await #expect(throws: Failure.self) { try await sessions.answer(signature, content) { _ in throw Failure() } }
        let work = Counting()
        _ = try await sessions.answer(signature, content) { _ in work.answer() }
        #expect(work.count == 1)
    }

    /// The hub has committed; that nobody waits any more must not stop it half-way, nor make the retry run again.
    @Test func whatRunsGoesOnWhenItsConnectionIsGone() async throws {
        let sessions = sessions()
        let (signature, content) = signed(try sessions.open(for: certificate).session, 1, "a")
        let work = Counting()
        let (isRunning, mayEnd) = (Gate(), Gate())
        let asking = Task {
            try await sessions.answer(signature, content) { _ in
                isRunning.open()
                await mayEnd.passed()
                try Task.checkCancellation()
                return work.answer()
            }
        }
        await isRunning.passed()
        asking.cancel()
        mayEnd.open()
        let first = try await asking.value
        #expect(try await sessions.answer(signature, content) { _ in work.answer() } == first)
        #expect(work.count == 1)
    }

    @Test func anEarlierOrReusedCounterIsStale() async throws {
        let sessions = sessions()
        let session = try sessions.open(for: certificate).session
        let work = Counting()
        for (counter, body) in [(UInt64(5), "a"), (7, "b")] {
            let (signature, content) = signed(session, counter, body)
            _ = try await sessions.answer(signature, content) { _ in work.answer() }
        }
        for (counter, body) in [(UInt64(5), "a"), (6, "c"), (7, "c")] {
            let (signature, content) = signed(session, counter, body)
            #expect(
                await code { _ = try await sessions.answer(signature, content) { _ in work.answer() } } == .staleCounter
            )
        }
        #expect(work.count == 2)
        let (signature, content) = signed(session, 8, "stream")
        #expect(try sessions.admit(signature, content) == certificate.replica)
        #expect(await code { _ = try sessions.admit(signature, content) } == .staleCounter)
    }

    @Test func otherBytesAnotherSessionAndAnotherKeyAreRefused() async throws {
        let sessions = sessions()
        let session = try sessions.open(for: certificate).session
        let stranger = world.key()
        let foreign = try sessions.open(for: SessionTests.certificate(stranger, world)).session
        let (signature, content) = signed(session, 1, "a")
        guard case .signature(let bytes) = signature.evidence else { preconditionFailure("it was signed") }
        let hex = hexadecimal(bytes)
        let tampered = SignedContent(method: "POST", target: "/t", body: [9])
        let moved = try #require(
            RequestProof(headerValue: "Amends session=\(foreign),counter=1,signature=\(hex)"))
        let never = try #require(
            RequestProof(
                headerValue: "Amends session=\(SessionID(high: 9, low: 9)),counter=1,signature=\(hex)"))
        #expect(await code { _ = try sessions.admit(signature, tampered) } == .badSignature)
        #expect(await code { _ = try sessions.admit(moved, content) } == .badSignature)
        #expect(await code { _ = try sessions.admit(never, content) } == .sessionUnknown)
        // None of it took the request's place.
        #expect(try sessions.admit(signature, content) == certificate.replica)
    }

    // MARK: - Agreements

    /// Anybody can open a session in a machine's name, with a half of a key of his own: it is of no use to him.
    @Test func anAgreementProvesNothingBeforeTheMachineHasSignedIt() async throws {
        let sessions = sessions()
        let machine = AgreementKey(seed: Array(repeating: 5, count: 32))
        let opened = try sessions.open(for: certificate, share: machine.share)
        let agreement = try SessionAgreement(
            machine: machine, hub: try #require(opened.share), session: opened.session, of: certificate.replica)
        let content = SignedContent(method: "POST", target: "/t", body: [1])
        func coded(_ counter: UInt64) -> RequestProof {
            RequestProof(session: opened.session, counter: counter, content: content, agreement: agreement)
        }
        #expect(await code { _ = try sessions.admit(coded(1), content) } == .badSignature)
        // A signature that does not cover the shares is one that was made for another session's start.
        let bare = RequestProof(session: opened.session, counter: 1, content: content, key: key)
        #expect(await code { _ = try sessions.admit(bare, content) } == .badSignature)
        let signed = RequestProof(
            session: opened.session, counter: 1, content: content, key: key, agreement: agreement)
        #expect(try sessions.admit(signed, content) == certificate.replica)
        #expect(try sessions.admit(coded(2), content) == certificate.replica)
        #expect(await code { _ = try sessions.admit(coded(2), content) } == .staleCounter)
        let other = SignedContent(method: "POST", target: "/t", body: [2])
        #expect(await code { _ = try sessions.admit(coded(3), other) } == .badSignature)
    }

    /// Who stands between a machine and its hub puts halves of his own in the place of theirs.
    @Test func exchangedSharesAreRefused() async throws {
        let sessions = sessions()
        let (machine, between) = (
            AgreementKey(seed: Array(repeating: 5, count: 32)), AgreementKey(seed: Array(repeating: 6, count: 32))
        )
        let opened = try sessions.open(for: certificate, share: between.share)
        // The machine was given his half for the hub's, and signs what it sees.
        let seen = try SessionAgreement(
            machine: machine, hub: between.share, session: opened.session, of: certificate.replica)
        let content = SignedContent(method: "POST", target: "/t", body: [1])
        let signed = RequestProof(
            session: opened.session, counter: 1, content: content, key: key, agreement: seen)
        #expect(await code { _ = try sessions.admit(signed, content) } == .badSignature)
        let his = try SessionAgreement(
            machine: between, hub: try #require(opened.share), session: opened.session, of: certificate.replica)
        let coded = RequestProof(session: opened.session, counter: 1, content: content, agreement: his)
        #expect(await code { _ = try sessions.admit(coded, content) } == .badSignature)
    }

    @Test func aShareThatGivesNoSecretIsRefused() {
        // The point of order 1: every product with it is 0.
        let share = AgreementShare(bytes: Array(repeating: 0, count: 32))
        #expect(throws: SignatureError.key) { try self.sessions().open(for: self.certificate, share: share) }
    }

    // MARK: - Ends

    @Test func sessionsEndBySilenceAndAge() async throws {
        let sessions = sessions {
            $0.silence = .seconds(60)
            $0.age = .seconds(100)
        }
        let silent = try sessions.open(for: certificate).session
        world.pass(.seconds(61))
        #expect(await code { _ = try sessions.replica(of: silent) } == .sessionUnknown)
        let busy = try sessions.open(for: certificate).session
        for counter in UInt64(1)...3 {
            world.pass(.seconds(30))
            let (signature, content) = signed(busy, counter, "a")
            _ = try sessions.admit(signature, content)
        }
        world.pass(.seconds(20))
        #expect(await code { _ = try sessions.replica(of: busy) } == .sessionUnknown)
        #expect(sessions.count == 0)
    }

    /// Whoever knows a replica's id can open sessions in its name; the one that it uses stays.
    @Test func unprovenSessionsEndFirst() throws {
        let sessions = sessions { $0.sessionsOfReplica = 3 }
        let used = try sessions.open(for: certificate).session
        let (signature, content) = signed(used, 1, "a")
        _ = try sessions.admit(signature, content)
        for _ in 0..<50 {
            world.pass(.seconds(1))
            _ = try sessions.open(for: certificate).session
        }
        #expect(sessions.count == 3)
        #expect(try sessions.replica(of: used) == certificate.replica)
    }

    @Test func thereAreNoMoreSessionsThanTheLimit() throws {
        let sessions = sessions { $0.sessions = 10 }
        for _ in 0..<30 { _ = try sessions.open(for: SessionTests.certificate(world.key(), world)) }
        #expect(sessions.count == 10)
    }

    @Test func keptAnswersStayWithinTheirLimit() async throws {
        let sessions = sessions { $0.keptAnswerBytes = 8 }
        let first = try sessions.open(for: certificate).session
        let second = try sessions.open(for: certificate).session
        let work = Counting()
        for session in [first, second] {
            let (signature, content) = signed(session, 1, "a")
            _ = try await sessions.answer(signature, content) { _ in work.answer() }
            world.pass(.seconds(1))
        }
        // Five bytes each: the first was forgotten and runs again, the second was kept.
        for session in [second, first] {
            let (signature, content) = signed(session, 1, "a")
            _ = try await sessions.answer(signature, content) { _ in work.answer() }
        }
        #expect(work.count == 3)
    }
}
