import Causality
import Changes
import Compression
import HTTPTypes
import HubService
import Hummingbird
import HummingbirdTesting
import NIOCore
import Replication
import SyncHTTP
import Testing

/// The same requests into the router and over a socket.
@Suite struct ServerTests {
    private let world = TestWorld()
    private let source: MemorySource
    private let log = LogLines()

    init() throws { source = try MemorySource(world) }

    /// How the requests reach the hub.
    enum Way: CaseIterable { case router, socket }

    private func server(
        _ change: (inout HubConfiguration) -> Void = { _ in }
    ) -> HubServer<MemorySource> {
        var configuration = HubConfiguration()
        configuration.port = 0
        change(&configuration)
        return HubServer(source, configuration: configuration, environment: world.environment, logger: log.logger)
    }

    private func test(
        _ way: Way, _ server: HubServer<MemorySource>? = nil, prefix: String = "",
        _ body: @Sendable (RouterTransport) async throws -> Void
    ) async throws {
        let server = server ?? self.server()
        try await server.application().test(way == .router ? .router : .live) { client in
            try await body(RouterTransport(client: client, prefix: prefix))
        }
    }

    private func administrator(_ transport: RouterTransport) -> HubAdministrator {
        HubAdministrator(token: source.adminToken, over: transport)
    }

    /// A machine that has joined, of a branch that is made for it.
    private func machine(
        _ transport: RouterTransport, branch: String, headquarters: Bool = false
    ) async throws -> (Machine, HubClient) {
        let code = try await administrator(transport)
            .addBranch(BranchWish(name: branch, headquarters: headquarters), of: source.chain).code
        let machine = Machine(world)
        try machine.adopt(try await HubClient.join(machine.request(code), chain: nil, over: transport))
        return (machine, client(machine, transport))
    }

    private func client(_ machine: Machine, _ transport: RouterTransport) -> HubClient {
        guard let joined = machine.joined else { preconditionFailure("the machine has not joined") }
        return HubClient(
            chain: source.chain, hubKey: joined.hubKey, identity: machine.identity, transport: transport)
    }

    private func problem(_ body: () async throws -> Void) async -> HubClientError.Code? {
        do { try await body() } catch { return (error as? HubClientError)?.code }
        return nil
    }

    /// A request that is signed as the machine would.
    private func signed(
        _ machine: Machine, _ session: SessionID, _ counter: UInt64, body: [UInt8],
        type: String = SyncMedia.message, encoding: String? = nil
    ) -> HubRequest {
        let target = SyncRoute.chain(source.chain, .sync).target
        let signature = RequestProof(
            session: session, counter: counter,
            content: SignedContent(method: "POST", target: target, body: body), key: machine.identity.key)
        return HubRequest(
            method: "POST", target: target,
            headers: [.init("Content-Type", type), .init("Authorization", signature.headerValue)]
                + (encoding.map { [.init("Content-Encoding", $0)] } ?? []), body: body)
    }

    private func openSession(_ replica: ReplicaID, _ transport: RouterTransport) async throws -> HubResponse {
        try await send(
            HubRequest(
                method: "POST", target: SyncRoute.chain(source.chain, .sessions).target,
                headers: [.init("Content-Type", SyncMedia.message)],
                body: SessionRequest(replica: replica, share: nil).encoded()), transport)
    }

    private func send(_ request: HubRequest, _ transport: RouterTransport) async throws -> HubResponse {
        try await transport.send(request, limit: .syncResponseBytes, timeout: .seconds(20))
    }

    // MARK: - Exchanging

