import Changes
import Replication
import Synchronization

/// One chain while the hub runs.
package final class ChainService<Store: HubStore & SendableMetatype>: Sendable where Store.Transaction: CaseCounting {
    package let chain: ChainID
    package let host: ChainHost<Store>
    package let sessions: Sessions
    package let wakeUps = WakeUps()
    package let greetings = Greetings()
    package let snapshots: SnapshotShelf<Store>

    init(_ chain: ChainID, host: ChainHost<Store>, sessions: Sessions, snapshots: SnapshotShelf<Store>) {
        self.chain = chain
        self.host = host
        self.sessions = sessions
        self.snapshots = snapshots
    }
}

/// Where chains come from.
package protocol ChainSource<Store>: Sendable {
    associatedtype Store: HubStore & SendableMetatype where Store.Transaction: CaseCounting
    /// Those that there are now, sorted: another process may have made one.
    func chains() throws -> [ChainID]
    func contains(_ chain: ChainID) -> Bool
    /// Called on the executor that will own the chain.
    func open(_ chain: ChainID) throws -> HubChain<Store>
    /// The chain's store once more, to be read beside its owner; nil where that cannot be.
    func openReader(_ chain: ChainID) throws -> Store?
    /// A folder for the chain's snapshots; nil keeps them in memory.
    func snapshotFolder(_ chain: ChainID) -> String?
}

extension ChainSource {
    package func openReader(_ chain: ChainID) throws -> Store? { nil }
    package func snapshotFolder(_ chain: ChainID) -> String? { nil }
}

/// The chains of a hub, each opened when it is first asked for and kept.
package final class ChainRegistry<Source: ChainSource>: Sendable {
    package typealias Service = ChainService<Source.Store>

    private let source: Source
    private let limits: SessionLimits
    private let environment: HubEnvironment
    private let services = Mutex<[ChainID: Service]>([:])

    package init(_ source: Source, limits: SessionLimits = SessionLimits(), environment: HubEnvironment) {
        self.source = source
        self.limits = limits
        self.environment = environment
    }

    package func service(_ chain: ChainID) -> Service? {
        if let known = services.withLock({ $0[chain] }) { return known }
        guard source.contains(chain) else { return nil }
        return services.withLock { services in
            if let known = services[chain] { return known }
            let source = source
            let host = ChainHost(chain) { try source.open(chain) }
            let service = Service(
                chain, host: host, sessions: Sessions(limits: limits, environment: environment),
                snapshots: SnapshotShelf(
                    chain, host: host, folder: source.snapshotFolder(chain), environment: environment
                ) { try source.openReader(chain) })
            services[chain] = service
            return service
        }
    }

    /// Of all chains, sorted.
    package func all() throws -> [Service] { try source.chains().compactMap { service($0) } }

    /// Of the chains that somebody has asked for.
    package var opened: [Service] { services.withLock { Array($0.values) }.sorted { $0.chain < $1.chain } }
}
