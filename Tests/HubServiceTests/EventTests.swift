import Causality
import Changes
import HubService
import Logging
import Replication
import ServiceLifecycle
import SyncHTTP
import Synchronization
import Testing

/// Event streams, on a socket of their own.
@Suite(.timeLimit(.minutes(1))) struct EventTests {
    private let world = TestWorld()
    private let source: MemorySource
    private let log = LogLines()

    init() throws { source = try MemorySource(world) }

    /// Serves until `body` is done, then stops gracefully; `isStopped` tells that it did.
    private func serve(
        heartbeat: Duration = .seconds(15),
        _ body: @escaping @Sendable (HTTPTransport, HubServer<MemorySource>, ServiceGroup) async throws -> Void
    ) async throws {
        var configuration = HubConfiguration()
        configuration.port = 0
        configuration.heartbeat = heartbeat
        let server = HubServer(
            source, configuration: configuration, environment: world.environment, logger: log.logger)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = server.application { port.yield($0) }
        let group = ServiceGroup(configuration: .init(services: [application], logger: log.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            for await number in ports {
                guard let address = HubAddress("http://127.0.0.1:\(number)") else { preconditionFailure() }
                try await body(HTTPTransport(address), server, group)
                break
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func machine(
        _ transport: HTTPTransport, branch: String, isNew: Bool = true
    ) async throws -> (Machine, HubClient) {
        let administrator = HubAdministrator(token: source.adminToken, over: transport)
        let code =
            isNew
            ? try await administrator.addBranch(BranchWish(name: branch), of: source.chain).code
            : try await administrator.newCode(branch: branch, of: source.chain).code
        let machine = Machine(world)
        let joined = try await HubClient.join(machine.request(code), chain: source.chain, over: transport)
        try machine.adopt(joined)
        return (machine, client(machine, transport))
    }

    private func client(_ machine: Machine, _ transport: HTTPTransport) -> HubClient {
        guard let joined = machine.joined else { preconditionFailure("the machine has not joined") }
        return HubClient(
            chain: source.chain, hubKey: joined.hubKey, identity: machine.identity, transport: transport)
    }

    @Test func whoMayReadAScopeHearsThatItHasGrown() async throws {
        try await serve { transport, _, _ in
            let (kemang, kemangClient) = try await machine(transport, branch: "Kemang")
            let (other, _) = try await machine(transport, branch: "Kemang", isNew: false)
            let (_, mentengClient) = try await machine(transport, branch: "Menteng")
            let home = try #require(kemang.home)
            var heard = try await kemangClient.events().makeAsyncIterator()
            var unheard = try await mentengClient.events().makeAsyncIterator()
            #expect(try await heard.next() == .listening)
            #expect(try await unheard.next() == .listening)
            // Its own exchange tells a machine by its answer; another machine's wakes it up.
            try kemang.openCase("A")
            _ = try await kemangClient.sync(try kemang.nextRequest())
            try other.openCase("B")
            _ = try await client(other, transport).sync(try other.nextRequest())
            #expect(try await heard.next() == .grown([home]))
            // The other branch hears of the next thing that it may read: a machine in `common`.
            _ = try await machine(transport, branch: "Senayan")
            guard case .grown(let scopes) = try await unheard.next() else {
                Issue.record("nothing was heard")
                return
            }
            #expect(!scopes.contains(home))
        }
    }

    @Test func aListenerThatGoesAwayIsForgotten() async throws {
        try await serve(heartbeat: .milliseconds(20)) { transport, server, _ in
            let (_, client) = try await machine(transport, branch: "Kemang")
            for _ in 0..<20 {
                // More than a replica may have at once: each must have been forgotten.
                var events = try await client.events().makeAsyncIterator()
                #expect(try await events.next() == .listening)
            }
        }
    }

    @Test func aGracefulStopEndsTheStreams() async throws {
        let ended = Tally()
        try await serve { transport, _, group in
            let (_, client) = try await machine(transport, branch: "Kemang")
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                let (listening, isListening) = AsyncStream.makeStream(of: Void.self)
                for _ in 0..<5 {
                    tasks.addTask {
                        for try await event in try await client.events() where event == .listening {
                            isListening.yield()
                        }
                        ended.add()
                    }
                }
                var count = 0
                for await _ in listening {
                    count += 1
                    if count == 5 { break }
                }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
        }
        #expect(ended.count == 5)
    }

    @Test func aStreamIsOpenedOnceByItsBytes() async throws {
        try await serve { transport, _, _ in
            let (machine, _) = try await machine(transport, branch: "Kemang")
            let opened = try await transport.send(
                HubRequest(
                    method: "POST", target: SyncRoute.chain(source.chain, .sessions).target,
                    headers: [.init("Content-Type", SyncMedia.message)],
                    body: SessionRequest(replica: machine.identity.replica, share: nil).encoded()),
                limit: .smallResponseBytes, timeout: .seconds(10))
            let target = SyncRoute.chain(source.chain, .events).target
            let signature = RequestProof(
                session: try SessionResponse(opened.body).session, counter: 1,
                content: SignedContent(method: "GET", target: target, body: []), key: machine.identity.key)
            let request = HubRequest(
                method: "GET", target: target, headers: [.init("Authorization", signature.headerValue)])
            let first = try await transport.stream(request, timeout: .seconds(10))
            #expect(first.head.status == 200)
            let replayed = try await transport.stream(request, timeout: .seconds(10))
            #expect(replayed.head.status == 409)
            #expect(log.audit.count == 1)
        }
    }
}

private final class Tally: Sendable {
    private let value = Mutex(0)
    var count: Int { value.withLock(\.self) }
    func add() { value.withLock { $0 += 1 } }
}
