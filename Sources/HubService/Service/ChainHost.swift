import Changes
import Replication

/// Keeps one chain and runs everything that touches its store, one thing after another, off the cooperative pool.
package actor ChainHost<Store: HubStore & SendableMetatype> where Store.Transaction: CaseCounting {
    private let executor: SerialDispatchExecutor
    private let open: @Sendable () throws -> HubChain<Store>
    private var opened: HubChain<Store>?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter open: called on the host's own executor, at first use.
    package init(_ chain: ChainID, open: @escaping @Sendable () throws -> HubChain<Store>) {
        executor = SerialDispatchExecutor(label: "amends.chain.\(chain)")
        self.open = open
    }

    /// Runs `body` on the chain. A store that failed is let go of: the next use opens it again, which verifies it.
    package func run<Result: Sendable>(_ body: @Sendable (HubChain<Store>) throws -> Result) throws -> Result {
        let chain = try opened ?? open()
        opened = chain
        do { return try body(chain) } catch {
            if !(error is HubFault) { opened = nil }
            throw error
        }
    }

    /// Folds everything, a step at a time, so that others get their turn in between.
    package nonisolated func fold() async throws {
        while try await !run({ try $0.foldStep() }) { await Task.yield() }
    }
}
