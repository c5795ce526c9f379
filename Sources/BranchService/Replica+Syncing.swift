import Causality
import Changes
import ReplicaSettings
import Replication
import SQLiteStore
import SyncHTTP

/// How a replica synchronises.
package struct SyncOptions: Sendable {
    package var push = PushLimits()
    /// Of columns that go out as they lie, nearly always the 20,000 changes of an answer; some 12,000 that the hub has to pack. Twice
    /// so many bytes are in memory while an answer is read.
    package var page = PageLimits(bytes: 3 << 20)
    /// How often one synchronisation is begun again after a failure that time may mend.
    package var attempts = 5
    package var retry = RetrySchedule()
    /// Takes the whole order of a scope of which nothing is here, never a snapshot, and what scopes that began with one
    /// lack.
    package var takesWholeHistory = false

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
    /// - Parameters:
    ///   - waiting: called before the same is tried again, with how long that is from now.
    ///   - progress: called after every answer with the totals so far.
    /// - Throws: `ReplicaError.notJoined`, and what the store throws. A hub that does not answer is in the outcome.
    package func synchronise(
        with client: HubClient, options: SyncOptions = SyncOptions(),
        waiting: (HubClientError, Duration) -> Void = { _, _ in }, progress: (ApplyOutcome) -> Void = { _ in }
    ) async throws -> SyncOutcome {
        var schedule = options.retry
        var random = SystemRandomNumberGenerator()
        var total = SyncReport()
        var pace = pushPace ?? PushPace(greatestBytes: options.push.bytes)
        defer { pushPace = pace }
        for attempt in 1...max(1, options.attempts) {
            var outcome = try await synchroniseOnce(with: client, options: options, &pace, progress: progress)
            total.addEarlier(&outcome.report)
            guard let error = outcome.error, case .retry(let after) = error.recovery, attempt < options.attempts else {
                return try finish(outcome)
            }
            let wait = schedule.next(retryAfter: after, using: &random)
            waiting(error, wait)
            try await Task.sleep(for: wait)
        }
        preconditionFailure("the last attempt returns")
    }

    private func synchroniseOnce(
        with client: HubClient, options: SyncOptions, _ pace: inout PushPace, progress: (ApplyOutcome) -> Void
    ) async throws -> SyncOutcome {
        let applier = AnswerApplier(store, hubKey: try hubKey(), own: identity.feed)
        if options.takesWholeHistory { try discardStagedSnapshots() }
        var machine = SyncMachine(takesSnapshots: !options.takesWholeHistory)
        var action = machine.begin()
        var failure: HubClientError?
        while true {
            switch action {
            case .collect(let plan):
                var limits = options.push
                limits.bytes = min(limits.bytes, pace.bytes)
                // What comes has the same line: as much more as it may be where the line is quick.
                let share = options.push.bytes / max(1, pace.bytes)
                let page = PageLimits(changes: options.page.changes, bytes: options.page.bytes / max(1, share))
                let (request, _) = try store.writeBehind { transaction in
                    try Outbox(transaction, identity: identity)
                        .request(limits: limits, page: page, plan: plan)
                }
                action = machine.collected(request)
            case .send(let request):
                let start = ContinuousClock.now
                do {
                    let response = try await client.sync(request)
                    pace.answered(after: start.duration(to: .now))
                    action = machine.answered(response)
                } catch let error as HubClientError {
                    pace.failed(after: start.duration(to: .now))
                    failure = error
                    action = machine.failed(error.message)
                }
            case .apply(let response):
                let outcome = try applier.apply(response, now: now())
                progress(outcome)
                action = machine.applied(outcome)
            case .takeSnapshot(let scope):
                do {
                    action = machine.tookSnapshot(try await takeSnapshot(of: scope, from: client))
                } catch let error as HubClientError {
                    failure = error
                    action = machine.failed(error.message)
                }
            case .finish(var report):
                // Where the hub was lost between two pages, what has come is shown all the same.
                try store.catchUp()
                if options.takesWholeHistory, failure == nil {
                    do {
                        let earlier = try await fetchEarlierOrders(
                            from: client, limits: options.page, progress: progress)
                        report.earlierEntries = earlier.entries
                        report.add(earlier.refusals)
                        if !earlier.refusals.isEmpty { report.isComplete = false }
                    } catch let error as HubClientError {
                        failure = error
                        report.failure = error.message
                        report.isComplete = false
                    }
                }
                try discardEarlierLeftovers()
                return SyncOutcome(report: report, error: failure)
            }
        }
    }

    /// Notes the time and the clock's offset, for `status`, and counts what waits for an upgrade.
    private func finish(_ outcome: SyncOutcome) throws -> SyncOutcome {
        var outcome = outcome
        let now = now()
        let report = outcome.report
        let (quarantined, isWorthNoting, refusals) = try store.read { transaction in
            (
                try transaction.scopes().reduce(0) { try $0 + transaction.quarantined(of: $1.id).count },
                try SyncNote(transaction).isOutdated(by: report, now: now), try changedRefusals(outcome, transaction)
            )
        }
        outcome.quarantined = quarantined
        guard isWorthNoting || !refusals.isEmpty else { return outcome }
        try store.write { transaction in
            for (scope, reason) in refusals { try transaction.put(text: reason, for: .refusal(of: scope)) }
            if let hubTime = report.hubTime {
                try transaction.put(text: String(hubTime - now), for: .clockOffset)
            }
            if report.isComplete { try transaction.put(text: String(now), for: .lastSync) }
        }
        return outcome
    }
}

