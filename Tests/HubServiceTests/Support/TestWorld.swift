import Causality
import Changes
import HubService
import Logging
import Replication
import SyncHTTP
import Synchronization

/// A clock that tests set, and random bytes that come from a seed.
final class TestWorld: Sendable {
    private struct State {
        var now: Int64 = 1_700_000_000_000
        var uptime: Duration = .zero
        var random: UInt64
    }

    private let state: Mutex<State>

    init(seed: UInt64 = 1) { state = Mutex(State(random: seed)) }

    var environment: HubEnvironment {
        HubEnvironment(
            now: { self.state.withLock(\.now) }, uptime: { self.state.withLock(\.uptime) },
            random: { self.random($0) })
    }

    var now: Int64 { state.withLock(\.now) }

    func pass(_ duration: Duration) {
        state.withLock { state in
            state.now += duration.milliseconds
            state.uptime += duration
        }
    }

    /// Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
    func random(_ count: Int) -> [UInt8] {
        state.withLock { state in
            (0..<count).map { _ in
                state.random &+= 0x9E37_79B9_7F4A_7C15
                var z = state.random
                z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
                z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
                return UInt8(truncatingIfNeeded: z ^ z >> 31)
            }
        }
    }

    func key() -> SigningKey {
        do { return try SigningKey(seed: random(32)) } catch { preconditionFailure("\(error)") }
    }
}

/// One chain in memory. It is made when it is first opened, the same each time.
struct MemorySource: ChainSource {
    let chain: ChainID
    let adminToken: String
    private let world: TestWorld
    private let key: SigningKey
    private let seed: UInt64

    init(_ world: TestWorld, seed: UInt64 = 77) throws {
        self.world = world
        self.seed = seed
        key = TestWorld(seed: seed).key()
        (chain, adminToken) = try MemorySource.make(world, key, seed) { ($0.info.chain, $1) }
    }

    private static func make<Result>(
        _ world: TestWorld, _ key: SigningKey, _ seed: UInt64, _ body: (HubChain<MemoryStore>, String) -> Result
    ) throws -> Result {
        // What is drawn while the chain is made comes from its own seed, so that it is made the same each time.
        let own = TestWorld(seed: seed &+ 1)
        let isMade = Mutex(false)
        let environment = HubEnvironment(
            now: world.environment.now, uptime: world.environment.uptime,
            random: { isMade.withLock(\.self) ? world.random($0) : own.random($0) })
        let (chain, token) = try HubChain.create(
            "Corner Cafés", in: MemoryStore(), key: key, schemas: HubSchemas.all, environment: environment)
        isMade.withLock { $0 = true }
        return body(chain, token)
    }

    func chains() -> [ChainID] { [chain] }
    func contains(_ chain: ChainID) -> Bool { chain == self.chain }

    func open(_ chain: ChainID) throws -> HubChain<MemoryStore> {
        try MemorySource.make(world, key, seed) { chain, _ in chain }
    }
}

/// Keeps the lines of a log.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var audit: [String] { lines.withLock { $0.filter { $0.contains("audit=refused") } } }

    var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(lines: self) }
        logger.logLevel = .debug
        return logger
    }

    private struct Handler: LogHandler {
        let lines: LogLines
        var logLevel: Logger.Level = .debug
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let values = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
            let line = (["\(event.message)"] + values.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
            lines.lines.withLock { $0.append(line) }
        }
    }
}
