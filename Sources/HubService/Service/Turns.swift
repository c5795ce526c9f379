import Synchronization

/// Lets so many run at once; the others wait in the order in which they came.
///
/// How many wait is bounded by those who let them in: see `Admission`.
package final class Turns: Sendable {
    private struct State {
        var running = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: at least 1.
    package init(limit: Int) { self.limit = limit }

    /// Runs `body` when it is its turn.
    ///
    /// - Throws: what `body` throws.
    package func take<Result>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async rethrows -> Result {
        await withCheckedContinuation { turn in
            let isTaken = state.withLock { state in
                if state.running < limit {
                    state.running += 1
                    return true
                }
                state.waiting.append(turn)
                return false
            }
            if isTaken { turn.resume() }
        }
        defer { leave() }
        return try await body()
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