extension Replica {
    /// What the file says otherwise of why scopes take no part: none does where the hub does not know the machine. A hub that was
    /// not reached has said nothing about it.
    private func changedRefusals(
        _ outcome: SyncOutcome, _ transaction: SQLiteTransaction
    ) throws -> [(scope: ScopeID, reason: String?)] {
        var machineRefusal: String?
        if outcome.report.failure != nil {
            guard let error = outcome.error, case .reauthenticate = error.recovery else { return [] }
            machineRefusal = error.message
        }
        return try transaction.scopes().compactMap { scope in
            let reason =
                machineRefusal ?? outcome.report.refusals.first { $0.scope == scope.id }?.refusal.reason.string
            return try transaction.text(.refusal(of: scope.id)) == reason ? nil : (scope.id, reason)
        }
    }
}

/// What the file says of the last synchronisation.
///
/// A machine that watches exchanges every half a minute, mostly to hear that nothing has happened: that costs no write
/// until what was noted is so old, or so wrong, that whoever asks for the status would be misled.
private struct SyncNote {
    /// Milliseconds since 1970 by this machine's clock; nil where nothing was noted that can be read.
    private let lastSync: Int64?
    /// The hub's clock less this machine's, in milliseconds.
    private let clockOffset: Int64?

    /// An exchange that moved nothing is noted when the last note is older than this.
    private static var greatestAgeMilliseconds: Int64 { 600_000 }
    /// Or when it measured another offset: what lies below is the network's.
    private static var offsetToleranceMilliseconds: Int64 { 5_000 }

    init(_ transaction: SQLiteTransaction) throws {
        lastSync = try transaction.text(.lastSync).flatMap { Int64($0) }
        clockOffset = try transaction.text(.clockOffset).flatMap { Int64($0) }
    }

    func isOutdated(by report: SyncReport, now: Int64) -> Bool {
        if report.applied > 0 || report.received > 0 || report.sent > 0 { return true }
        if let hubTime = report.hubTime {
            guard let clockOffset else { return true }
            // Subtracted without overflow: what is noted, or what the hub says, may be any number.
            let change = (hubTime &- now).subtractingReportingOverflow(clockOffset)
            if change.overflow || change.partialValue.magnitude > UInt64(SyncNote.offsetToleranceMilliseconds) {
                return true
            }
        }
        guard report.isComplete else { return false }
        guard let lastSync, lastSync <= now else { return true }
        return now &- lastSync > SyncNote.greatestAgeMilliseconds
    }
}

extension SyncReport {
    /// Adds what earlier attempts of the same synchronisation did.
    fileprivate mutating func addEarlier(_ report: inout SyncReport) {
        report.sent += sent
        report.received += received
        report.applied += applied
        report.roundTrips += roundTrips
        report.snapshots += snapshots
        report.snapshotRecords += snapshotRecords
        report.earlierEntries += earlierEntries
        report.hubTime = report.hubTime ?? hubTime
        self = report
    }
}
