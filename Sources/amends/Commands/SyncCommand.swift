import ArgumentParser
import BranchService
import Changes
import CommandLineKit
import Inspection
import Logging
import Replication
import SQLiteStore
import SyncHTTP
import UnixSignals

/// `amends sync`: exchanges with the hub.
struct SyncCommand: AsyncParsableCommand, ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Send what was recorded here and fetch what others recorded.",
        discussion: """
            Exit status 4 when not everything could be exchanged; nothing is lost then, it waits for the next time.

            Where nothing of a branch is here yet and its history is long, the hub's signed snapshot of its records is \
            fetched instead of all changes, and then what came after it. A transfer that is cut goes on where it was. With \
            --whole-history every change is fetched: also, later, of a branch that began with a snapshot, which is then \
            checked against its changes and no longer needed.

            Examples:
              amends sync
              amends sync --whole-history
              amends sync --watch --log-level info
              amends sync --hub https://new.example/amends
            """)

    @Flag(help: "Go on until interrupted: woken by the hub, by what is recorded here, and now and then.")
    var watch = false

    @Flag(help: "Fetch every change, also those that a snapshot stands for.")
    var wholeHistory = false

    @Option(
        help: ArgumentHelp(
            "Where the hub is from now on.",
            discussion: "Kept once an exchange there has come to its end; the hub must be the one that was joined.",
            valueName: "url"))
    var hub: HubAddress?

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    private static let leastToldWait = Duration.seconds(5)

    private var options: SyncOptions {
        var options = SyncOptions()
        options.takesWholeHistory = wholeHistory
        return options
    }

    func run() async throws {
        if watch { try await runWatching() } else { try await runOnce() }
    }

    private func runOnce() async throws {
        let replica = try Replica.open(path: common.path)
        let outcome = try await exchange(replica, with: try replica.hubClient(at: hub))
        let summary = try SyncSummary(outcome, of: replica)
        try replica.close()
        do { try tell(summary) } catch let failure as CommandFailure where !summary.isComplete {
            Console.standard.say("Error: \(failure)".visible)
        }
        if !summary.isComplete { throw CommandFailure(status: .incomplete) }
    }

    private func exchange(_ replica: Replica, with client: HubClient) async throws -> SyncOutcome {
        var progress = ProgressLine(.standard)
        defer { progress.clear() }
        var (received, sent) = (0, 0)
        let outcome = try await replica.synchronise(with: client, options: options) { error, wait in
            // Those that no hub asked for are shorter, and over before they are read.
            guard wait >= SyncCommand.leastToldWait else { return }
            progress.clear()
            Console.standard.say("\(error.message); trying again in \(wait.components.seconds) s".visible)
        } progress: { step in
            received += step.received
            sent += step.placed
            progress.show("\(sent) changes sent, \(step.unsent) to go; \(received) received")
        }
        if let hub, outcome.error == nil, outcome.report.isComplete { try replica.keep(hub) }
        return outcome
    }

    /// Runs until the process is asked to end; what was exchanged by then stays.
    private func runWatching() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { return }
            }
            group.addTask {
                let replica = try Replica.open(path: common.path)
                let client = try replica.hubClient(at: hub)
                if hub != nil { report(try await exchange(replica, with: client), of: replica) }
                var watching = WatchOptions()
                watching.sync.takesWholeHistory = wholeHistory
                try await replica.watch(with: client, options: watching) { report($0, of: replica) }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    /// One round of a watch. A result that nobody reads any more ends no watch, so a failure is logged.
    private func report(_ outcome: SyncOutcome, of replica: Replica) {
        do {
            let summary = try SyncSummary(outcome, of: replica)
            Logger.amends.info(
                "synchronised",
                metadata: [
                    "sent": "\(outcome.report.sent)", "received": "\(outcome.report.received)",
                    "complete": "\(summary.isComplete)",
                ])
            try tell(summary)
        } catch {
            Logger.amends.error("a round could not be reported", metadata: ["error": "\(error)"])
        }
    }

    private func tell(_ summary: SyncSummary) throws {
        for obstacle in summary.obstacles { Console.standard.say(obstacle.visible) }
        try output.print(saved: "what was exchanged", summary.json) { _ in [summary.sentence] }
    }
}

/// What a synchronisation came to, in the names that people know.
struct SyncSummary {
    private let outcome: SyncOutcome
    /// What kept something from being exchanged, a sentence each.
    let obstacles: [String]
    /// Changes that have no place yet; counted here, since a hub that did not answer has told nothing.
    private let waiting: Int

    init(_ outcome: SyncOutcome, of replica: Replica) throws {
        self.outcome = outcome
        let (refusals, waiting) = try replica.store.read { transaction in
            let names = try ChainNames(transaction)
            return (
                try outcome.report.refusals.map { try names.sentence(on: $0) },
                try transaction.scopes().reduce(0) { try $0 + transaction.unplacedCount(of: $1.id) }
            )
        }
        self.waiting = waiting
        var obstacles = (outcome.error.map { [SyncSummary.sentence(on: $0, waiting: waiting)] } ?? []) + refusals
        if obstacles.isEmpty, !outcome.report.isComplete {
            obstacles = [
                "Others recorded or synchronised here at the same time; what is left goes with the next exchange."
            ]
        }
        self.obstacles = obstacles
    }

    /// Says of a failure that time may mend what it means for what was recorded here: nothing but a delay.
    private static func sentence(on error: HubClientError, waiting: Int) -> String {
        guard case .retry = error.recovery else { return error.message }
        let changes = waiting == 1 ? "1 change waits" : "\(waiting) changes wait"
        let message = error.message.prefix(1).uppercased() + error.message.dropFirst()
        return "\(message). Nothing was lost; \(changes). Try again later."
    }

    var isComplete: Bool { outcome.report.isComplete && obstacles.isEmpty }

    var json: JSONValue {
        let report = outcome.report
        return [
            "sent": JSONValue(report.sent), "received": JSONValue(report.received),
            "applied": JSONValue(report.applied), "snapshots": JSONValue(report.snapshots),
            "snapshotRecords": JSONValue(report.snapshotRecords), "earlier": JSONValue(report.earlierEntries),
            "quarantined": JSONValue(outcome.quarantined), "roundTrips": JSONValue(report.roundTrips),
            "waiting": JSONValue(waiting), "complete": .boolean(isComplete),
        ]
    }

    var sentence: String {
        let report = outcome.report
        var counts = "\(report.sent) sent, \(report.received) received"
        if report.snapshots > 0 {
            counts +=
                ", \(report.snapshotRecords) records in \(report.snapshots == 1 ? "1 snapshot" : "\(report.snapshots) snapshots")"
        }
        if report.earlierEntries > 0 { counts += ", \(report.earlierEntries) earlier entries" }
        return isComplete ? "up to date: \(counts)" : "not everything was exchanged: \(counts), \(waiting) wait"
    }
}

extension ChainNames {
    /// Why a scope was left out of an exchange, in a sentence.
    func sentence(on refusal: ScopeRefusal) throws -> String {
        "\(try name(of: refusal.scope)): \(refusal.refusal.reason.string)"
    }
}

extension Logger {
    /// The program's own log.
    fileprivate static var amends: Logger { Logger(label: "amends") }
}
