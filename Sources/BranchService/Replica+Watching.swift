import Changes
import Replication
import SQLiteStore
import SyncHTTP

/// How a replica that watches passes the time.
package struct WatchOptions: Sendable {
    package var sync = SyncOptions()
    /// The poll behind the hub's wake-ups; each wait is drawn from half to one and a half of it.
    package var poll: Duration = .seconds(30)
    /// How often the file is looked at for what other programs recorded in it.
    package var localCheck: Duration = .seconds(2)

    package init() { sync.attempts = 1 }
}

extension Replica {
    /// Synchronises, then again whenever the hub says that something grew, something was recorded here, or the poll is
    /// due; until the task is cancelled.
    ///
    /// Wake-ups are hints, the jittered poll is the truth. After a failure it backs off with full jitter, honours
    /// Retry-After, and no wake-up shortens the wait. It ends where the hub does not know this machine.
    /// - Parameter report: called after each synchronisation that moved something or failed.
    package func watch(
        with client: HubClient, options: WatchOptions = WatchOptions(), report: (SyncOutcome) -> Void
    ) async throws {
        let (wakeUps, wake) = AsyncStream.makeStream(of: WakeUp.self, bufferingPolicy: .bufferingNewest(1))
        let listener = Task { await Replica.listen(to: client, retry: options.sync.retry) { wake.yield(.hub) } }
        defer { listener.cancel() }
        var wakeUp = wakeUps.makeAsyncIterator()
        var schedule = options.sync.retry
        var random = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            let outcome = try await synchronise(with: client, options: options.sync)
            if outcome.report.applied > 0 || outcome.error != nil || !outcome.report.refusals.isEmpty {
                report(outcome)
            }
            if let error = outcome.error {
                // What is wrong with the hub may be put right there; a machine that it does not know any more must join anew.
                if case .reauthenticate = error.recovery { throw error }
                var after: Duration?
                if case .retry(let seconds) = error.recovery { after = seconds }
                try await Task.sleep(for: schedule.next(retryAfter: after, using: &random))
                continue
            }
            schedule.reset()
            let half = options.poll.milliseconds / 2
            let poll = Duration.milliseconds(Int64.random(in: half...max(half, half * 3), using: &random))
            let due = ContinuousClock.now.advanced(by: poll)
            waiting: while !Task.isCancelled, ContinuousClock.now < due {
                let timer = Task {
                    try await Task.sleep(for: options.localCheck)
                    wake.yield(.timer)
                }
                let next = await wakeUp.next()
                timer.cancel()
                switch next {
                case .hub, nil: break waiting
                case .timer: if try unsentCount() > outcome.report.unsent { break waiting }
                }
            }
        }
    }

    private enum WakeUp: Sendable {
        case hub
        case timer
    }

    /// More than the last exchange left means that something was recorded since.
    private func unsentCount() throws -> Int {
        try store.read { transaction in
            try transaction.scopes().reduce(0) { try $0 + transaction.unplacedCount(of: $1.id) }
        }
    }

    /// Keeps the hub's event stream open, with its own patience; a hub that cannot be heard is polled.
    private static func listen(to client: HubClient, retry: RetrySchedule, _ wake: @Sendable () -> Void) async {
        var schedule = retry
        var random = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            var after: Duration?
            do {
                for try await _ in try await client.events() {
                    schedule.reset()
                    wake()
                }
            } catch let error as HubClientError {
                // The poll notices and reports what is wrong with the hub; here it only means silence.
                if case .retry(let seconds) = error.recovery { after = seconds }
            } catch {
                if Task.isCancelled { return }
            }
            do { try await Task.sleep(for: schedule.next(retryAfter: after, using: &random)) } catch { return }
        }
    }
}
