import SyncHTTP
import Synchronization

/// How many exchanges run at once and how many wait for their turn, before their bodies are read: beyond, a replica is
/// told to come back.
///
/// Who was told so and comes back is taken, whatever crowd stands there by then: nobody is refused twice in a row, as
/// long as no more than `greatestPromises` sessions were refused within `promiseLifetime`.
package final class Admission: Sendable {
    fileprivate struct State {
        var running = 0
        /// In the order in which they came.
        var waiting: [CheckedContinuation<Bool, Never>] = []
        /// Sessions that were refused lately, in two generations.
        var promised: Set<SessionID> = []
        var promisedBefore: Set<SessionID> = []
        var generationSince: Duration = .zero
    }

    private let limit: Int
    private let greatestWaiting: Int
    private let environment: HubEnvironment
    private let state = Mutex(State())

    /// Retry-After is drawn from one to this many seconds, so that a crowd does not come back at one instant.
    static let greatestRetryAfterSeconds = 8
    /// Sessions of a generation whose next exchange will be taken.
    static let greatestPromises = 20_000
    /// At least so long a refused session is known: longer than any wait that a replica adds to Retry-After.
    static let promiseLifetime: Duration = .seconds(120)

    /// - Parameters:
    ///   - limit: exchanges that run.
    ///   - waiting: exchanges that wait.
    package init(limit: Int, waiting: Int, environment: HubEnvironment) {
        self.limit = limit
        greatestWaiting = waiting
        self.environment = environment
    }

    /// How many wait for their turn.
    package var waitingCount: Int { state.withLock(\.waiting.count) }

    /// Runs `body` when it is its turn.
    ///
    /// - Throws: `.overloaded` with Retry-After, where too many wait; what `body` throws.
    package func admit<Result>(
        _ session: SessionID, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async throws -> Result {
        let isAdmitted = await withCheckedContinuation { turn in
            // Nil: its turn comes later.
            let isAdmitted = state.withLock { enter(session, turn, &$0) }
            if let isAdmitted { turn.resume(returning: isAdmitted) }
        }
        guard isAdmitted else {
            var fault = HubFault(.overloaded, "the hub is busy; it takes this again in a moment")
            fault.retryAfter = .seconds(1 + Int(environment.random(1)[0]) % Admission.greatestRetryAfterSeconds)
            throw fault
        }
        defer { leave() }
        return try await body()
    }

    private func enter(_ session: SessionID, _ turn: CheckedContinuation<Bool, Never>, _ state: inout State) -> Bool? {
        if state.running < limit, state.waiting.isEmpty {
            state.running += 1
            state.forget(session)
            return true
        }
        // Where nobody runs, nobody makes room for another.
        if state.running > 0, state.forget(session) || state.waiting.count < greatestWaiting {
            state.waiting.append(turn)
            return nil
        }
        state.promise(session, now: environment.uptime())
        return false
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if state.waiting.isEmpty {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: true)
    }
}

extension Admission.State {
    /// - Returns: whether it was refused lately.
    @discardableResult
    fileprivate mutating func forget(_ session: SessionID) -> Bool {
        let isLate = promisedBefore.remove(session) != nil
        return promised.remove(session) != nil || isLate
    }

    fileprivate mutating func promise(_ session: SessionID, now: Duration) {
        if now - generationSince > Admission.promiseLifetime {
            promisedBefore = now - generationSince > Admission.promiseLifetime * 2 ? [] : promised
            promised = []
            generationSince = now
        }
        if promised.count < Admission.greatestPromises { promised.insert(session) }
    }
}