    @Test(arguments: Way.allCases)
    func branchesAndHeadquartersComeToAgree(_ way: Way) async throws {
        try await test(way) { transport in
            let (kemang, kemangClient) = try await machine(transport, branch: "Kemang")
            let (menteng, mentengClient) = try await machine(transport, branch: "Menteng")
            let (office, officeClient) = try await machine(transport, branch: "Office", headquarters: true)
            for number in 0..<50 { try kemang.openCase("Kemang \(number)") }
            try menteng.openCase("Menteng")
            try await kemang.settle { try await kemangClient.sync($0) }
            try await menteng.settle { try await mentengClient.sync($0) }
            try await office.settle { try await officeClient.sync($0) }
            let home = try #require(kemang.home)
            #expect(try office.caseCount(in: home) == 50)
            #expect(try kemang.caseCount(in: try #require(menteng.home)) == 0)
            #expect(try await administrator(transport).caseReport(of: source.chain).map(\.count) == [50, 1])
            let standing = try await kemangClient.standing(recordsOf: home)
            #expect(standing.records?.count == 50)
            #expect(standing.scopes.contains { $0.scope == home.description && $0.position == 50 })
            let trace = try await officeClient.trace(Dot(feed: kemang.identity.feed, sequence: 50))
            #expect(trace.acceptances.map(\.verdict) == ["ok"])
            #expect(trace.acceptances[0].receivedBy.contains { $0.replica == office.identity.replica.description })
            #expect(try await mentengClient.trace(Dot(feed: kemang.identity.feed, sequence: 50)).acceptances.isEmpty)
            #expect(log.audit.isEmpty)
        }
    }

    @Test func pathsWorkUnderAPrefixAndBehindAProxyThatTakesItAway() async throws {
        for prefix in ["/a/b", ""] {
            let hub = server { $0.prefix = "/a/b" }
            // A proxy that takes the prefix away leads to a hub that knows of none.
            try await test(.router, prefix.isEmpty ? nil : hub, prefix: prefix) { transport in
                let (machine, client) = try await self.machine(transport, branch: "Kemang سلام/1")
                try machine.openCase("A")
                try await machine.settle { try await client.sync($0) }
                let code = try await administrator(transport).newCode(branch: "Kemang سلام/1", of: source.chain)
                #expect(code.branch == "Kemang سلام/1")
            }
        }
    }

    @Test(arguments: Way.allCases)
    func theSameBytesGetTheSameAnswerAndPlaceNothingTwice(_ way: Way) async throws {
        try await test(way) { transport in
            let (machine, _) = try await self.machine(transport, branch: "Kemang")
            try machine.openCase("A")
            let opened = try await openSession(machine.identity.replica, transport)
            let session = try SessionResponse(opened.body).session
            let request = signed(machine, session, 1, body: try machine.nextRequest().encoded())
            let first = try await send(request, transport)
            world.pass(.seconds(5))
            let second = try await send(request, transport)
            #expect(first.status == 200)
            #expect(first.body == second.body)
            #expect(try await administrator(transport).caseReport(of: source.chain).map(\.count) == [1])
            #expect(log.audit.isEmpty)
        }
    }

    // MARK: - Refusing

    @Test(arguments: Way.allCases)
    func aStrangerIsRefusedWithOneAuditLineAndNoEffect(_ way: Way) async throws {
        try await test(way) { transport in
            let stranger = Machine(world)
            #expect(try await openSession(stranger.identity.replica, transport).status == 403)
            #expect(log.audit.count == 1)
            let (victim, _) = try await machine(transport, branch: "Kemang")
            let opened = try await openSession(victim.identity.replica, transport)
            let session = try SessionResponse(opened.body).session
            try victim.openCase("A")
            let body = try victim.nextRequest().encoded()
            #expect(try await send(signed(stranger, session, 1, body: body), transport).status == 401)
            #expect(log.audit.count == 2)
            let never = signed(victim, SessionID(high: 1, low: 1), 1, body: body)
            #expect(try await send(never, transport).status == 401)
            #expect(log.audit.count == 3)
            var unsigned = never
            unsigned.headers.removeLast()
            #expect(try await send(unsigned, transport).status == 401)
            #expect(log.audit.count == 4)
            #expect(try await administrator(transport).caseReport(of: source.chain).isEmpty)
        }
    }

