import Changes
import ReplicaSettings
import Replication
import SQLiteStore
import SyncHTTP

/// How a replica synchronises.
package struct SyncOptions: Sendable {
    package var push = PushLimits()
    package var page = PageLimits(changes: 5_000, bytes: 2 << 20)
    /// How often one synchronisation is begun again after a failure that time may mend.
    package var attempts = 5
    package var retry = RetrySchedule()

    package init() {}
}

/// What a synchronisation came to, and whether trying again can help.
package struct SyncOutcome: Sendable {
    package var report: SyncReport
    /// Why the hub was not reached, or did not answer.
    package var error: HubClientError?
    /// Changes that this version cannot fold, and keeps.
    package var quarantined = 0
}

extension Replica {
    /// Exchanges with the hub until both sides have said all that they have; tries again where that helps.
    ///
    /// - Parameter progress: called after every answer with the totals so far.
    /// - Throws: `ReplicaError.notJoined`, and what the store throws. A hub that does not answer is in the outcome.
    package func synchronise(
        with client: HubClient, options: SyncOptions = SyncOptions(), progress: (ApplyOutcome) -> Void = { _ in }
    ) async throws -> SyncOutcome {
        var schedule = options.retry
        var random = SystemRandomNumberGenerator()
        var total = SyncReport()
        for attempt in 1...max(1, options.attempts) {
            var outcome = try await synchroniseOnce(with: client, options: options, progress: progress)
            total.addEarlier(&outcome.report)
            guard let error = outcome.error, case .retry(let after) = error.recovery, attempt < options.attempts else {
                return try finish(outcome)
            }
            try await Task.sleep(for: schedule.next(retryAfter: after, using: &random))
        }
        preconditionFailure("the last attempt returns")
    }

    private func synchroniseOnce(
        with client: HubClient, options: SyncOptions, progress: (ApplyOutcome) -> Void
    ) async throws -> SyncOutcome {
        let applier = AnswerApplier(store, hubKey: try hubKey())
        var machine = SyncMachine()
        var action = machine.begin()
        var failure: HubClientError?
        while true {
            switch action {
            case .collect(let plan):
                let (request, _) = try store.write { transaction in
                    try Outbox(transaction, identity: identity)
                        .request(limits: options.push, page: options.page, plan: plan)
                }
                action = machine.collected(request)
            case .send(let request):
                do {
                    action = machine.answered(try await client.sync(request))
                } catch let error as HubClientError {
                    failure = error
                    action = machine.failed(error.message)
                }
            case .apply(let response):
                let outcome = try applier.apply(response, now: now())
                progress(outcome)
                action = machine.applied(outcome)
            case .finish(let report):
                return SyncOutcome(report: report, error: failure)
            }
        }
    }

    /// Notes the time and the clock's offset, for `status`.
    private func finish(_ outcome: SyncOutcome) throws -> SyncOutcome {
        var outcome = outcome
        let now = now()
        outcome.quarantined = try store.write { transaction in
            if let hubTime = outcome.report.hubTime {
                try transaction.put(text: String(hubTime - now), for: .clockOffset)
            }
            if outcome.report.isComplete { try transaction.put(text: String(now), for: .lastSync) }
            return try transaction.scopes().reduce(0) { try $0 + transaction.quarantined(of: $1.id).count }
        }
        return outcome
    }
}

extension SyncReport {
    /// Adds what earlier attempts of the same synchronisation did.
    fileprivate mutating func addEarlier(_ report: inout SyncReport) {
        report.sent += sent
        report.received += received
        report.applied += applied
        report.roundTrips += roundTrips
        report.hubTime = report.hubTime ?? hubTime
        self = report
    }
}
