import Synchronization

/// Something took longer than it was given.
package struct TimeoutError: Error {}

/// Runs `body`, and gives it up after `timeout`, or up to `TimeLimits.precision` later: it is cancelled, and not waited for.
///
/// - Throws: `TimeoutError`, `CancellationError` where the caller is cancelled, or what `body` throws.
package func withTimeout<Result: Sendable>(
    _ timeout: Duration, _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    let outcome = Outcome<Result>()
    let task = Task {
        do { outcome.settle(.success(try await body())) } catch { outcome.settle(.failure(error)) }
    }
    let limit = TimeLimits.shared.begin(timeout) {
        outcome.settle(.failure(TimeoutError()))
        task.cancel()
    }
    defer { TimeLimits.shared.end(limit) }
    return try await withTaskCancellationHandler {
        try await outcome.value
    } onCancel: {
        outcome.settle(.failure(CancellationError()))
        task.cancel()
    }
}

/// What comes first counts; one waits for it.
private final class Outcome<Value: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Value, any Error>)
        case settled(Result<Value, any Error>)
    }

    private let state = Mutex(State.open)

    func settle(_ result: Result<Value, any Error>) {
        let awaiting = state.withLock { state -> CheckedContinuation<Value, any Error>? in
            switch state {
            case .settled: return nil
            case .open:
                state = .settled(result)
                return nil
            case .awaited(let continuation):
                state = .settled(result)
                return continuation
            }
        }
        awaiting?.resume(with: result)
    }

    var value: Value {
        get async throws {
            try await withCheckedThrowingContinuation { continuation in
                let settled = state.withLock { state -> Result<Value, any Error>? in
                    if case .settled(let result) = state { return result }
                    state = .awaited(continuation)
                    return nil
                }
                if let settled { continuation.resume(with: settled) }
            }
        }
    }
}

/// What runs under a time limit, looked through now and then by one task as long as there is any.
///
/// A sleeping task for each would stay until its time, though it was cancelled: where a hub reads some thousands of bodies a
/// second, hundreds of thousands of them.
private final class TimeLimits: Sendable {
    static let shared = TimeLimits()
    static let precision: Duration = .milliseconds(100)

    final class Limit: Sendable {
        fileprivate let deadline: ContinuousClock.Instant
        fileprivate let giveUp: @Sendable () -> Void

        fileprivate init(_ deadline: ContinuousClock.Instant, _ giveUp: @escaping @Sendable () -> Void) {
            self.deadline = deadline
            self.giveUp = giveUp
        }
    }

    private struct State {
        var running: [ObjectIdentifier: Limit] = [:]
        /// Whether somebody looks through them.
        var isWatched = false
    }

    private let state = Mutex(State())

    func begin(_ timeout: Duration, _ giveUp: @escaping @Sendable () -> Void) -> Limit {
        let limit = Limit(.now + timeout, giveUp)
        let isWatched = state.withLock { state in
            state.running[ObjectIdentifier(limit)] = limit
            defer { state.isWatched = true }
            return state.isWatched
        }
        if !isWatched { Task.detached { await self.watch() } }
        return limit
    }

    func end(_ limit: Limit) { _ = state.withLock { $0.running.removeValue(forKey: ObjectIdentifier(limit)) } }

    private func watch() async {
        while let passed = passed(at: .now) {
            for limit in passed { limit.giveUp() }
            // Nobody cancels this task.
            do { try await Task.sleep(for: TimeLimits.precision) } catch { continue }
        }
    }

    /// - Returns: those whose time has come; nil where nothing runs, and whoever begins next is to watch.
    private func passed(at now: ContinuousClock.Instant) -> [Limit]? {
        state.withLock { state in
            if state.running.isEmpty {
                state.isWatched = false
                return nil
            }
            let passed = state.running.values.filter { $0.deadline <= now }
            for limit in passed { state.running.removeValue(forKey: ObjectIdentifier(limit)) }
            return passed
        }
    }
}
