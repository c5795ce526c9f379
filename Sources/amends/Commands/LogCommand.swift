import ArgumentParser
import BranchService
import Causality
import Changes
import CommandLineKit
import Inspection
import Replication
import SQLiteStore
import SyncHTTP

/// `amends log`: what was done to a case, change by change.
struct LogCommand: AsyncParsableCommand, ReplicaCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Show what was done to a case, change by change.",
        discussion: """
            In the order in which this replica learned of it. A change without a position waits to be sent. Of a case that \
            came with a snapshot the earlier changes are asked of the hub; where it does not answer, standard error \
            says so.

            Examples:
              amends log JKT-QXB-000001-W
              amends log INC0000045 --offline --json
            """)

    @OptionGroup var target: CaseArgument

    @Flag(help: "Do not ask the hub.")
    var offline = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let (place, snapshot) = try common.read { transaction in
            let place = try CaseFinder(transaction).place(named: target.name)
            return (place, try CaseHistory(of: place, transaction).snapshot)
        }
        var earlier: RecordHistory?
        if let snapshot {
            earlier = offline ? nil : try await askHub(of: place)
            if earlier == nil {
                Console.standard.say(
                    "this replica began with the snapshot of position \(snapshot); what was done before is not here, and was not asked of the hub"
                        .visible)
            } else if earlier?.hasMore == true {
                Console.standard.say("the hub told the first changes only: the case has too many".visible)
            }
        }
        let lines = try common.read { transaction in
            try CaseHistory(of: place, earlier: earlier, transaction).lines.map {
                HistoryLine(line: $0, author: ShownAuthor($0.author))
            }
        }
        try output.print(.array(lines.map(\.json))) { style in lines.flatMap { $0.lines(style) } }
    }
}

extension LogCommand {
    /// Nil where there is no hub, or it does not answer.
    private func askHub(of place: RecordPlace) async throws -> RecordHistory? {
        let replica = try Replica.open(path: common.path)
        do {
            let history = try await replica.hubClient().history(of: place.id, scope: place.scope)
            try replica.close()
            return history
        } catch ReplicaError.notJoined {
            return nil
        } catch let error as HubClientError {
            Console.standard.say("the hub did not tell: \(error.message)".visible)
            return nil
        }
    }
}

/// A line of a history, with the branch's name.
private struct HistoryLine {
    let line: CaseHistory.Line
    let author: ShownAuthor

    var json: JSONValue {
        let json = author.json.adding(["operations": .array(line.operations.map(\.json))])
        return line.setAside.map { json.adding(["setAside": .string("\($0)")]) } ?? json
    }

    func lines(_ style: TextStyle) -> [String] {
        var lines = [style.heading(author.sentence)]
        if let verdict = line.setAside { lines.append(style.warning("  set aside by the hub: \(verdict)")) }
        return lines + line.operations.map { "  \($0.field) \($0.action): \(ShownValue($0.value).text)".visible }
    }
}

extension CaseHistory.Deed {
    fileprivate var json: JSONValue {
        ["field": .string(field.string), "action": .string(action.rawValue), "value": JSONValue(value)]
    }
}
