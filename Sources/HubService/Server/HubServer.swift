import Causality
import Changes
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import SyncHTTP
import UnixSignals

/// The hub as an HTTP service: who asks is checked here, what is asked is done by the chain's `HubChain`.
///
/// Paths are those of `SyncRoute`, under the configured prefix; `/healthz`, `/readyz` and `/metrics` besides.
package struct HubServer<Source: ChainSource>: Sendable {
    let registry: ChainRegistry<Source>
    let configuration: HubConfiguration
    let environment: HubEnvironment
    let metrics: HubMetrics
    let audit: Audit
    let admission: Admission
    /// Requests with many changes: a few are in memory taken apart, so that the chain always finds the next one ready.
    let largeRequests = Turns(limit: 4)
    let logger: Logger
    let failpoint: Failpoint
    let readiness: Readiness

    package init(
        _ source: Source, configuration: HubConfiguration = HubConfiguration(), environment: HubEnvironment = .system,
        failpoint: Failpoint = Failpoint(nil as Failpoint.Action?), logger: Logger
    ) {
        registry = ChainRegistry(source, limits: configuration.sessions, environment: environment)
        metrics = HubMetrics()
        audit = Audit(logger, metrics: metrics)
        admission = Admission(
            limit: configuration.exchanges, waiting: configuration.waitingExchanges, environment: environment)
        readiness = Readiness(uptime: environment.uptime)
        self.configuration = configuration
        self.environment = environment
        self.failpoint = failpoint
        self.logger = logger
    }

    /// The application, to run in a service group or to test.
    ///
    /// - Parameter onRunning: called with the port that it listens on.
    package func application(
        onRunning: @escaping @Sendable (Int) async -> Void = { _ in }
    ) -> some ApplicationProtocol {
        Application(
            router: router(),
            server: .http1(configuration: .init(idleTimeout: .seconds(Int64(configuration.idleTimeoutSeconds)))),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "amends-hub",
                availableConnectionsDelegate: MaximumAvailableConnections(configuration.connections)),
            services: [heartbeat()],
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? 0) },
            logger: logger)
    }

    /// Opens every chain that there is, so that one that cannot be served is noticed before the hub listens.
    ///
    /// - Returns: how many there are.
    package func openChains() async throws -> Int {
        let services = try registry.all()
        for service in services {
            guard let ahead = try await service.host.run({ try $0.receivedAhead() }) else { continue }
            logger.warning(
                "received times are ahead of this clock, which was ahead once or is behind now; until it catches up a machine's wrong clock counts for as much",
                metadata: [
                    "chain": "\(service.chain)", "scopes": "\(ahead.scopes)",
                    "seconds": "\(ahead.milliseconds / 1_000)",
                ])
        }
        return services.count
    }

    /// Runs until SIGTERM or SIGINT, then stops gracefully: nothing new is taken, what runs is finished.
    package func run(onRunning: @escaping @Sendable (Int) async -> Void) async throws {
        var group = ServiceGroupConfiguration(
            services: [application(onRunning: onRunning)], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = configuration.stopTimeout
        do { try await ServiceGroup(configuration: group).run() } catch let error as IOError
            where [EADDRINUSE, EADDRNOTAVAIL, EACCES].contains(error.errnoCode)
        {
            throw HubFault(
                .unavailable,
                "cannot listen on \(configuration.host):\(configuration.port): \(String(cString: strerror(error.errnoCode)))"
            )
        }
        for service in registry.opened {
            do { try await service.host.close() } catch {
                // What was acknowledged is in its log, and the next to open it goes on from there.
                logger.error("closing a chain", metadata: ["chain": "\(service.chain)", "reason": "\(error)"])
            }
        }
    }

    private func heartbeat() -> some Service {
        HeartbeatService(interval: configuration.heartbeat) {
            for service in registry.opened { service.wakeUps.beat() }
        }
    }

    // MARK: - Routing

    private func router() -> Router<HubRequestContext> {
        let router = Router(context: HubRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: AnswerMiddleware(metrics: metrics, audit: audit, uptime: environment.uptime))
        router.get("healthz") { _, _ in Response.text("ok\n") }
        router.get("readyz") { _, _ in try await ready() }
        router.get("metrics") { _, _ in exposition() }
        let routes = router.group(RouterPath(configuration.prefix)).group("v1")
        routes.post("join") { request, context in try await join(request, context) }
        routes.get("chains") { request, context in try await chains(request, context) }
        let chain = routes.group("chains/{chain}")
        chain.post("join") { request, context in try await join(request, context, service(context)) }
        chain.post("sessions") { request, context in try await openSession(request, context, service(context)) }
        chain.post("sync") { request, context in try await sync(request, context, service(context)) }
        chain.get("events") { request, context in try await events(request, context, service(context)) }
        chain.get("standing") { request, context in try await standing(request, context, service(context)) }
        chain.get("changes/{dot}") { request, context in try await trace(request, context, service(context)) }
        chain.get("snapshots/{scope}") { request, context in
            try await snapshot(request, context, service(context))
        }
        chain.get("snapshots/{scope}/{id}/{kind}/{number}") { request, context in
            try await snapshotPiece(request, context, service(context))
        }
        chain.get("records/{scope}/{record}/changes") { request, context in
            try await recordHistory(request, context, service(context))
        }
        chain.post("branches") { request, context in try await addBranch(request, context, service(context)) }
        chain.get("branches") { request, context in try await branches(request, context, service(context)) }
        chain.post("branches/{branch}/codes") { request, context in
            try await newCode(request, context, service(context))
        }
        chain.get("report/cases") { request, context in try await caseReport(request, context, service(context)) }
        return router
    }

    typealias ChainService = ChainRegistry<Source>.Service

    /// The chain that the path names.
    private func service(_ context: HubRequestContext) throws -> ChainService {
        guard let chain = context.parameters.get("chain").flatMap({ ChainID(hexadecimal: $0) }),
            let service = registry.service(chain)
        else { throw HubFault(.unknownChain, "the hub has no such chain") }
        return service
    }

    // MARK: - Watching over

    private func exposition() -> Response {
        let services = registry.opened
        let text = metrics.text(
            sessions: services.reduce(0) { $0 + $1.sessions.count },
            listeners: services.reduce(0) { $0 + $1.wakeUps.count })
        return Response.text(text, type: HubMetrics.contentType)
    }

    /// Whether every chain's database takes writes.
    private func ready() async throws -> Response {
        let isReady = await readiness.check {
            do {
                for service in try registry.all() { try await service.host.run { try $0.checkWritable() } }
                return true
            } catch {
                logger.error("not ready", metadata: ["reason": "\(error)"])
                return false
            }
        }
        guard isReady else { throw HubFault(.unavailable, "a database does not take writes; the log says why") }
        return Response.text("ready\n")
    }
}

/// Sends every event stream something, so that both ends notice a dead connection.
private struct HeartbeatService: Service {
    let interval: Duration
    let beat: @Sendable () -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while true {
                // The wait ends early only where the hub stops.
                do { try await Task.sleep(for: interval) } catch { return }
                beat()
            }
        }
    }
}

/// Checks at most once a second, so that whoever asks for readiness all the time does not wear the disk.
actor Readiness {
    private let uptime: @Sendable () -> Duration
    private var last: (at: Duration, isReady: Bool)?

    init(uptime: @escaping @Sendable () -> Duration) { self.uptime = uptime }

    func check(_ probe: @Sendable () async -> Bool) async -> Bool {
        if let last, uptime() - last.at < .seconds(1) { return last.isReady }
        let isReady = await probe()
        last = (uptime(), isReady)
        return isReady
    }
}