    @Test(arguments: Way.allCases)
    func bytesFromAnotherSessionTamperedOrStaleAreRefused(_ way: Way) async throws {
        try await test(way) { transport in
            let (machine, _) = try await self.machine(transport, branch: "Kemang")
            try machine.openCase("A")
            let body = try machine.nextRequest().encoded()
            var sessions: [SessionID] = []
            for _ in 0..<2 {
                let opened = try await openSession(machine.identity.replica, transport)
                sessions.append(try SessionResponse(opened.body).session)
            }
            let captured = signed(machine, sessions[0], 2, body: body)
            var replayed = captured
            replayed.headers = captured.headers.map {
                HubRequest.Header($0.name, $0.value.replacing(sessions[0].description, with: sessions[1].description))
            }
            var tampered = captured
            tampered.body[tampered.body.count - 1] ^= 1
            #expect(try await send(replayed, transport).status == 401)
            #expect(try await send(tampered, transport).status == 401)
            #expect(log.audit.count == 2)
            #expect(try await administrator(transport).caseReport(of: source.chain).isEmpty)
            #expect(try await send(captured, transport).status == 200)
            #expect(try await send(signed(machine, sessions[0], 1, body: body), transport).status == 409)
            #expect(log.audit.count == 3)
        }
    }

    @Test func anotherBranchIsRefusedPerScopeWithOneAuditLine() async throws {
        try await test(.router) { transport in
            let (victim, _) = try await machine(transport, branch: "Kemang")
            let (other, otherClient) = try await machine(transport, branch: "Menteng")
            try victim.openCase("A")
            try other.openCase("B")
            var request = try other.nextRequest()
            let foreign = try victim.nextRequest()
            request.pushes = (request.pushes + foreign.pushes).sorted { $0.scope < $1.scope }
            request.hellos = (request.hellos + foreign.hellos.filter { $0.scope == victim.home })
                .sorted { $0.scope < $1.scope }
            let answer = try await otherClient.sync(request)
            let refused = answer.answers.filter { if case .refused = $0.outcome { true } else { false } }
            #expect(refused.map(\.scope) == [victim.home])
            #expect(log.audit.count == 1)
            #expect(log.audit[0].contains("code=noGrant"))
            let counts = try await administrator(transport).caseReport(of: source.chain)
            #expect(counts == [CaseReport(branch: "Menteng", status: "noticed", count: 1)])
        }
    }

