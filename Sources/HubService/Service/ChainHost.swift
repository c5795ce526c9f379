import Changes
import Replication
import Synchronization

/// Keeps one chain and runs everything that touches its store, one thing after another, off the cooperative pool.
package actor ChainHost<Store: HubStore & SendableMetatype> where Store.Transaction: CaseCounting {
    private let executor: SerialDispatchExecutor
    private let open: @Sendable () throws -> HubChain<Store>
    private var opened: HubChain<Store>?
    private nonisolated let gathering = Mutex(Gathering())

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter open: called on the host's own executor, at first use.
    package init(_ chain: ChainID, open: @escaping @Sendable () throws -> HubChain<Store>) {
        executor = SerialDispatchExecutor(label: "amends.chain.\(chain)")
        self.open = open
    }

    /// Runs `body` on the chain. A store that failed is let go of: the next use opens it again, which verifies it. One whose file was
    /// replaced is kept, and refuses what it is asked to write, until the hub is started anew.
    package func run<Result: Sendable>(_ body: @Sendable (HubChain<Store>) throws -> Result) throws -> Result {
        let chain = try opened ?? open()
        opened = chain
        do { return try body(chain) } catch {
            if isFailure(error) { opened = nil }
            throw error
        }
    }

    private func isFailure(_ error: any Error) -> Bool {
        !(error is HubFault) && (error as? any StoreFailure)?.isReplacement != true
    }

    /// Lets go of the store, which empties its write-ahead log into the file; the next use opens it again.
    package func close() throws {
        let chain = opened.take()
        try chain?.store.close()
    }

    /// Folds everything, a step at a time, so that others get their turn in between.
    package nonisolated func fold() async throws {
        while try await !run({ try $0.foldStep() }) { await Task.yield() }
    }

    // MARK: - Exchanging

    private struct Waiting: Sendable {
        let wish: HubChain<Store>.Wish
        let answered: CheckedContinuation<HubChain<Store>.Exchange, any Error>
    }

    private struct Gathering {
        var waiting: [Waiting] = []
        /// Whether somebody will come for those who wait.
        var isExpected = false
    }

    /// Requests that are answered together: half of those that run at once, so that the others are taken apart meanwhile. And so
    /// many changes that no more are added to them: an exchange with one change does not wait for many with thousands.
    package static var greatestGroup: Int { 32 }
    package static var enoughChanges: Int { 5_000 }

    /// How many wait to be answered.
    package nonisolated var waitingCount: Int { gathering.withLock(\.waiting.count) }

    /// One exchange. Those that come while others are being committed are committed together.
    ///
    /// How many wait is bounded by those who let requests in: see `Admission`.
    /// - Throws: as `HubChain.exchange`.
    package nonisolated func exchange(_ wish: HubChain<Store>.Wish) async throws -> HubChain<Store>.Exchange {
        try await withCheckedThrowingContinuation { continuation in
            let isExpected = gathering.withLock { gathering in
                gathering.waiting.append(Waiting(wish: wish, answered: continuation))
                defer { gathering.isExpected = true }
                return gathering.isExpected
            }
            if !isExpected { Task { await answerGroup() } }
        }
    }

    /// Answers those who wait, as many as make a group; the others in a turn of their own, so that what else the chain
    /// is asked comes in between.
    private func answerGroup() {
        let group = gathering.withLock { gathering in
            var changes = 0
            let count = gathering.waiting.prefix(ChainHost.greatestGroup).prefix { waiting in
                defer { changes += waiting.wish.request.pushes.reduce(0) { $0 + $1.changeCount } }
                return changes < ChainHost.enoughChanges
            }.count
            let group = Array(gathering.waiting.prefix(count))
            gathering.waiting.removeFirst(count)
            return group
        }
        for (waiting, result) in zip(group, results(of: group)) { waiting.answered.resume(with: result) }
        let isMore = gathering.withLock { gathering in
            gathering.isExpected = !gathering.waiting.isEmpty
            return gathering.isExpected
        }
        if isMore { Task { answerGroup() } }
    }

    /// A store that failed is let go of, as in `run`.
    private func results(of group: [Waiting]) -> [Result<HubChain<Store>.Exchange, any Error>] {
        do {
            let chain = try opened ?? open()
            opened = chain
            let results = chain.exchange(group.map(\.wish))
            let hasFailed = results.contains { result in
                if case .failure(let error) = result { isFailure(error) } else { false }
            }
            if hasFailed { opened = nil }
            return results
        } catch {
            return group.map { _ in .failure(error) }
        }
    }
}
