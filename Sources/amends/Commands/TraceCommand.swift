import ArgumentParser
import BranchService
import Causality
import Changes
import CommandLineKit
import Inspection
import Replication
import SQLiteStore
import SyncHTTP

/// `amends trace`: how far a change has come.
struct TraceCommand: AsyncParsableCommand, ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Show how far a change has come, and where it is stuck.",
        discussion: """
            Asks the hub as well, where the replica has joined one; a hub that does not answer is named on standard error.

            Examples:
              amends trace 0a1b2c3d:14
              amends trace 0a1b2c3d:14 --offline --json
            """)

    @Argument(help: "The change, feed:sequence, as `log` prints it; the feed may be cut to its first digits.")
    var change: String

    @Option(
        help: ArgumentHelp(
            "The branch in whose cases it was written: headquarters writes in several, and counts in each.",
            valueName: "name"))
    var branch: String?

    @Flag(help: "Do not ask the hub.")
    var offline = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let answer = offline ? nil : try await askHub()
        let trace = try common.read { transaction in
            var trace = try ChangeTrace(of: CaseFinder(transaction).change(named: change, in: branch), transaction)
            if let answer = try answer?.answer(in: trace.scope, to: trace.hash) {
                try trace.merge(answer, transaction)
            }
            return try ShownTrace(trace, ChainNames(transaction))
        }
        try output.print(trace.json) { trace.lines($0) }
    }

    /// Nil where there is no hub, or it does not answer.
    private func askHub() async throws -> ChangeReport? {
        let dot = try common.read { try CaseFinder($0).change(named: change, in: branch).dot }
        let replica = try Replica.open(path: common.path)
        do {
            let report = try await replica.hubClient().trace(dot)
            try replica.close()
            return report
        } catch ReplicaError.notJoined {
            return nil
        } catch let error as HubClientError {
            Console.standard.say("the hub did not tell: \(error.message)".visible)
            return nil
        }
    }
}

extension ChangeReport {
    /// What the hub says of the change in one scope.
    ///
    /// - Parameter hash: the change's.
    fileprivate func answer(in scope: ScopeID, to hash: ShortHash) throws -> ChangeTrace.HubAnswer? {
        guard let acceptance = acceptances.first(where: { ScopeID(hexadecimal: $0.scope) == scope }) else {
            return ChangeTrace.HubAnswer(placement: nil, receivers: [])
        }
        if let other = acceptance.hash, other != hash.description {
            return ChangeTrace.HubAnswer(placement: nil, receivers: [], isOther: true)
        }
        guard let verdict = [Verdict.ok, .void, .held].first(where: { "\($0)" == acceptance.verdict }) else {
            throw CommandFailure("the hub's verdict “\(acceptance.verdict)” is of a newer version")
        }
        return ChangeTrace.HubAnswer(
            placement: Placement(position: acceptance.position, received: acceptance.received, verdict: verdict),
            receivers: acceptance.receivedBy.compactMap { receiver in
                ReplicaID(hexadecimal: receiver.replica).map { ($0, receiver.at) }
            })
    }
}

/// A trace with the names of branches.
private struct ShownTrace {
    private let trace: ChangeTrace
    private let author: ShownAuthor
    private let scope: String
    private let receivers: [(replica: String, branch: String, at: Int64?)]

    init(_ trace: ChangeTrace, _ names: ChainNames) throws {
        self.trace = trace
        author = ShownAuthor(trace.author)
        scope = try names.name(of: trace.scope)
        receivers = trace.receivers.map { receiver in
            (receiver.replica.description, receiver.branch ?? receiver.replica.description, receiver.at)
        }
    }

    private var placement: Placement? { trace.placement ?? trace.hub?.placement }

    var json: JSONValue {
        author.json.adding([
            "scope": .string(trace.scope.description), "stage": .string(trace.stage.rawValue),
            "waiting": JSONValue(trace.waiting), "signed": .boolean(trace.isAttested),
            "accepted": placement.map { placement in
                [
                    "position": JSONValue(placement.position),
                    "receivedAt": .string(CivilTime.iso(milliseconds: placement.received)),
                    "verdict": .string("\(placement.verdict)"),
                ]
            } ?? .null,
            "receivedBy": .array(
                receivers.map { receiver in
                    [
                        "replica": .string(receiver.replica), "branch": .string(receiver.branch),
                        "at": JSONValue(receiver.at.map { CivilTime.iso(milliseconds: $0) }),
                    ]
                }),
            "quarantined": JSONValue(trace.quarantine), "where": .string(trace.sentence),
        ])
    }

    func lines(_ style: TextStyle) -> [String] {
        var table = TextTable()
        table.add(["created", author.sentence])
        table.add(["in", scope])
        if let placement {
            table.add([
                "accepted",
                "\(CivilTime.text(milliseconds: placement.received)), position \(placement.position), \(placement.verdict)",
            ])
        }
        for receiver in receivers {
            let when = receiver.at.map { ", last heard of \(CivilTime.text(milliseconds: $0))" } ?? ""
            table.add(["received", "\(receiver.branch) (\(receiver.replica))\(when)"])
        }
        return [style.heading(trace.sentence.visible)] + table.lines()
    }
}