    @Test func aCodeIsForOneMachineAlsoInARace() async throws {
        try await test(.router) { transport in
            let code = try await administrator(transport).addBranch(BranchWish(name: "Kemang"), of: source.chain).code
            let requests = (0..<8).map { _ in Machine(world).request(code) }
            let joined = await withTaskGroup(of: Bool.self) { group in
                for request in requests {
                    group.addTask {
                        (try? await HubClient.join(request, chain: nil, over: transport)) != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(joined == 1)
            #expect(log.audit.count == 7)
            #expect(try await administrator(transport).branches(of: source.chain).map(\.machines) == [1])
        }
    }

    @Test(arguments: Way.allCases)
    func badBodiesAreRefusedByNameAndChangeNothing(_ way: Way) async throws {
        try await test(way) { transport in
            let (machine, _) = try await self.machine(transport, branch: "Kemang")
            try machine.openCase("A")
            let opened = try await openSession(machine.identity.replica, transport)
            let session = try SessionResponse(opened.body).session
            let body = try machine.nextRequest().encoded()
            let bomb = Zstd.compress(Array(repeating: 0, count: Limit.decodedSyncRequestBytes.value + 1))
            let cases: [(HubRequest, Int)] = [
                (signed(machine, session, 1, body: bomb, encoding: "zstd"), 413),
                (signed(machine, session, 2, body: Array(body.dropLast())), 400),
                (signed(machine, session, 3, body: Array(Zstd.compress(body).dropLast()), encoding: "zstd"), 400),
                (signed(machine, session, 4, body: body, type: "application/json"), 415),
                (signed(machine, session, 5, body: body, encoding: "gzip"), 415),
                (signed(machine, session, 6, body: []), 400),
            ]
            for (request, status) in cases {
                let response = try await send(request, transport)
                #expect(response.status == status)
                #expect(SyncMedia.matches(response.header("content-type"), SyncMedia.problem))
            }
            #expect(try await administrator(transport).caseReport(of: source.chain).isEmpty)
            #expect(log.audit.isEmpty)
            let compressed = signed(machine, session, 7, body: Zstd.compress(body), encoding: "zstd")
            #expect(try await send(compressed, transport).status == 200)
        }
    }

    @Test func aBodyThatIsTooLargeIsRefusedBeforeItIsRead() async throws {
        try await test(.router) { transport in
            let (machine, _) = try await self.machine(transport, branch: "Kemang")
            let opened = try await openSession(machine.identity.replica, transport)
            let session = try SessionResponse(opened.body).session
            let request = signed(
                machine, session, 1, body: Array(repeating: 1, count: Limit.syncRequestBytes.value + 1))
            #expect(try await send(request, transport).status == 413)
        }
    }

    @Test func beyondTheAdmissionLimitTheHubAsksToComeBack() async throws {
        try await test(.router, server { $0.exchanges = 0 }) { transport in
            let (machine, client) = try await self.machine(transport, branch: "Kemang")
            try machine.openCase("A")
            let request = try machine.nextRequest()
            let error = await #expect(throws: HubClientError.self) { try await client.sync(request) }
            #expect(error?.code == .hub(.overloaded))
            guard case .retry(let after?) = error?.recovery else {
                Issue.record("no Retry-After")
                return
            }
            #expect((.seconds(1) ... .seconds(8)).contains(after))
        }
    }

    // MARK: - Administrating and watching over

    @Test func onlyTheTokenAdministrates() async throws {
        try await test(.router) { transport in
            let (_, client) = try await machine(transport, branch: "Kemang")
            let stranger = HubAdministrator(token: "amends-admin-00", over: transport)
            #expect(await problem { _ = try await stranger.chains() } == .hub(.notAdministrator))
            #expect(await problem { _ = try await stranger.branches(of: source.chain) } == .hub(.notAdministrator))
            #expect(
                await problem {
                    _ = try await stranger.addBranch(BranchWish(name: "X"), of: source.chain)
                } == .hub(.notAdministrator))
            #expect(log.audit.count == 3)
            #expect(!log.audit.contains { $0.contains("amends-admin") })
            let chains = try await administrator(transport).chains()
            #expect(chains == [ChainReport(chain: source.chain.description, name: "Corner Cafés")])
            #expect(
                await problem {
                    _ = try await administrator(transport).branches(of: ChainID(high: 1, low: 1))
                } == .hub(.unknownChain))
            #expect(
                await problem {
                    _ = try await administrator(transport).addBranch(BranchWish(name: "Kemang"), of: source.chain)
                } == .hub(.branchExists))
            // A machine may read where it stands, and what the administrator may read is more.
            #expect(try await client.standing().scopes.count == 2)
            let all = try await send(
                HubRequest(
                    method: "GET", target: SyncRoute.chain(source.chain, .standing()).target,
                    headers: [.init("Authorization", "Bearer \(source.adminToken)")]), transport)
            #expect(all.status == 200)
        }
    }

    @Test func theHubTellsHowItIs() async throws {
        try await test(.router) { transport in
            let (machine, client) = try await self.machine(transport, branch: "Kemang")
            try machine.openCase("A")
            try await machine.settle { try await client.sync($0) }
            for path in ["/healthz", "/readyz"] {
                #expect(try await send(HubRequest(method: "GET", target: path), transport).status == 200)
                let head = try await send(HubRequest(method: "HEAD", target: path), transport)
                #expect(head.status == 200 && head.body.isEmpty)
            }
            let nothing = try await send(HubRequest(method: "HEAD", target: "/nothing"), transport)
            #expect(nothing.status == 404 && nothing.body.isEmpty)
            let metrics = try await send(HubRequest(method: "GET", target: "/metrics"), transport)
            let text = String(decoding: metrics.body, as: UTF8.self)
            #expect(metrics.header("content-type") == HubMetrics.contentType)
            #expect(text.contains("amends_hub_changes_placed_total 1\n"))
            #expect(text.contains("amends_hub_sessions 1\n"))
            #expect(text.contains("route=\"/v1/chains/{chain}/sync\",status=\"200\""))
            #expect(text.hasSuffix("# EOF\n"))
        }
    }

    @Test func unknownPathsAnswerAProblem() async throws {
        try await test(.router) { transport in
            for target in ["/", "/v1", "/v1/chains/zz/sync", "/v1/chains/\(ChainID(high: 1, low: 1))/sync"] {
                let response = try await send(HubRequest(method: "POST", target: target), transport)
                #expect(response.status == 404, "\(target)")
                #expect(SyncMedia.matches(response.header("content-type"), SyncMedia.problem))
            }
        }
    }
}
